"""From the cells of a line to what the run pipeline takes: a row, or a word about why there is none.

A line that cannot be taken as it is costs itself alone and is told by its number; while there is one whose key nobody
can tell, no contact counts as absent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from itertools import islice
from operator import itemgetter

from pbx_connector.api import ErrorText, Row, Skipped, Unreadable
from pbx_csv import error_catalog as errors
from pbx_csv.fields import ACCOUNT
from pbx_csv.seen import SeenKeys
from pbx_csv.settings import CsvSettings
from pbx_csv.table import Table

Item = Row | Skipped | Unreadable
_AT_ONCE = 5_000
_LONGEST_KEY = 200
"""Characters; of a longer one the beginning and a digest are taken."""
_PART = "\x1f"
_SHORTENED = re.compile(r"\s*[+-]?\d([.,]\d+)?E\+\d{2,3}\s*")
EMPTY_LINE = "an empty line"
SAME_LINE = "a line that is there twice"


class RowReader:
    """`accounts`: ids by all that the column can call an account, folded."""

    def __init__(
        self, title: str, table: Table, accounts: dict[str, str], settings: CsvSettings, seen: SeenKeys
    ) -> None:
        self._title = title
        self._table = table
        self._accounts = accounts
        self._short_are_blank = settings.short_lines == "blank"
        self._long_are_blank = settings.long_lines == "blank"
        self._seen = seen
        self._width = len(table.names)
        self._names = tuple(name for name, _ in table.wanted)
        self._pick = _picker(tuple(number for _, number in table.wanted))
        self._prefix = _digest(_PART.join(self._names)).encode()
        self._only_key = table.key[0] if len(table.key) == 1 else None

    def read(self, lines: Iterator[tuple[int, list[str]]]) -> Iterator[Item]:
        while batch := [(line, self._item(line, cells)) for line, cells in islice(lines, _AT_ONCE)]:
            rows = [(item.key, line, item.version) for line, item in batch if isinstance(item, Row)]
            twice = self._seen.note(rows)
            for line, item in batch:
                yield self._again(line, *twice[line]) if line in twice else item

    def _item(self, line: int, cells: list[str]) -> Item:
        if len(cells) != self._width:
            fitted = self._fitted(cells)
            if fitted is None:
                return self._misfit(line, len(cells))
            cells = fitted
        key = self._key(cells)
        if not key or "\0" in key:
            return self._without_key(line, cells)
        picked = self._pick(cells)
        values = dict(zip(self._names, picked, strict=True))
        text = _PART.join(picked)
        if "E+" in text and any(map(_SHORTENED.fullmatch, picked)):
            self._seen.note([(key, line, "")])
            return self._unreadable(key, line, errors.SHORTENED)
        if self._table.account is not None:
            owner = self._owner(cells[self._table.account])
            if owner is None:
                self._seen.note([(key, line, "")])
                return self._unreadable(key, line, errors.NO_ACCOUNT)
            values[ACCOUNT] = owner
            text += _PART + owner
        return Row(key, self._version(text), values)

    def _version(self, text: str) -> str:
        """Also of the columns' names: a row whose columns are called otherwise is another one."""
        return blake2b(self._prefix + text.encode("utf-8", "replace"), digest_size=16).hexdigest()

    def _key(self, cells: list[str]) -> str:
        if self._only_key is not None:
            key = cells[self._only_key].strip()
        elif self._table.key:
            parts = [cells[number].strip().replace("|", "||") for number in self._table.key]
            key = " | ".join(parts) if any(parts) else ""
        else:
            text = _PART.join(cells)
            key = _digest(text) if any(cells) else ""
        return key if len(key) <= _LONGEST_KEY else f"{key[:100]}… {_digest(key)}"

    def _owner(self, cell: str) -> str | None:
        """Empty: nobody's; None: it cannot be told."""
        named = cell.strip().casefold()
        return self._accounts.get(named) if named else ""

    def _fitted(self, cells: list[str]) -> list[str] | None:
        """None if values may stand under another column than theirs."""
        missing = self._width - len(cells)
        if missing > 0:
            return cells + [""] * missing if self._short_are_blank else None
        return cells[: self._width] if self._long_are_blank and not any(cells[self._width :]) else None

    def _misfit(self, line: int, count: int) -> Item:
        text = errors.LONG_ROW if count > self._width else errors.SHORT_ROW
        self._seen.uncertain += 1
        return self._unreadable(_nameless(line), line, text, count, self._width)

    def _without_key(self, line: int, cells: list[str]) -> Item:
        if not any(map(str.strip, cells)):
            return Skipped(_nameless(line), EMPTY_LINE)
        self._seen.uncertain += 1
        return self._unreadable(_nameless(line), line, errors.NO_KEY)

    def _again(self, line: int, first: int, same: bool) -> Item:
        if same:
            return Skipped(_nameless(line), SAME_LINE)
        return self._unreadable(_nameless(line), line, errors.TWICE, first)

    def _unreadable(self, key: str, line: int, text: ErrorText, *known: object) -> Unreadable:
        return Unreadable(key, text.of(line, *known).problem(f"{self._title}, line {line}, row {key}"))


def _picker(numbers: tuple[int, ...]) -> Callable[[list[str]], Sequence[str]]:
    if len(numbers) > 1:
        return itemgetter(*numbers)
    return lambda cells: [cells[number] for number in numbers]


def _nameless(line: int) -> str:
    """The key of a line that has none of its own."""
    return f"(line {line})"


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
