"""A profile's findings come all at once, each at its place, and never with a secret in them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict

from pbx_connector.errors import ProfileError
from pbx_connector.model import Book, Merge, Row
from pbx_connector.plugins import Plugins
from pbx_connector.profile import Checked, check_text, load_profile
from pbx_connector.secret import Secret
from pbx_connector.settings import OutsideRows
from pbx_connector.source import Field, FieldSet, Source, SourceContext, SourceType


class Proxy(BaseModel):
    model_config = ConfigDict(extra="forbid")
    host: str
    port: int = 80


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    email: str
    password: Secret
    url: str | None = None
    proxy: Proxy | None = None
    timeout: Annotated[float, OutsideRows()] = 60


@contextmanager
def open_source(settings: Any, context: SourceContext) -> Iterator[Source]:
    raise AssertionError("checking a profile opens no source")
    yield


EXCHANGE = SourceType(
    name="exchange",
    title="Exchange",
    settings=Settings,
    fields=FieldSet((Field("DisplayName"), Field("GivenName"), Field("Birthday", "date"), Field("local_id"))),
    open=open_source,
)


@pytest.fixture
def plugins() -> Plugins:
    found = Plugins(())
    found.sources["exchange"] = EXCHANGE
    return found


GOOD = """\
title: Contacts
source: exchange
settings:
  email: pbx@example.com
  password: {env: EXCHANGE_PASSWORD}
structure:
  phonebook:
    - 028pho_bez: "{{DisplayName}}"
      011acc_id: "{{local_id}}"
