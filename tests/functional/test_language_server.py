"""The language server as an editor meets it: the real process, over stdin and stdout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from language_client import URI, LanguageClient
from product import Connector

PROFILE = """\
title: Contacts 😀
source: exchange
settings:
  email: pbx@example.com
  password: {env: NOT_SET_ANYWHERE}
  # more settings
tables:
  departments: {"10": Sales}
rules: |
  Name  = [DisplayName] else "😀" & [Surname]
  Phone = phone([BusinesPhone])
  Team  = lookup(departments, [Department])
  # more rules
structure:
  phonebook:
    - 028pho_bez:   "{{Name}}"
      028pho_phone: "{{Phone}}"
      028pho_notes: "{{Team}}"
      # more fields
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageClient]:
    """One server for all of them, as for an editor."""
    connector = Connector(tmp_path_factory.mktemp("home"))
    with LanguageClient(connector.home, connector.environment) as client:
        yield client


def place(text: str, sought: str, *, end: bool = True) -> tuple[int, int]:
    """Line and character of a text in the profile, as an editor counts (UTF-16)."""
    offset = text.index(sought) + (len(sought) if end else 0)
    line = text.count("\n", 0, offset)
    before = text[text.rfind("\n", 0, offset) + 1 : offset]
    return line, len(before.encode("utf-16-le")) // 2


def labels(items: list[Any]) -> list[str]:
    return [item["label"] for item in items]


def test_what_is_wrong_is_shown_while_typing(client: LanguageClient) -> None:
    assert client.capabilities["capabilities"]["positionEncoding"] == "utf-16"
    [found] = client.open(PROFILE)
    assert (found["code"], found["severity"], found["source"]) == ("R0201", 1, "pbx-connector")
    assert found["message"] == "unknown field [BusinesPhone]\ndid you mean [PhoneNumbers_BusinessPhone]?"
    line, start = place(PROFILE, "[BusinesPhone]", end=False)
    assert found["range"] == {
        "start": {"line": line, "character": start},
        "end": {"line": line, "character": start + len("[BusinesPhone]")},
    }
    fixed = PROFILE.replace("BusinesPhone", "PhoneNumbers_BusinessPhone").replace("tables:", "region: DE\ntables:", 1)
    client.change(PROFILE.replace("title", "titl"))  # too short-lived to be checked
    client.change(fixed)
    assert client.diagnostics() == []
    client.tell("textDocument/didClose", textDocument={"uri": URI})
    assert client.diagnostics() == []


def test_places_count_as_the_editor_counts(connector: Connector) -> None:
    text = PROFILE.replace("[Surname]", "[Surnam]")
    for encoding, extra in (("utf-16", 1), ("utf-8", 3), ("utf-32", 0)):
        with LanguageClient(connector.home, connector.environment, (encoding,)) as client:
            first = client.open(text)[0]["range"]["start"]
            line = text.splitlines()[first["line"]]
            assert first["character"] == line.index("[Surnam]") + extra, encoding


def test_a_password_never_leaves_the_text(client: LanguageClient) -> None:
    found = client.open(PROFILE.replace("{env: NOT_SET_ANYWHERE}", "Hunter2-secret"))
    assert "P0107" in [one["code"] for one in found]
    assert "Hunter2" not in repr(found)
    assert "Hunter2" not in client.errors


@pytest.mark.parametrize(
    ("typed", "after", "expected", "missing"),
    [
        ("  Fax = [Pho", "Fax = [Pho", {"PhoneNumbers_BusinessFax", "DisplayName"}, {"Phone"}),
        ("  Fax = Na", "Fax = Na", {"Name", "Phone", "left", "else", "is"}, {"PhoneNumbers_BusinessFax"}),
        ("  ke", "  ke", {"keep when", "skip when"}, {"email"}),
        ("  Fax = lookup(dep", "lookup(dep", {"departments"}, {"Name", "phone"}),
        ("  Fax = [PhysicalAddresses_Business].C", "].C", {"City", "CountryOrRegion"}, {"Name"}),
        ('  Fax = "a text with Na', "with Na", set(), {"Name"}),
        ("  # a comment with Na", "with Na", set(), {"Name"}),
    ],
)
def test_rules_are_completed(
    client: LanguageClient, typed: str, after: str, expected: set[str], missing: set[str]
) -> None:
    text = PROFILE.replace("  # more rules", typed)
    client.open(text)
    found = set(labels(client.at("completion", *place(text, after))))
    assert found >= expected
    assert not found & missing
    if not expected:
        assert found == set()


