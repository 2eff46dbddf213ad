"""Phone book entries for people: a column a field where there is room, else a few lines for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pbx_connector.cli import output, tables
from pbx_connector.cli.tables import Cell
from pbx_connector.errors import StoreDamaged
from pbx_connector.targets import TARGETS

WIDE = 150
"""Columns of a terminal from which on each field gets a column of its own."""

PAGE = 500
"""Entries that are laid out together: a phone book's length is no matter of memory, and its start is seen at once."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as it is to be shown."""

    lead: Cell
    """An id, or what happens to it."""
    account: Cell
    fields: Mapping[str, Cell]
    """By target field name; absent ones are blank."""
    labels: Cell


def plain(values: Mapping[str, str]) -> dict[str, Cell]:
    return {name: output.shown(value) for name, value in values.items()}


def plain_labels(values: Mapping[str, str]) -> Cell:
    return output.shown(", ".join(f"{name}: {value}" for name, value in values.items()))


def show(title: str, lead: str, lines: Iterable[Line]) -> int:
    """Returns how many there are; `lead` is the heading of the first column."""
    width = output.console().width
    shown = 0
    for page in _pages(lines):
        laid_out = _in_columns(lead, page, width) if width >= WIDE else _in_lines(page, width)
        output.page("" if shown else title, laid_out)
        shown += len(page)
    return shown


def _pages(lines: Iterable[Line]) -> Iterator[Sequence[Line]]:
    """Where the entries end in an error, those before it are shown first."""
    page: list[Line] = []
    try:
        for line in lines:
            page.append(line)
            if len(page) == PAGE:
                yield page
                page = []
    except StoreDamaged:
        if page:
            yield page
        raise
    if page:
        yield page


def _in_columns(lead: str, page: Sequence[Line], width: int) -> Iterator[Cell]:
    headings = (lead, "account", *(target.title for target in TARGETS), "labels")
    rows = [
        (line.lead, line.account, *(line.fields.get(target.name, "") for target in TARGETS), line.labels)
        for line in page
    ]
    return tables.in_columns(headings, rows, width, longest=width // 4)


def _in_lines(page: Sequence[Line], width: int) -> Iterator[Cell]:
    """Lead, name and account; below them numbers, all else, and labels."""
    indent = max(tables.cells(line.lead) for line in page) + 2
    name, *others = TARGETS
    for line in page:
        title = line.fields.get(name.name, "")
        owner = (line.account,) if line.account else ()
        yield from tables.beside(line.lead, (title, *owner), indent, width)
        more = [
            tables.joined(f"{other.title} ", line.fields[other.name]) for other in others if other.name in line.fields
        ]
        if more or line.labels:
            yield from tables.beside("", [*more, *([line.labels] if line.labels else [])], indent, width)
