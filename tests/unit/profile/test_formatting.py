"""Formatting touches the lines of the rules block and nothing else."""

from __future__ import annotations

import pytest

from pbx_connector.errors import ProfileError
from pbx_connector.profile import format_profile

BEFORE = """\
# a comment, and   odd   blanks
title:   Contacts
rules: |
    # numbers first
    Phone=PHONE([BusinessPhone])   # at work
    DisplayName   =  LEFT([DisplayName]  ELSE  [Surname],80)


# another comment
structure:   {phonebook: []}
"""
AFTER = """\
# a comment, and   odd   blanks
title:   Contacts
rules: |
    # numbers first
    Phone       = phone([BusinessPhone])  # at work
    DisplayName = left([DisplayName] else [Surname], 80)


# another comment
structure:   {phonebook: []}
"""


def test_only_the_rules_change() -> None:
    assert format_profile(BEFORE, "p.yaml") == AFTER


@pytest.mark.parametrize(
    "text",
    [
        AFTER,
        AFTER.replace("rules: |", "rules: |-"),
        AFTER.replace("rules: |", "rules: |4"),
        "title: no rules\n",
        "rules: |\n\ntitle: empty rules\n",
        "rules:\n",
        "rules: |\n  A = [B]",
        "rules: |\n  A = ((\n  B = [C]\n",
        AFTER.replace("\n", "\r\n"),
    ],
)
def test_formatting_again_changes_nothing(text: str) -> None:
    assert format_profile(text, "p.yaml") == text


def test_lines_end_as_they_did() -> None:
    assert format_profile(BEFORE.replace("\n", "\r\n"), "p.yaml") == AFTER.replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("text", "line"),
    [("rules: >\n  A = [B]\n", 1), ('title: x\nrules: "A=[B]"\n', 2), ("a: [\n", 2), ("just text", 1), ("", 1)],
)
def test_what_cannot_be_formatted_is_refused_at_its_place(text: str, line: int) -> None:
    with pytest.raises(ProfileError) as caught:
        format_profile(text, "p.yaml")
    assert caught.value.diagnostics[0].span.line == line


def test_a_refusal_shows_no_secret() -> None:
    with pytest.raises(ProfileError) as caught:
        format_profile("settings: {password: Hunter2, api_token: {env: NAME}\n", "p.yaml")
    assert "Hunter2" not in caught.value.text
    with pytest.raises(ProfileError) as caught:
        format_profile("settings:\n  password: {env: NAME}\n  other: [\n", "p.yaml")
    assert "{env: ****}" in caught.value.text