"""


def checked(text: str, plugins: Plugins) -> Checked:
    return check_text(text, Path("profiles/office.yaml"), plugins)


def places(text: str, plugins: Plugins) -> list[tuple[str, int, int]]:
    return [(found.code, found.span.line, found.span.column) for found in checked(text, plugins).diagnostics]


def test_a_profile_is_loaded_without_a_secret_and_without_a_source(plugins: Plugins) -> None:
    profile = checked(GOOD, plugins).profile
    assert profile is not None
    assert (profile.id, profile.title, profile.mode) == ("office", "Contacts", "mirror")
    assert profile.fields == {"DisplayName", "local_id"}
    assert profile.limits.remove_at_most.share == 0.2
    mapped = profile.map(Row("k", "1", {"DisplayName": "Ann"}), Book("b", "Book", "public"))
    assert [record.fields for record in mapped.records] == [{"display_name": "Ann"}]


def test_all_findings_come_at_once_with_their_places(plugins: Plugins) -> None:
    text = GOOD.replace("title:", "titel:").replace("  email:", "  e_mail:").replace("DisplayName", "DisplayNam")
    found = places(text, plugins)
    assert ("P0103", 1, 1) in found  # titel is unknown
    assert ("P0102", 1, 1) in found  # title is missing
    assert ("P0103", 4, 3) in found  # e_mail is unknown
    assert any(line == 8 for _, line, _ in found)  # the field in the structure
    hints = [found.hint for found in checked(text, plugins).diagnostics]
    assert "did you mean title?" in hints
    assert "did you mean email?" in hints


@pytest.mark.parametrize("source", ["Exchange", "EXCHANGE", "exchnage"])
def test_a_source_that_is_nearly_right_hides_no_other_mistake(plugins: Plugins, source: str) -> None:
    text = GOOD.replace("source: exchange", f"source: {source}").replace("  email:", "  e_mail:")
    found = checked(text.replace("DisplayName", "DisplayNam"), plugins).diagnostics
    assert [item.hint for item in found if item.code == "P0105"] == ["did you mean exchange?"]
    assert "P0103" in {item.code for item in found}
    assert any(item.span.line == 8 for item in found)


@pytest.mark.parametrize("broken", ["  url: a: b", "  url: [1", "  url: @x", '  url: "a" b'])
def test_a_section_that_is_no_yaml_hides_no_mistake_of_the_others(plugins: Plugins, broken: str) -> None:
    text = GOOD.replace("structure:", f"{broken}\nstructure:").replace("DisplayName", "DisplayNam")
    found = places(text + "mode: miror\nrules: |\n  Name = uper([DisplayName])\n", plugins)
    assert [line for code, line, _ in found if code == "R0001"] == [6]
    assert {line for _, line, _ in found} == {6, 9, 11, 13}


def test_a_structure_that_is_no_yaml_is_not_missing(plugins: Plugins) -> None:
    text = GOOD.replace('"{{DisplayName}}"', '"{{DisplayName}}" x').replace("  email:", "  e_mail:")
    found = places(text, plugins)
    assert [(code, line) for code, line, _ in found if line > 5] == [("R0001", 8)]
    assert ("P0103", 4, 3) in found


SECTIONS = {
    "title": "title: Contacts",
    "source": "source: exchange",
    "settings": "settings:\n  email: a@example.com\n  e_mail: b@example.com\n  password: {env: SECRET}",
    "region": "region: DE",
    "tables": "tables:\n  teams: {a: [b]}",
    "rules": "rules: |\n  Name = uper([DisplayName])\n  Team = lookup(teams, [DisplayName])",
    "structure": 'structure:\n  phonebook:\n    - 028pho_bez: "{{Name}}"\n      028pho_notes: "{{Nam}}{{Team}}"',
}
MISTAKES = {"settings": {"P0103"}, "tables": {"R0501", "P0104"}, "rules": {"R0203"}, "structure": {"R0405"}}
"""What is wrong with each section as it stands above."""
BROKEN = {
    "title": "title: a: b",
    "settings": "settings: {email: a@example.com",
    "tables": "tables:\n\tteams: {a: b}",
    "rules": "rules:\n  Name = [DisplayName]\n  Team: x",
    "structure": 'structure:\n  phonebook:\n    - 028pho_bez "{{Name}}"\n      028pho_notes: x',
}


@pytest.mark.parametrize(("first", "second"), list(combinations(BROKEN, 2)))
def test_each_section_that_is_no_yaml_is_told_and_hides_no_mistake_of_the_others(
    plugins: Plugins, first: str, second: str
) -> None:
    broken = {name: BROKEN[name] for name in (first, second)}
    found = checked("\n".join((SECTIONS | broken).values()) + "\n", plugins).diagnostics
    codes = [item.code for item in found]
    assert codes.count("R0001") == 2
    others = set().union(*(codes for name, codes in MISTAKES.items() if name not in broken))
    if "rules" in broken:
        others -= {"R0405"}  # nobody knows which names the rules define: at least Name and Team
    assert others <= set(codes) <= {*others, "R0001", "R0405"}


def test_what_an_unread_section_alone_can_tell_is_not_complained_of(plugins: Plugins) -> None:
    text = GOOD.replace("DisplayName", "Name") + 'rules: "Name = [DisplayName]" x\n'
    assert [code for code, _, _ in places(text, plugins)] == ["R0001"]
    text = GOOD.replace("DisplayName", "Tel") + "rules: |\n  Tel = phone(lookup(teams, [DisplayName]))\n"
    assert [code for code, _, _ in places(text + "tables: [a\nregion: [b\n", plugins) if code != "R0410"] == [
        "R0001"
    ] * 2


def test_the_rules_are_checked_without_a_structure(plugins: Plugins) -> None:
    text = GOOD[: GOOD.index("structure:")] + "rules: |\n  Name = uper([DisplayName])\n"
    assert {code for code, _, _ in places(text, plugins)} == {"P0102", "R0203"}


def test_a_quote_that_is_not_closed_is_blamed_alone(plugins: Plugins) -> None:
    text = GOOD.replace("title: Contacts", 'title: "Contacts')
    assert [found for found in places(text, plugins) if found[0] != "R0410"] == [("R0001", 1, 8)]
    text = text.replace("{{DisplayName}}", "{{DisplayNam}}")
    assert [(code, line) for code, line, _ in places(text, plugins)] == [("R0001", 1), ("R0405", 8)]


@pytest.mark.parametrize("spoiled", ["title: Con\u202etacts", "title: Contacts\x07"])
def test_a_character_that_may_not_be_there_hides_no_mistake(plugins: Plugins, spoiled: str) -> None:
    text = GOOD.replace("title: Contacts", spoiled).replace("DisplayName", "DisplayNam")
    assert [code for code, _, _ in places(text, plugins)] == ["R0002", "R0405"]


def test_a_second_document_hides_no_mistake_of_the_first(plugins: Plugins) -> None:
    text = GOOD.replace("DisplayName", "DisplayNam") + "---\ntitle: x\n"
    assert [code for code, _, _ in places(text, plugins)] == ["R0405", "R0008"]


def test_the_rules_of_an_unknown_source_are_checked_too(plugins: Plugins) -> None:
    text = GOOD.replace("source: exchange", "source: zzz") + "rules: |\n  Name = uper([DisplayName])\n"
    assert {"P0105", "R0203"} <= {item.code for item in checked(text, plugins).diagnostics}


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "said"),
    [
        ("source: exchange", "source: exchnage", "P0105", 2, "unknown source 'exchnage'"),
        ("source: exchange", "source: exchange\nmode: miror", "P0104", 3, "'mirror' or 'upsert'"),
        ("source: exchange", "source: exchange\nid: a b", "P0104", 3, "'id'"),
        (
            "source: exchange",
            "source: exchange\nlimits: {remove_at_most: {share: many}}",
            "P0104",
            3,
            "'share'",
        ),
        ("source: exchange", "source: exchange\nmerge: {by: [mail]}", "P0104", 3, "'email' or 'phone'"),
        ("source: exchange", "source: exchange\nmerge: {by: []}", "P0104", 3, "'by'"),
        ("source: exchange", "source: exchange\nmerge: {by: [email, email]}", "P0104", 3, "name each of them once"),
        ("source: exchange", "source: exchange\nmerge: {prefer: others}", "P0104", 3, "'other' or 'mine'"),
        ("source: exchange", "source: exchange\nmerge: {with: other}", "P0103", 3, "unknown key 'with'"),
        ("  email: pbx@example.com\n", "", "P0102", 4, "'email' is missing in settings"),
        ("  email: pbx@example.com\n", "  email:\n", "P0102", 4, "'email' is empty in settings"),
        ("{env: EXCHANGE_PASSWORD}", "{env: A, file: b}", "P0104", 5, "say where the secret lies"),
        (
            "  email: pbx@example.com\n",
            "  email: pbx@example.com\n  proxy: {hots: a}\n",
            "P0103",
            5,
            "unknown key 'hots'",
        ),
    ],
)
def test_a_mistake_in_the_frame_is_found(plugins: Plugins, old: str, new: str, code: str, line: int, said: str) -> None:
    found = [d for d in checked(GOOD.replace(old, new), plugins).diagnostics if d.code == code]
    assert found
    assert found[0].span.line == line
    assert said in found[0].message


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("{by: [phone, email], prefer: mine}", Merge(("phone", "email"), "mine")),
        ("{by: email}", Merge(("email",), "other")),
        ("{}", Merge(("email", "phone"), "other")),
    ],
)
def test_how_a_profile_merges_is_read_with_its_defaults(plugins: Plugins, written: str, meant: Merge) -> None:
    profile = checked(f"merge: {written}\n{GOOD}", plugins).profile
    assert profile
    assert profile.merge == meant


TESTS = """\
tests:
  - row: {DisplayName: Ann, Birthday: 1980-12-31}
    expect: {028pho_bez: Ann, 028pho_phone: , labels: {Department: Sales}}
  - row: {DisplayName: Ann}
    expect: [{028pho_bez: Ann}, {028pho_bez: Bo}]
  - {row: {}, expect: {skipped: no name}}
