"""What a form shows and gets back unchanged changes nothing, not one byte, however a profile is written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from profile_texts import TEXTS

from pbx_connector.application.drafts import (
    Edit,
    Form,
    NotEditable,
    ReplaceFilter,
    ReplaceOther,
    ReplaceVariable,
    SetField,
    SetLabel,
    SetList,
    SetSchedule,
    SetText,
    apply,
    read_form,
)
from pbx_connector.plugins import Plugins

PLUGINS = Plugins()


def unchanged(form: Form) -> Iterator[Edit]:
    """An edit for each thing that the form shows, to what it shows."""
    for each in (*form.basic, *form.settings):
        if not each.fault and each.kind not in ("secret", "other"):
            yield SetList(each.path, each.values) if each.kind == "list" else SetText(each.path, each.value)
    for rule in form.rules if not form.rules_fault else ():
        match rule.kind:
            case "define":
                yield ReplaceVariable(rule.number, rule.text)
            case "keep" | "skip":
                yield ReplaceFilter(rule.number, rule.kind, rule.text, rule.because)
            case _:
                yield ReplaceOther(rule.number, rule.text)
    for table in form.tables:
        yield from (SetText((*table.path, key), value) for key, value in table.entries)
    for record in form.records:
        if record.fault:
            continue
        for field in (*record.fields, *record.conditions):
            if not field.fault and (field.text.strip() or not field.is_set):
                yield SetField(record.number, field.code, field.text)
        for label in record.labels:
            if not label.fault:
                yield SetLabel(record.number, label.number, label.name, label.value)
    if form.schedule.schedule is not None:
        yield SetSchedule(form.schedule.schedule)


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_shown_and_sent_back_changes_nothing(name: str) -> None:
    text = TEXTS[name]
    edits = list(unchanged(read_form(text, PLUGINS)))
    for edit in edits:
        assert apply(text, [edit]) == text, edit
    assert edits


@pytest.mark.parametrize("name", TEXTS)
def test_a_form_shows_no_secret(name: str) -> None:
    shown = repr(read_form(TEXTS[name], PLUGINS))
    assert not [secret for secret in ("pbx secret", "EXCHANGE_PASSWORD", "LDAP_PASSWORD") if secret in shown]


def test_most_of_the_texts_can_be_edited() -> None:
    """So that the other tests are about something."""
    for name, text in TEXTS.items():
        if "broken" not in name and "{" not in text[:1]:
            try:
                assert apply(text, [SetText(("title",), "Other")]) != text
            except NotEditable:
                pytest.fail(name)
