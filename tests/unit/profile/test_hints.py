"""Who follows a hint of `check`, whatever it is about, has a profile that checks clean and means what was meant."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import pytest
from pbx_rules import Diagnostic
from pydantic import BaseModel, ConfigDict, Field

from pbx_connector.plugins import Plugins
from pbx_connector.profile import Checked, check_text
from pbx_connector.secret import Secret
from pbx_connector.source import Field as SourceField
from pbx_connector.source import FieldSet, SourceType


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    email: str
    password: Secret
    auth: Literal["basic", "ntlm"] = "basic"
    verify: bool = True
    share: float = Field(0.5, le=1)


@pytest.fixture
def plugins() -> Plugins:
    found = Plugins(())
    fields = FieldSet((SourceField("DisplayName"), SourceField("Phone"), SourceField("Tags", "list")))
    found.sources["exchange"] = SourceType("exchange", "Exchange", Settings, fields, None)  # type: ignore[arg-type]
    return found


MEANT = """\
title: Contacts
source: exchange
settings:
  email: pbx@example.com
  password: {env: NAME}
  auth: ntlm
  verify: false
  share: 0.2
mode: upsert
region: DE
tables:
  teams: {"10": Sales}
rules: |
  Name = [DisplayName] else "nobody"
  Tel = phone([Phone])
  Tags = join(", ", [Tags])
structure:
  phonebook:
    - 028pho_bez: "{{Name}}"
      028pho_phone: "{{Tel}}"
      028pho_notes: "{{Tags}}"
      when: '[Phone] is not "0"'
tests:
  - row: {DisplayName: Ann}
    expect: {028pho_bez: Ann}
"""

MISTAKES = [
    # what is as it should be, what was typed instead, and the code of the finding whose hint is followed
    ("source: exchange", "source: Exchange", "P0105"),
    ("source: exchange", "source: exchnge", "P0105"),
    ("title:", "titel:", "P0103"),
    ("  email:", "  e_mail:", "P0103"),
    ("auth: ntlm", "auth: ntml", "P0104"),
    ("auth: ntlm", "auth: NTLM", "P0104"),
    ("mode: upsert", "mode: upsrt", "P0104"),
    ("verify: false", "verify: nein", "P0104"),
    ("share: 0.2", "share: 20", "P0104"),
    ("password: {env: NAME}", "password: hunter2", "P0107"),
    ("row: {DisplayName:", "row: {DisplayNam:", "P0108"),
    ("expect: {028pho_bez:", "expect: {028pho_bes:", "P0103"),
    ("  phonebook:", "  phonbook:", "R0401"),
    ("028pho_phone:", "028pho_phon:", "R0402"),
    ("028pho_phone:", "Telephone:", "R0402"),
    ('"{{Name}}"', '"{{Nam}}"', "R0405"),
    ("when: '[Phone] is not \"0\"'", 'when: [Phone] is not "0"', "R0409"),
    ("rules: |\n", "rules:\n", "R0121"),
    ("Tags = join(", "Tags = jion(", "R0203"),
    ("phone([Phone])", "phone([Phon])", "R0201"),
    ("region: DE\n", "", "R0319"),
    ("title: Contacts", "title: Contacts: all", "R0001"),
    ('028pho_bez: "{{Name}}"', "028pho_bez: {{Name}}", "R0010"),
]


@pytest.mark.parametrize(
    ("meant", "typed", "code"), MISTAKES, ids=[typed or "no " + meant for meant, typed, _ in MISTAKES]
)
def test_who_follows_a_hint_has_the_profile_that_was_meant(plugins: Plugins, meant: str, typed: str, code: str) -> None:
    text = MEANT.replace(meant, typed, 1)
    hint = next(found for found in checked(text, plugins).diagnostics if found.code == code)
    again = checked(followed(text, hint), plugins)
    assert [found.message for found in again.diagnostics] == []
    right = checked(MEANT, plugins)
    assert again.profile
    assert right.profile
    assert again.profile.fingerprint == right.profile.fingerprint


@pytest.mark.parametrize("raw", ["[Phone]", '[Phone] else "+49 30 1"', "if([DisplayName] is blank, [Phone], blank)"])
def test_a_raw_number_that_is_stored_without_a_region_is_warned_of(plugins: Plugins, raw: str) -> None:
    text = MEANT.replace("phone([Phone])", raw)
    assert checked(text, plugins).diagnostics == ()
    [found] = checked(text.replace("region: DE\n", ""), plugins).diagnostics
    assert (found.code, found.severity, found.span.line) == ("R0319", "warning", 19)
    assert "look-up can only guess" in found.message
    assert checked(followed(text.replace("region: DE\n", ""), found), plugins).diagnostics == ()


@pytest.mark.parametrize("made", ['"+49" & [Phone]', 'phone([Phone], region: "DE")', "extract([Phone], /[0-9]+/)"])
def test_a_number_that_rules_make_is_not(plugins: Plugins, made: str) -> None:
    text = MEANT.replace("phone([Phone])", made).replace("region: DE\n", "")
    assert checked(text, plugins).diagnostics == ()


def test_what_was_meant_is_without_a_mistake(plugins: Plugins) -> None:
    assert checked(MEANT, plugins).diagnostics == ()


def checked(text: str, plugins: Plugins) -> Checked:
    return check_text(text, Path("profiles/office.yaml"), plugins)


def followed(text: str, found: Diagnostic) -> str:
    """The text as somebody makes it who does what the hint says and nothing else."""
    lines = text.splitlines(keepends=True)
    line = lines[found.span.line - 1]
    if proposed := re.fullmatch(r"did you mean (.+)\?", found.hint):
        start, end = found.span.column - 1, found.span.end_column - 1
        name = proposed[1].removesuffix("(…)").strip("{}")
        lines[found.span.line - 1] = line[:start] + name + line[end:]
    elif quoted := re.match(r"put it in quotes: (.+)", found.hint):
        lines[found.span.line - 1] = re.sub(r"\S.*", lambda _: quoted[1], line, count=1)
    elif found.hint.startswith(("put the whole value in quotes", "put it in quotes")):
        key, _, value = line.rstrip("\n").partition(": ")
        lines[found.span.line - 1] = f"{key}: '{value}'\n"
    elif written := re.match(r"write (\w+: \{env: NAME\})", found.hint):
        lines[found.span.line - 1] = re.sub(r"\S.*", written[1], line, count=1)
    elif found.hint.startswith("write `rules: |`"):
        return text.replace("rules:\n", "rules: |\n")
    elif added := re.search(r"beside title: (region: \w+)", found.hint):
        lines.insert(1, f"{added[1]}\n")
    else:
        raise AssertionError(found.hint)
    return "".join(lines)
