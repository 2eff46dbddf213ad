"""Tables of phone book entries: a column a field where there is room, else all but the name in one column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from rich.text import Text

from pbx_connector.cli import output
from pbx_connector.targets import TARGETS

WIDE = 150
"""Columns of a terminal from which on each field gets a column of its own."""

PAGE = 500
"""Lines of one table; more of them go on in another, so that the length of a phone book is no matter of memory."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as it is to be shown."""

    lead: Text
    """An id, or what happens to it."""
    account: Text
    fields: Mapping[str, Text]
    """By target field name; absent ones are blank."""
    labels: Text


def plain(values: Mapping[str, str]) -> dict[str, Text]:
    return {name: Text(output.shown(value)) for name, value in values.items()}


def plain_labels(values: Mapping[str, str]) -> Text:
    return Text(output.shown(", ".join(f"{name}: {value}" for name, value in values.items())))


def show(title: str, lead: str, lines: Iterable[Line]) -> int:
    """Returns how many there are; `lead` is the heading of the first column."""
    stream, shown = iter(lines), 0
    while page := list(islice(stream, PAGE)):
        _show_page("" if shown else title, lead, page)
        shown += len(page)
    return shown


def _show_page(title: str, lead: str, lines: Sequence[Line]) -> None:
    wide = output.console().width >= WIDE
    columns = [target.title for target in TARGETS] if wide else [TARGETS[0].title, "numbers and more"]
    rows = [[line.lead, line.account, *(_each(line) if wide else _folded(line)), line.labels] for line in lines]
    widest = {} if wide else {TARGETS[0].title: 26, "labels": 22}
    output.table(title, (lead, "account", *columns, "labels"), rows, widest=widest)


def _each(line: Line) -> list[Text]:
    return [line.fields.get(target.name, Text()) for target in TARGETS]


def _folded(line: Line) -> list[Text]:
    name, *others = TARGETS
    parts = [
        Text.assemble((f"{target.title} ", "dim"), line.fields[target.name])
        for target in others
        if target.name in line.fields
    ]
    return [line.fields.get(name.name, Text()), Text(" · ").join(parts)]
