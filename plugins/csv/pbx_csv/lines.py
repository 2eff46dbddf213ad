"""The second pass over a list: from its bytes to the cells of each row, with the line on which the row begins.

Where bytes, characters or quotes make no sense the list fails as a whole: what comes behind such a place may belong
anywhere. A list ends only where its bytes do, and only if they are those of the survey.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

from pbx_csv import error_catalog as errors
from pbx_csv.copies import Copy
from pbx_csv.dialect import SAMPLE, Dialect, detect, kind_of
from pbx_csv.packing import Readable
from pbx_csv.settings import LINE_ENDS, CsvSettings
from pbx_csv.survey import Survey

_MOST_LINES = 5_000
"""Of one row, whose values have line breaks in them."""


class _Digesting(io.RawIOBase):
    """Takes the digest of what passes through."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._digest = blake2b(digest_size=16)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override] # it is given nothing else
        got = self._stream.read(len(buffer))
        buffer[: len(got)] = got
        self._digest.update(got)
        return len(got)

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()


class Lines:
    """Rows as lists of cells, in the order of the list."""

    def __init__(self, title: str, text: io.TextIOBase, dialect: Dialect) -> None:
        self._title = title
        self._text = text
        self._dialect = dialect
        self._number = 0
        self._begun = 0
        """The last line of the row before."""

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        for _ in range(self._dialect.skip):
            self._text.readline()
        self._number = self._begun = self._dialect.skip
        try:
            for cells in self._dialect.reader(self._counted()):
                line, self._begun = self._begun + 1, self._number
                if cells:
                    yield line, cells
        except csv.Error as error:
            raise self._broken(str(error)) from None
        except UnicodeDecodeError as error:
            raise errors.WRONG_ENCODING.of(self._number + 1, error.encoding).error(self._title) from None

    def _counted(self) -> Iterator[str]:
        for line in self._text:
            self._number += 1
            if self._number - self._begun > _MOST_LINES:
                raise errors.OPEN_QUOTE.of(self._begun + 1).error(self._title)
            yield line

    def _broken(self, said: str) -> Exception:
        """The parser's own words are known, and hold nothing of the list but one character."""
        line = self._begun + 1
        if "unexpected end" in said or "field larger" in said:
            return errors.OPEN_QUOTE.of(line).error(self._title)
        if "expected after" in said:
            return errors.STRAY_QUOTE.of(line, self._number).error(self._title)
        return errors.NOT_CSV.of(line, said.partition(" - ")[0]).error(self._title)


@contextmanager
def opened(copy: Copy, found: Survey, dialect: Dialect, settings: CsvSettings) -> Iterator[Lines]:
    """Raises `CHANGED` at its end unless all of what was surveyed went through; only a list read to its end may ask."""
    with copy.open() as stream:
        digesting = _Digesting(stream)
        yield Lines(copy.title, _decoded(digesting, found.encoding, settings), dialect)
        if digesting.digest != found.digest:
            raise errors.CHANGED.error(copy.title)


def header_of(copy: Copy, found: Survey, dialect: Dialect, settings: CsvSettings) -> list[str]:
    """The cells of the first line; none if there is no line."""
    with copy.open() as stream:
        lines = Lines(copy.title, _decoded(_Digesting(stream), found.encoding, settings), dialect)
        return next(iter(lines), (0, []))[1]


def dialect_of(copy: Copy, encoding: str, settings: CsvSettings) -> Dialect:
    with copy.open() as stream:
        text = _decoded(_Digesting(stream), encoding, settings).read(SAMPLE)
    if other := kind_of(text):
        raise errors.NO_TABLE.of(other).error(copy.title)
    return detect(text, settings)


def _decoded(stream: _Digesting, encoding: str, settings: CsvSettings) -> io.TextIOWrapper:
    newline = LINE_ENDS[settings.line_end] if settings.line_end else ""
    return io.TextIOWrapper(io.BufferedReader(stream, 1 << 17), encoding=encoding, newline=newline)