@pytest.mark.parametrize(
    ("old", "typed", "expected", "missing"),
    [
        (
            "      # more fields",
            "      028pho_m",
            {"028pho_mobile", "011acc_id", "post", "when"},
            {"028pho_value", "email"},
        ),
        ("      # more fields", '      028pho_fax: "{{P', {"Phone", "PhoneNumbers_BusinessFax"}, {"left"}),
        ("      # more fields", "      when: Na", {"Name", "left", "is"}, {"028pho_bez"}),
        ("      # more fields", "      post: {phonebook.phonebooklabel: [{050", {"050lab_bez"}, {"028pho_bez"}),
        ("  # more settings", "  pro", {"proxy", "url", "public"}, {"title", "028pho_bez"}),
        ("  # more settings", "  public: {inc", {"include", "exclude"}, {"proxy"}),
        ("  # more settings", "  auth: nt", {"ntlm", "kerberos"}, {"proxy"}),
        ("source: exchange", "source: ex", {"exchange"}, {"title"}),
        ("tables:\n", "regi", {"mode", "region", "tests"}, {"title", "email"}),
        ("tables:\n", "mode: m", {"mirror", "upsert"}, {"title"}),
        ("tables:\n", "merge: {pre", {"by", "prefer"}, {"title"}),
        ("tables:\n", "merge: {by: [em", {"email", "phone"}, {"by"}),
        ("tables:\n", "merge: {prefer: m", {"mine", "other"}, {"by"}),
        ("tables:\n", "tests:\n  - row: {Disp", {"DisplayName"}, {"028pho_bez"}),
        ("tables:\n", "tests:\n  - expect:\n      028", {"028pho_bez", "labels"}, {"DisplayName"}),
    ],
)
def test_yaml_is_completed(client: LanguageClient, old: str, typed: str, expected: set[str], missing: set[str]) -> None:
    text = PROFILE.replace(old, f"{typed}\n{old}" if old == "tables:\n" else typed)
    client.open(text)
    found = set(labels(client.at("completion", *place(text, typed))))
    assert found >= expected
    assert not found & missing


def test_a_completion_replaces_what_was_typed_of_it(client: LanguageClient) -> None:
    text = PROFILE.replace("  # more rules", '  Fax = "😀" & [Pho')
    client.open(text)
    items = client.at("completion", *place(text, "[Pho"))
    [item] = [item for item in items if item["label"] == "PhoneNumbers_BusinessFax"]
    line, end = place(text, "[Pho")
    edit = item["textEdit"]
    assert edit["newText"] == "PhoneNumbers_BusinessFax]"
    assert edit["range"] == {"start": {"line": line, "character": end - 3}, "end": {"line": line, "character": end}}


@pytest.mark.parametrize(
    ("typed", "label", "inserted"), [("[Pho|]", "Department", "Department"), ("upp|(", "upper", "upper")]
)
def test_what_an_editor_has_closed_is_not_closed_again(
    client: LanguageClient, typed: str, label: str, inserted: str
) -> None:
    text = PROFILE.replace("  # more rules", f"  Fax = {typed.replace('|', '')}")
    client.open(text)
    items = client.at("completion", *place(text, f"Fax = {typed.partition('|')[0]}"))
    [item] = [item for item in items if item["label"] == label]
    assert item["textEdit"]["newText"] == inserted


@pytest.mark.parametrize(
    ("sought", "said"),
    [
        ("phone(", "in international form"),
        ("[DisplayName", "Name as the contact list shows it."),
        ("{{Phone", "phone([BusinesPhone])"),
        ("lookup(dep", "the table `departments`"),
        ("028pho_not", "Notes, at most 4000 characters"),
        ("  ema", "E-mail address of the service user."),
        ("sour", "The name of an installed source"),
    ],
)
def test_hovering_explains(client: LanguageClient, sought: str, said: str) -> None:
    client.open(PROFILE)
    line, character = place(PROFILE, sought)
    hover = client.at("hover", line, character - 1)
    assert said in hover["contents"]["value"]
    assert hover["range"]["start"]["line"] == line


