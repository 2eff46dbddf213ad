"""The columns of a list: which of them rules want, which make the key, and whose a row is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pbx_csv import error_catalog as errors
from pbx_csv.fields import ACCOUNT, FIELDS, NAME, OPTIONAL
from pbx_csv.settings import CsvSettings

_DATA = re.compile(r"[+0][\d ()/.-]{5,}|\S+@\S+\.\S+")
"""A telephone number or an e-mail address, which no column is called."""


@dataclass(frozen=True, slots=True)
class Table:
    names: tuple[str, ...]
    """Of all columns, each another one."""
    wanted: tuple[tuple[str, int], ...]
    """Fields of rows, by the number of their column."""
    key: tuple[int, ...]
    """Empty: all columns."""
    account: int | None


def table(title: str, header: Sequence[str], fields: frozenset[str], settings: CsvSettings) -> Table:
    """Raises `SourceError` where a column is missing that profile or settings name: it would be blank in every row."""
    written = _written(header, settings)
    names = _distinct(written)
    known = set(FIELDS.names())
    everything = not fields or fields >= known
    if settings.account is not None and fields and ACCOUNT not in fields:
        raise errors.NO_PRIVACY.error(title)
    find = _Columns(title, names, written)
    # `rows --all-fields` asks for all of them, whatever columns a profile has in place of the template's.
    optional = OPTIONAL | {NAME} if everything and fields - known else OPTIONAL
    wanted: dict[str, int | None] = {
        name: find.optional(name) if name in optional else find.required(name) for name in sorted(fields)
    }
    if everything:
        wanted = {**{name: number for number, name in enumerate(names)}, **wanted}
    account = None if settings.account is None else find.required(settings.account)
    if account is not None:
        wanted.pop(ACCOUNT, None)
    key = tuple(find.required(name) for name in settings.key)
    return Table(tuple(names), tuple((n, at) for n, at in wanted.items() if at is not None), key, account)


def column_names(header: Sequence[str], settings: CsvSettings) -> list[str]:
    """As rules can write them."""
    return _distinct(_written(header, settings))


def _written(header: Sequence[str], settings: CsvSettings) -> list[str]:
    return [name.strip() for name in header] if settings.header else [""] * len(header)


class _Columns:
    def __init__(self, title: str, names: Sequence[str], written: Sequence[str]) -> None:
        self._title = title
        self._names = names
        self._exact = {name: number for number, name in enumerate(names)}
        self._counts = Counter(written)
        folded = Counter(name.casefold() for name in names)
        self._folded = {name.casefold(): at for at, name in enumerate(names) if folded[name.casefold()] == 1}

    def optional(self, name: str) -> int | None:
        """A name that no other column has is found whatever its case."""
        if self._counts[name] > 1 and name:
            raise errors.TWO_COLUMNS.of(name).error(self._title)
        return self._exact.get(name, self._folded.get(name.casefold()))

    def required(self, name: str) -> int:
        found = self.optional(name)
        if found is None and any(map(_DATA.fullmatch, self._names)):
            raise errors.NO_HEADER.error(self._title)
        if found is None:
            raise errors.NO_COLUMN.of(name, ", ".join(self._names[:30])).error(self._title)
        return found


def _distinct(written: Sequence[str]) -> list[str]:
    """Columns of the same name get a number behind it, each of them, so that none is taken for the other."""
    counts = Counter(written)
    numbers: Counter[str] = Counter()
    names: list[str] = []
    for position, name in enumerate(written, 1):
        if not name:
            name = f"Column {position}"
        elif counts[name] > 1:
            numbers[name] += 1
            name = f"{name} {numbers[name]}"
        while name in names or (name in counts and counts[name] == 1 and name != written[position - 1]):
            name += " *"
        names.append(name)
    return names
