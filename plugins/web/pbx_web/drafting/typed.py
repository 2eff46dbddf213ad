"""What was typed into a tab of the form, as edits of the draft: one for each thing that differs from the text.

The name of an input is its path: `set/settings/url`, `rule/3/text`, `field/0/028pho_phone`, `label/0/1/value`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pbx_connector.api import ConnectorError, UsageError, application
from pbx_web.asking import Ask
from pbx_web.drafting.carried import Carried
from pbx_web.drafting.schedules import schedule_of

drafts = application.drafts

YES = ("true", "yes", "on")
NO = ("false", "no", "off")
LONGEST = 100_000
"""Characters of one input."""


@dataclass(frozen=True, slots=True)
class Typed:
    name: str
    """Of the input, at which an error stands."""
    edit: application.drafts.Edit | None
    error: str = ""
    """Why there is no edit."""


def name_of(one: application.drafts.Input) -> str:
    """Of an input; that of a secret tells everybody on its way that it is none to be shown."""
    return "/".join(["secret" if one.kind == "secret" else "set", *map(str, one.path)])


def typed_edits(ask: Ask, draft: Carried, form: application.drafts.Form) -> Iterator[Typed]:
    """Those of the tab that was shown."""
    match draft.tab:
        case "basic":
            for one in (*form.basic, *form.settings):
                yield from _input(ask, one)
        case "filter":
            for rule in form.filters:
                yield from _filter(ask, rule)
        case "variables":
            yield from _variables(ask, form)
        case "structure":
            for record in form.records:
                yield from _record(ask, record)
        case "automate":
            yield from _automation(ask, form)


def _text(ask: Ask, name: str) -> str | None:
    """With line feeds alone; None for an input that was not there."""
    value = ask.form.get(name)
    return value.replace("\r\n", "\n").replace("\r", "\n")[:LONGEST] if isinstance(value, str) else None


def _input(ask: Ask, one: application.drafts.Input) -> Iterator[Typed]:
    name = name_of(one)
    if one.fault or one.kind in ("secret", "other"):
        return
    if one.kind == "list":
        yield from _list(ask, one, name)
        return
    text = _text(ask, name)
    if text is not None and text != shown_value(one):
        yield Typed(name, drafts.SetText(one.path, text))


def shown_value(one: application.drafts.Input) -> str:
    """As the form shows it: yes and no in one spelling."""
    if one.kind != "yes/no":
        return one.value
    said = one.value.strip().lower()
    return "true" if said in YES else "false" if said in NO else one.value


def _list(ask: Ask, one: application.drafts.Input, name: str) -> Iterator[Typed]:
    if one.choices:
        values = [str(value) for value in ask.form.getlist(name)] if f"{name}?" in ask.form else None
    else:
        text = _text(ask, name)
        values = None if text is None else [line.strip() for line in text.split("\n") if line.strip()]
    if values is not None and tuple(values) != one.values:
        yield Typed(name, drafts.SetList(one.path, values))


def _filter(ask: Ask, rule: application.drafts.Rule) -> Iterator[Typed]:
    at = f"rule/{rule.number}"
    typed = [_text(ask, f"{at}/{part}") for part in ("kind", "text", "because")]
    kind, text, because = (held if held is not None else was for held, was in zip(typed, _of(rule), strict=True))
    if (kind, text, because) != _of(rule):
        wanted: Literal["keep", "skip"] = "keep" if kind == "keep" else "skip"
        yield Typed(f"{at}/text", drafts.ReplaceFilter(rule.number, wanted, text, because))


def _of(rule: application.drafts.Rule) -> tuple[str, str, str]:
    return rule.kind, rule.text, rule.because


def _variables(ask: Ask, form: application.drafts.Form) -> Iterator[Typed]:
    for rule in form.rules:
        at = f"rule/{rule.number}"
        text, name = _text(ask, f"{at}/text"), _text(ask, f"{at}/name")
        if text is not None and text != rule.text:
            edit = drafts.ReplaceVariable if rule.kind == "define" else drafts.ReplaceOther
            yield Typed(f"{at}/text", edit(rule.number, text))
        if rule.kind == "define" and name is not None and name.strip() != rule.name:
            yield Typed(f"{at}/name", drafts.RenameVariable(rule.number, name.strip()))
    for table in form.tables:
        for key, value in table.entries:
            at = f"table/{table.name}/{key}"
            text = _text(ask, at)
            if text is not None and text != value:
                yield Typed(at, drafts.SetText((*table.path, key), text))


def _record(ask: Ask, record: application.drafts.RecordForm) -> Iterator[Typed]:
    for field in (*record.fields, *record.conditions):
        name = f"field/{record.number}/{field.code}"
        text = _text(ask, name)
        if text is not None and text != field.text and not field.fault:
            yield Typed(name, drafts.SetField(record.number, field.code, text))
    for label in record.labels:
        at = f"label/{record.number}/{label.number}"
        called, value = _text(ask, f"{at}/name"), _text(ask, f"{at}/value")
        if called is not None and value is not None and (called, value) != (label.name, label.value):
            yield Typed(f"{at}/name", drafts.SetLabel(record.number, label.number, called, value))


def _automation(ask: Ask, form: application.drafts.Form) -> Iterator[Typed]:
    kind = _text(ask, "schedule/kind")
    if kind in ("none", "daily", "hourly", "every", "cron"):
        try:
            schedule = schedule_of(ask, kind, form.schedule.schedule)
        except UsageError as error:
            yield Typed("schedule/kind", None, said(error))
        else:
            if schedule != form.schedule.schedule or form.schedule.fault:
                yield Typed("schedule/kind", drafts.SetSchedule(schedule))
    for one in form.basic:
        yield from _input(ask, one)


def said(error: ConnectorError) -> str:
    return f"{error.message}: {error.hint}" if error.hint else error.message
