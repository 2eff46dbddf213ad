"""What a form cannot change in the way in which a file is written: said clearly, and not one byte is changed."""

from __future__ import annotations

import pytest
from profile_texts import BROKEN

from pbx_connector.application.drafts import (
    AddFilter,
    AddLabel,
    AddVariable,
    Edit,
    MoveRule,
    NotEditable,
    Remove,
    RemoveLabel,
    RemoveRule,
    RenameKey,
    RenameVariable,
    ReplaceFilter,
    ReplaceVariable,
    SetField,
    SetLabel,
    SetList,
    SetSecret,
    SetText,
    apply,
    read_edits,
)
from pbx_connector.errors import UsageError

TEXT = """\
title: T
source: exchange
settings:
  shared: false
  owners: [a]
tables:
  towns: {a: b, c: d}
rules: |
  A = [B]
    # inner
    else [C]
  keep when A is "1" because "x"
  D = lookup([E], towns) & A
structure:
  phonebook:
    - 028pho_bez: "{{A}} {{F}}"
      028pho_fax: [a]
      post:
        phonebook.phonebooklabel:
          {050lab_bez: L, 028050pholab_value: x}
"""

SOURCE_VIEW = (
    ("the rules are not written as a block", TEXT.replace("rules: |", "rules: >"), RemoveRule(1)),
    ("the rules are no text", "title: T\nrules: [a]\n", AddVariable("X", "1")),
    ("between the words", TEXT, ReplaceVariable(0, "[X]")),
    ("would not be read", TEXT, ReplaceFilter(1, "keep", 'A is "1', "x")),
    ("would not be read", TEXT, ReplaceVariable(2, "[X] # why")),
    ("has an anchor", TEXT.replace("title: T", "title: &a T"), SetText(("title",), "X")),
    ("has an anchor", TEXT.replace("title: T", "title: !!str T"), SetText(("title",), "X")),
    ("touching something else", TEXT.replace("title: T", "? title\n: T"), Remove(("title",))),
    ("stands there twice", TEXT.replace("title: T", "title: T\ntitle: U"), Remove(("title",))),
    ("is not written as keys", TEXT, SetText(("settings", "shared", "discover"), "yes")),
    ("is not written as one text", TEXT, SetText(("settings",), "x")),
    ("is not written as one text", TEXT, SetText(("settings", "owners"), "x")),
    ("is not written as one text", TEXT, SetField(0, "028pho_fax", "x")),
    ("is not written as a list", TEXT, AddLabel(0, "X", "y")),
    ("cannot be read as keys", "- a\n", SetText(("title",), "X")),
    ("cannot be read as keys", "title: [\n" * 3, SetText(("title",), "X")),
    ("is also the name of a table", TEXT.replace("A", "towns"), RenameVariable(0, "X")),
)


@pytest.mark.parametrize(("told", "text", "edit"), SOURCE_VIEW)
def test_what_only_the_source_view_can_change(told: str, text: str, edit: Edit) -> None:
    with pytest.raises(NotEditable, match=told) as refused:
        apply(text, [edit])
    assert "source view" in refused.value.hint


@pytest.mark.parametrize("edit", [SetText(("title",), "X"), Remove(("title",)), AddVariable("X", "1")])
def test_a_key_that_cannot_be_read_is_not_added_a_second_time(edit: Edit) -> None:
    with pytest.raises(NotEditable, match="cannot be read"):
        apply(BROKEN.rstrip("\n"), [edit])