"""


def test_the_tests_of_a_profile_are_read_in_their_order(plugins: Plugins) -> None:
    loaded = checked(GOOD + TESTS, plugins).loaded
    assert loaded is not None
    assert [(case.row.key, case.line, len(case.expect)) for case in loaded.cases] == [
        ("1", 11, 1),
        ("2", 13, 2),
        ("3", 15, 1),
    ]
    assert loaded.cases[0].expect[0].fields() == {"028pho_bez": "Ann", "028pho_phone": ""}
    assert loaded.cases[2].expect[0].skipped == "no name"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("{DisplayName: Ann, B", "{DisplayNmae: Ann, B", ("P0108", 11, 11, "did you mean DisplayName?")),
        ("1980-12-31", "31.12.1980", ("P0109", 11, 39, "write it as YYYY-MM-DD")),
        ("028pho_phone", "028pho_fone", ("P0103", 12, 31, "did you mean 028pho_phone?")),
        ("labels:", "lables:", ("P0103", 12, 47, "did you mean labels?")),
        ("{Department: Sales}", "Sales", ("P0104", 12, 55, "")),
        ("{028pho_bez: Bo}", "{028pho_bezz: Bo}", ("P0103", 14, 34, "did you mean 028pho_bez?")),
        ("{skipped: no name}", "{skipped: no name, 028pho_bez: Ann}", ("P0104", 15, 23, "")),
        ("{skipped: no name}", "{}", ("P0104", 15, 23, "")),
        ("row: {}", "rows: {}", ("P0103", 15, 6, "did you mean row?")),
        ("row: {}", "row: Ann", ("P0104", 15, 11, "")),
    ],
)
def test_a_mistake_in_a_test_is_found_at_its_place(
    plugins: Plugins, old: str, new: str, expected: tuple[str, int, int, str]
) -> None:
    assert old in TESTS
    found = checked(GOOD + TESTS.replace(old, new), plugins).diagnostics
    assert expected in [(d.code, d.span.line, d.span.column, d.hint) for d in found]


@pytest.mark.parametrize("written", ["Hunter2-secret", '"Hunter2-secret"', "|\n    Hunter2-secret", "[Hunter2-secret]"])
def test_a_password_in_the_profile_is_an_error_and_never_shown(plugins: Plugins, written: str) -> None:
    result = checked(GOOD.replace("{env: EXCHANGE_PASSWORD}", written), plugins)
    assert "P0107" in [found.code for found in result.diagnostics]
    assert "Hunter2" not in result.text
    assert "Hunter2" not in repr(result.diagnostics)


@pytest.mark.parametrize(
    "line", ["password: !Hunter2", "password: &Hunter2 x", "password: *Hunter2", "password:Hunter2"]
)
def test_what_yaml_makes_of_a_password_is_not_shown(plugins: Plugins, line: str) -> None:
    result = checked(GOOD.replace("password: {env: EXCHANGE_PASSWORD}", line), plugins)
    assert result.profile is None
    assert "Hunter2" not in result.text + repr(result.diagnostics)


@pytest.mark.parametrize("text", ["", "just text", "- a list", "\x00", "title: [", "\ud800: 1", "a: &x 1\nb: *x"])
def test_any_text_at_all_gives_diagnostics(plugins: Plugins, text: str) -> None:
    result = checked(text, plugins)
    assert result.profile is None
    assert any(found.severity == "error" for found in result.diagnostics)


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "there is no such file"), (b"\xff\xfe\x00", "is not UTF-8 text"), (b"#" * 5_000_001, "larger than 5 MB")],
)
def test_a_file_that_cannot_be_read_is_an_error(
    plugins: Plugins, tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "a.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ProfileError) as caught:
        load_profile(path, plugins)
    assert said in caught.value.diagnostics[0].message


def test_a_folder_is_no_profile(plugins: Plugins, tmp_path: Path) -> None:
    with pytest.raises(ProfileError):
        load_profile(tmp_path, plugins)


def test_the_fingerprint_follows_what_rows_depend_on_and_no_secret(plugins: Plugins) -> None:
    def fingerprint(text: str) -> str:
        profile = checked(text, plugins).profile
        assert profile is not None
        return profile.fingerprint

    same = fingerprint(GOOD)
    assert fingerprint(GOOD.replace("title: Contacts", "title: Other # and a comment")) == same
    assert fingerprint(GOOD.replace("{env: EXCHANGE_PASSWORD}", "{keyring: other}")) == same
    longer = GOOD.replace("  email:", "  timeout: 5\n  email:")
    assert longer != GOOD
    assert fingerprint(longer) == same, "no row depends on how long an answer may take"
    others = [
        GOOD.replace("pbx@", "other@"),
        GOOD.replace("DisplayName", "GivenName"),
        GOOD.replace("source: exchange", "source: exchange\nmode: upsert"),
        GOOD.replace("source: exchange", "source: exchange\npublish_personal: true"),
    ]
    assert len({same, *map(fingerprint, others)}) == len(others) + 1


def test_another_version_of_a_plugin_with_functions_maps_all_rows_anew(plugins: Plugins) -> None:
    before = checked(GOOD, plugins).profile
    plugins.added_functions["initials"] = "1.0"
    after = checked(GOOD, plugins).profile
    assert before is not None
    assert after is not None
    assert before.fingerprint != after.fingerprint


@pytest.mark.parametrize(
    ("account", "publish", "expected"),
    [
        ("{{local_id}}", False, ("21", False)),
        ("", False, ("21", False)),
        ("22", False, (None, True)),
        ("", True, (None, False)),
        ("22", True, ("22", False)),
    ],
)
def test_a_personal_row_is_private_whatever_the_structure_says(
    plugins: Plugins, account: str, publish: bool, expected: tuple[str | None, bool]
) -> None:
    """Safety rule 7."""
    text = GOOD.replace("{{local_id}}", account)
    if publish:
        text = f"publish_personal: true\n{text}"
    profile = checked(text, plugins).profile
    assert profile is not None
    row = Row("k", "1", {"DisplayName": "Ann", "local_id": "21"})
    mapped = profile.map(row, Book("b", "Ann's contacts", "personal", "21"))
    owner = mapped.records[0].account if mapped.records else None
    assert (owner, mapped.failed) == expected
    assert bool(mapped.records) is not mapped.failed


def test_of_many_mistakes_some_are_told_and_the_rest_costs_no_time(plugins: Plugins) -> None:
    keys = "".join(f"k{number}: x\n" for number in range(24_000))
    started = time.process_time()
    checked = check_text(f"source: crm\n{keys}", Path("p.yaml"), plugins)
    assert time.process_time() - started < 120  # of minutes, and seconds on an idle machine
    assert 500 <= len(checked.diagnostics) < 600
