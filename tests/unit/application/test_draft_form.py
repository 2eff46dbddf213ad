"""What a form shows of a profile: what is said and could be said, what is wrong where; of a broken one what can be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from profile_texts import BROKEN, COMMENTS, SHIPPED, TEXTS
from pydantic import Field

from pbx_connector.application import Installation, drafts, views
from pbx_connector.application.drafts import (
    AddVariable,
    Input,
    MoveRule,
    RemoveRule,
    RenameVariable,
    ReplaceVariable,
    SetField,
    SetSecret,
    SetText,
    apply,
    check,
    read_form,
    sample,
)
from pbx_connector.application.drafts.inputs import inputs
from pbx_connector.config import Config
from pbx_connector.documents.editing import YamlText
from pbx_connector.errors import UsageError
from pbx_connector.plugins import Plugins
from pbx_connector.secret import Secret
from pbx_connector.settings import OutsideRows, SettingsModel, switch

PLUGINS = Plugins()
OFFICE = SHIPPED["exchange-office"]
FILE = Path("office.yaml")


@pytest.fixture(scope="module")
def installation() -> Installation:
    return Installation(Config(), PLUGINS)


def one(form: drafts.Form, *path: str) -> Input:
    return next(each for each in (*form.basic, *form.settings) if each.path == path)


class Inner(SettingsModel):
    enabled: bool = True
    names: tuple[str, ...] = Field(("a",), description="Some names.")


class Cloud(SettingsModel):
    tenant: str
    secret: Secret | None = None


class Settings(SettingsModel):
    """One of each kind."""

    host: str = Field(description="Where it is.")
    port: Annotated[int, OutsideRows()] = 389
    speed: float | None = None
    safe: bool = True
    kind: Literal["a", "b"] = "b"
    tags: tuple[Literal["x", "y"], ...] = ()
    password: Annotated[Secret | None, OutsideRows()] = None
    inner: Annotated[Inner, switch(Inner)] = Inner()
    cloud: Cloud | None = None
    odd: dict[str, str] = Field(default_factory=dict)
    either: int | Literal["auto"] = "auto"


def test_each_setting_is_an_input_of_its_kind() -> None:
    shown = {each.path: each for each in inputs(Settings, YamlText("host: h\ncloud: {tenant: t}\n"))}
    assert {path[-1]: each.kind for path, each in shown.items()} == {
        "host": "text",
        "port": "number",
        "speed": "number",
        "safe": "yes/no",
        "kind": "choice",
        "tags": "list",
        "password": "secret",
        "enabled": "yes/no",
        "names": "list",
        "tenant": "text",
        "secret": "secret",
        "odd": "other",
        "either": "other",
    }
    assert shown["host",] == Input(("host",), "text", "Where it is.", True, (), (), "h", (), True)
    assert (shown["port",].default, shown["safe",].default, shown["speed",].default) == (("389",), ("true",), ())
    assert (shown["tags",].choices, shown["kind",].choices) == (("x", "y"), ("a", "b"))
    assert shown["inner", "names"].default == ("a",)
    assert (shown["cloud", "tenant"].required, shown["cloud", "tenant"].value) == (True, "t")


def test_what_is_needed_only_with_its_group_is_not_needed_without() -> None:
    shown = {each.path: each for each in inputs(Settings, YamlText("host: h\n"))}
    assert not shown["cloud", "tenant"].required


def test_a_short_form_is_for_the_source_view() -> None:
    shown = {each.path: each for each in inputs(Settings, YamlText("inner: false\n"))}
    assert "short form" in shown["inner", "names"].fault


@pytest.mark.parametrize(
    ("written", "reference", "fault"),
    [
        ("{env: HUNTER2}", "env", False),
        ("{file: hunter2}", "file", False),
        ("\n    keyring: hunter2\n    expires: 2031-01-01", "keyring", False),
        ("hunter2", None, True),
        ("{hunter2: x}", None, False),
        ("[hunter2]", None, True),
    ],
)
def test_of_a_secret_only_the_kind_of_its_place_is_shown(written: str, reference: str | None, fault: bool) -> None:
    text = OFFICE.replace("{env: EXCHANGE_PASSWORD}", written)
    form = read_form(text, PLUGINS)
    shown = one(form, "settings", "password")
    assert (shown.reference, bool(shown.fault), shown.is_set) == (reference, fault, True)
    assert "hunter2" not in f"{form}{views.form(form)}".lower()


@pytest.mark.parametrize("line", ["username: https://u:hunter2@host/", 'url: "https://u:hunter2@x.example.com/"'])
def test_a_password_in_an_address_is_not_shown(line: str) -> None:
    form = read_form(OFFICE.replace("settings:\n", f"settings:\n  {line}\n"), PLUGINS)
    assert "hunter2" not in repr(form)


def test_a_secret_is_replaced_with_its_day_of_expiry_and_comment_left_alone() -> None:
    changed = apply(COMMENTS, [SetSecret(("settings", "password"), "env", "PW")])
    assert '  password: {env: "PW", expires: 2031-01-01} # by hand\n' in changed
    typed = OFFICE.replace("{env: EXCHANGE_PASSWORD}", "hunter2 # the password")
    assert "password: {keyring: pbx} # the" in apply(typed, [SetSecret(("settings", "password"), "keyring", "pbx")])


def test_of_a_broken_profile_what_can_be_read_is_shown_and_fixed() -> None:
    form = read_form(BROKEN, PLUGINS)
    assert set(form.unread) == {"title", "rules"}
    assert one(form, "title").fault
    assert one(form, "settings", "email").value == "a@example.com"
    assert "\ufdd0" not in f"{form}{views.form(form)}"
    fixed = apply(BROKEN, [SetText(("title",), "T"), SetField(0, "when", '[Surname] is "Lee"')])
    assert "title: T\n" in fixed or 'title: "T"\n' in fixed
    assert read_form(fixed, PLUGINS).rules


@pytest.mark.parametrize("text", ["", "title", "- a", "{", "\x00", "a: b: c", "&a *a", "\ufeff"])
def test_of_what_is_no_profile_nothing_is_shown_and_why(text: str, installation: Installation) -> None:
    draft = check(installation, FILE, text)
    assert draft.form.fault or not draft.form.rules
    assert draft.failed
    assert draft.findings


@pytest.mark.parametrize("name", TEXTS)
def test_every_finding_has_its_place_or_stands_above(name: str, installation: Installation) -> None:
    draft = check(installation, FILE, TEXTS[name])
    assert len(draft.findings) == len(draft.checked.diagnostics)
    shown = views.checked_draft(draft)
    assert [found["path"] for found in shown["findings"]] == [list(found.path) for found in draft.findings]


PLACES = (
    (("title",), OFFICE.replace('title: "Exchange contacts"', "title:")),
    (("title",), OFFICE.replace('title: "Exchange contacts"\n', "")),
    (("source",), OFFICE.replace("source: exchange", "source: exchang")),
    (("mode",), OFFICE.replace("mode: mirror", "mode: miror")),
    (("region",), OFFICE.replace("region: DE", "region: XX")),
    (("schedule",), OFFICE.replace("0 12 * * *", "0 12 * *")),
    (("settings", "email"), OFFICE.replace("pbx@example.com", "pbx")),
    (("settings", "email"), OFFICE.replace('  email: "pbx@example.com"\n', "")),
    (("settings", "oauth", "client_id"), OFFICE.replace("settings:", "settings:\n  oauth: {tenant: x}")),
    (("settings", "timeout"), OFFICE.replace("settings:", "settings:\n  timeout: soon")),
    (("settings",), OFFICE.replace("settings:", "settings:\n  emial: soon")),
    (("settings",), OFFICE.replace("  password: {env: EXCHANGE_PASSWORD}\n", "")),
    (("limits", "remove_at_most", "share"), f"{OFFICE}limits: {{remove_at_most: {{share: 300%}}}}\n"),
    (("rules", 0), OFFICE.replace("[Sensitivity]", "[Sensitivty]")),
    (("rules", 1), OFFICE.replace("[Surname], [GivenName])", "[Surname], [GivenName]")),
    (("rules", 8), OFFICE.replace("Vip         = if", "Vip         = iff")),
    (("tables", "towns"), f"{OFFICE}tables: {{towns: x}}\n"),
    (("structure", "phonebook", 0, "028pho_fax"), OFFICE.replace("{{Fax}}", "{{Fx}}")),
    (("structure", "phonebook", 0), OFFICE.replace("- 028pho_bez:          ", "- 011acc_idd: ")),
    (("structure", "phonebook", 0, "post", "phonebook.phonebooklabel", 1), OFFICE.replace("{{Vip}}", "{{Vp}}")),
    ((), f"{OFFICE}colour: red\n"),
)


@pytest.mark.parametrize(("path", "text"), PLACES)
def test_a_finding_stands_at_the_part_that_it_is_about(
    path: drafts.Path, text: str, installation: Installation
) -> None:
    draft = check(installation, FILE, text)
    assert draft.failed
    assert draft.at(path), [(found.path, found.diagnostic.message) for found in draft.findings]


def test_a_profile_without_a_mistake_has_no_findings(installation: Installation) -> None:
    assert check(installation, FILE, OFFICE).findings == ()
    assert not check(installation, FILE, f"\ufeff{OFFICE}").failed


ROW = {"DisplayName": "Lee", "PhoneNumbers_BusinessPhone": "030 123456", "Categories": ["VIP"], "Sensitivity": "Normal"}


def test_what_the_rules_make_of_a_row(installation: Installation) -> None:
    made = sample(check(installation, FILE, OFFICE), ROW)
    assert made is not None
    by_number = {result.number: result.value for result in made.results}
    assert by_number == {0: False, 1: None, 2: "Lee", 3: True, 4: "+4930123456", 5: None, 6: None, 7: None, 8: "yes"}
    assert not any(result.left_out for result in made.results)
    assert made.mapped.records[0].labels == {"VIP": "yes"}
    shown = views.sample(made)
    assert shown["records"][0]["fields"]["028pho_phone"] == "+4930123456"
    assert shown["rules"][4]["reads"]["[PhoneNumbers_BusinessPhone]"] == "030 123456"


def test_of_a_row_that_is_left_out_the_filter_is_told(installation: Installation) -> None:
    made = sample(check(installation, FILE, OFFICE), {"Sensitivity": "Private"})
    assert made is not None
    assert [(result.number, result.left_out) for result in made.results] == [(0, True)]
    assert made.of(1) is None
    assert made.mapped.skipped == "private contact"


def test_of_a_draft_with_mistakes_there_is_no_result(installation: Installation) -> None:
    assert sample(check(installation, FILE, OFFICE.replace("[Surname]", "[Surnam]")), ROW) is None


def test_a_row_that_suits_no_field_is_refused_and_one_of_another_source_is_not(installation: Installation) -> None:
    draft = check(installation, FILE, OFFICE.replace("{{JobTitle}}", "{{Birthday}}"))
    with pytest.raises(UsageError, match="Birthday"):
        sample(draft, {"Birthday": "soon"})
    assert sample(draft, {"Unknown": "x"}) is not None


def test_a_variable_gets_another_name_wherever_it_is_used() -> None:
    text = COMMENTS.replace("when: 'Name is", "when: 'name(Name) is not blank and Name is")
    changed = apply(text, [RenameVariable(1, "Person")])
    assert changed == (
        text.replace("Name    =", "Person    =")
        .replace("Name is not blank", "Person is not blank")
        .replace("name(Name)", "name(Person)")
        .replace("{{Name}}", "{{Person}}")
    )


def test_a_rule_of_several_lines_keeps_its_comment_and_depth() -> None:
    changed = apply(COMMENTS, [ReplaceVariable(1, "[A]\nelse [B]\nelse [C]")])
    assert "  Name    = [A]\n    else [B]\n    else [C]   # last resort\n" in changed


def test_a_rule_moves_with_the_comments_right_above_it() -> None:
    changed = apply(COMMENTS, [MoveRule(1, 2)])
    assert changed.index("keep when") < changed.index("# the name\n  # of people\n  Name    =")
    assert apply(changed, [MoveRule(2, 1)]) == COMMENTS


def test_the_first_variable_makes_the_rules_and_the_last_takes_them_along() -> None:
    text = SHIPPED["exchange-contacts"]
    changed = apply(text, [AddVariable("A", "[DisplayName]")])
    assert changed == text.replace("structure:\n", "rules: |\n  A = [DisplayName]\nstructure:\n")
    assert apply(changed, [RemoveRule(0)]) == text