def test_nothing_is_said_about_nothing(client: LanguageClient) -> None:
    client.open(PROFILE)
    for sought in ("Contacts", "pbx@exam", '"😀', "{{T"):
        hover = client.at("hover", *place(PROFILE, sought))
        assert hover is None or sought == "{{T"
    assert client.at("hover", 999, 999) is None


@pytest.mark.parametrize(
    ("sought", "target"),
    [("{{Phone", "  Phone = "), ("lookup(dep", "  departments"), ("{{Team", "  Team  =")],
)
def test_a_name_leads_to_its_definition(client: LanguageClient, sought: str, target: str) -> None:
    client.open(PROFILE)
    found = client.at("definition", *place(PROFILE, sought))
    assert found["uri"] == URI
    line, character = place(PROFILE, target, end=False)
    assert found["range"]["start"] == {"line": line, "character": character + 2}
    assert client.at("definition", *place(PROFILE, "phone(")) is None


def test_formatting_is_that_of_fmt(client: LanguageClient, connector: Connector) -> None:
    text = PROFILE.replace("Phone = phone(", "Phone=PHONE(")
    client.open(text)
    options = {"tabSize": 2, "insertSpaces": True}
    [edit] = client.ask("textDocument/formatting", textDocument={"uri": URI}, options=options)
    (connector.home / "p.yaml").write_text(text)
    connector("fmt", "p.yaml")
    assert edit["newText"] == (connector.home / "p.yaml").read_text()
    client.change(edit["newText"])
    assert client.ask("textDocument/formatting", textDocument={"uri": URI}, options=options) == []
    client.change("rules: [")
    assert client.ask("textDocument/formatting", textDocument={"uri": URI}, options=options) == []


def test_half_typed_text_is_no_trouble(client: LanguageClient) -> None:
    client.open("")
    for length in range(0, len(PROFILE), 23):
        text = PROFILE[:length]
        client.change(text)
        position = place(text + "|", "|", end=False)
        for method in ("completion", "hover", "definition"):
            client.at(method, *position)
    for text in ("\x00", "a: &x 1\nb: *x", "rules: |\n  A = ((((\n", "{" * 2_000, "\t\trules:", "- [", "\r\r\n"):
        client.change(text)
        client.diagnostics()
        client.at("completion", 0, 0)
    assert "Traceback" not in client.errors


def test_a_long_check_keeps_nobody_waiting_and_the_newest_text_wins(connector: Connector) -> None:
    rules = "".join(f"  V{number} = left([Surname] else [GivenName], {number % 70 + 1})\n" for number in range(4_000))
    long = PROFILE.replace("  # more rules\n", rules)
    with LanguageClient(connector.home, connector.environment) as client:
        client.show(long)
        for number in range(3):
            client.change(long.replace("V0 =", f"V{number}x ="))
        hover = client.at("hover", *place(PROFILE, "sour"))
        assert "installed source" in hover["contents"]["value"]
        assert client.checked == []
        client.change(PROFILE)
        assert [found["code"] for found in client.diagnostics()] == ["R0201"]
        assert client.checked == [5]


def test_a_position_that_cannot_be_is_answered(client: LanguageClient) -> None:
    client.open(PROFILE)
    for line, character in [(-1, -1), (10**12, 0), (7, 10**30), (10**6, 10**6)]:
        assert client.at("definition", line, character) is None
        client.at("hover", line, character)
        client.at("completion", line, character)


def test_a_request_that_cannot_be_read_is_answered_with_an_error(client: LanguageClient) -> None:
    client.open(PROFILE)
    with pytest.raises(AssertionError, match="-32602"):
        client.ask("textDocument/hover", textDocument={"uri": URI}, position=None)
    assert client.at("hover", 1, 1)["contents"]["value"]
