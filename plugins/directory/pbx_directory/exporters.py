"""The same formats for `phonebook export`: the bytes that a device with the dial form E.164 gets, as a file."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TextIO

from pbx_connector.api import Entry, Exporter, counted
from pbx_directory.book_reading import budgeted, framed
from pbx_directory.formats import FORMATS, Rows
from pbx_directory.listing import Listed, Page, listed
from pbx_directory.words import ENGLISH

_log = logging.getLogger(__name__)


def exporters() -> list[Exporter]:
    """Lists that are one file. What comes in pages, or answers questions, is none."""
    whole = (format for format in FORMATS.values() if isinstance(format, Rows) and not format.page_size)
    return [_exporter(format) for format in whole]


def _exporter(format: Rows) -> Exporter:
    return Exporter(
        name=format.name,
        title=format.title,
        content_type=format.content_type,
        file_ending=format.file_ending,
        names_owners=not format.numbered,
        by_name=True,
        render=_render(replace(format, most_entries=None) if format.menu else format),
    )


def _render(format: Rows) -> Callable[[Iterable[Entry], Sequence[str], TextIO], None]:
    def render(entries: Iterable[Entry], labels: Sequence[str], stream: TextIO) -> None:
        every = _Tally(_rows(format, entries))
        kept = _Tally(budgeted(format, every))
        for text in framed(format, Page(ENGLISH.title), kept):
            stream.write(text)
        if format.most_entries or format.most_bytes:
            _drain(every)
            _tell(every.passed - kept.passed)

    return render


def _drain(rows: Iterable[Listed]) -> None:
    for _ in rows:
        pass


def _tell(left: int) -> None:
    if left:
        _log.warning("more than a phone of this format takes: %s left out", counted(left, "row"))


class _Tally:
    """Rows that pass through, counted."""

    def __init__(self, rows: Iterator[Listed]) -> None:
        self._rows = rows
        self.passed = 0

    def __iter__(self) -> Iterator[Listed]:
        return self

    def __next__(self) -> Listed:
        row = next(self._rows)
        self.passed += 1
        return row


def _rows(format: Rows, entries: Iterable[Entry]) -> Iterator[Listed]:
    for entry in entries:
        shown = listed(entry)
        yield from format.layout.rows(shown) if shown.numbers or format.numbered else (shown,)