IMPOSSIBLE = (
    ("cannot be the name of a variable", AddVariable("a b", "1")),
    ("cannot be the name of a variable", AddVariable("keep", "1")),
    ("cannot be the name of a variable", AddVariable("", "1")),
    ("cannot be the name of a variable", RenameVariable(0, "1a")),
    ("is used already", RenameVariable(0, "D")),
    ("is used already", RenameVariable(0, "F")),
    ("is used already", RenameVariable(0, "towns")),
    ("is there already", RenameKey(("tables", "towns", "a"), "c")),
    ("is no variable", RenameVariable(1, "X")),
    ("is not what this changes", ReplaceVariable(1, "X")),
    ("is not what this changes", ReplaceFilter(0, "keep", "X")),
    ("is not what this changes", ReplaceVariable(3, "X")),
    ("is not what this changes", ReplaceVariable(-1, "X")),
    ("there is no statement", RemoveRule(3)),
    ("there is no statement", RemoveRule(-1)),
    ("there is no statement", MoveRule(0, 3)),
    ("there is no place", AddVariable("X", "1", 4)),
    ("there is no place", AddVariable("X", "1", -1)),
    ("there is no record 2", SetField(1, "028pho_bez", "x")),
    ("there is no record 0", SetField(-1, "028pho_bez", "x")),
    ("there is no label 2", SetLabel(0, 1, "x", "y")),
    ("there is no label 2", RemoveLabel(0, 1)),
    ("say where the secret lies", SetSecret(("settings", "password"), "env", " ")),
    ("say where the secret lies", SetSecret(("settings", "password"), "env", "a\nb")),
    ("stands on one line", AddFilter("keep", "A", "a\nb")),
    ("is not changed as one text", SetText(("rules",), "x")),
    ("is not changed as one text", Remove(("rules",))),
    ("is not changed as one text", SetText((), "x")),
    ("U.0000 may not stand", SetText(("title",), "a\x00")),
    ("U.202E may not stand", SetText(("title",), "a\u202e")),
    ("U.D800 may not stand", SetText(("title",), "a\ud800")),
    ("U.2028 may not stand", AddVariable("X", '"\u2028"')),
    ("U.0007 may not stand", SetList(("settings", "owners"), ["a", "\x07"])),
    ("U.0007 may not stand", AddLabel(0, "\x07", "x")),
    ("U.0007 may not stand", RenameKey(("tables", "towns", "a"), "\x07")),
)


@pytest.mark.parametrize(("told", "edit"), IMPOSSIBLE)
def test_what_cannot_be(told: str, edit: Edit) -> None:
    with pytest.raises(UsageError, match=told):
        apply(TEXT.replace("          {050lab_bez", "          - {050lab_bez"), [edit])


def test_the_first_edit_that_is_refused_refuses_all() -> None:
    with pytest.raises(UsageError):
        apply(TEXT, [SetText(("title",), "X"), RemoveRule(9)])


def test_a_rule_cannot_end_in_the_middle_and_begin_another() -> None:
    """Its further lines are indented, so that they belong to it whatever they say."""
    text = apply(TEXT, [AddVariable("X", "[A]\nskip when [B]\n\n# no comment\nstructure: {}")])
    assert "  X = [A]\n    skip when [B]\n\n    structure: {}\n" not in text


@pytest.mark.parametrize(
    ("told", "value"),
    [
        ("edit 1 is of no kind", "x"),
        ("edit 1 is of no kind", {"edit": "Nothing"}),
        ("edit 1 is of no kind", {"edit": ["SetText"]}),
        ("SetText: value: Field required", {"edit": "SetText", "path": ["title"]}),
        ("SetText: path", {"edit": "SetText", "path": "title", "value": "x"}),
        ("has no mode", {"edit": "SetText", "path": ["title"], "value": "x", "mode": "x"}),
        ("AddFilter: kind", {"edit": "AddFilter", "kind": "drop", "condition": "x"}),
        ("SetSchedule: schedule", {"edit": "SetSchedule", "schedule": {"cron": "never"}}),
    ],
)
def test_what_is_no_edit(told: str, value: object) -> None:
    with pytest.raises(UsageError, match=told):
        read_edits([value])


def test_edits_are_read_from_json() -> None:
    values = [
        {"edit": "SetText", "path": ["structure", "phonebook", 0, "when"], "value": "A"},
        {"edit": "AddVariable", "name": "X", "rule": "1"},
        {"edit": "SetSecret", "path": ["settings", "password"], "kind": "env", "name": "X"},
    ]
    assert read_edits(values) == [
        SetText(("structure", "phonebook", 0, "when"), "A"),
        AddVariable("X", "1"),
        SetSecret(("settings", "password"), "env", "X"),
    ]
