"""How a list parts its columns, quotes values and ends lines: as the profile says, else as its beginning shows."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pbx_csv.settings import DELIMITERS, LINE_ENDS, QUOTES, CsvSettings

SAMPLE = 1 << 16
_LINES = 60
_SEPARATOR = "sep="
"""With which Excel is told the delimiter, in a line of its own before the header."""

_OTHERS = {
    "a web page": re.compile(r"<(!doctype\s+html|html|head|body)\b", re.IGNORECASE),
    "XML": re.compile(r"<\?xml\b"),
    "JSON": re.compile(r'[\[{]\s*[\[{"]\s*[\w"]+'),
    "a list of vCards": re.compile("BEGIN:VCARD", re.IGNORECASE),
    "LDIF": re.compile(r"(version: 1\s+)?dn: \w+=", re.IGNORECASE),
}


@dataclass(frozen=True, slots=True)
class Dialect:
    delimiter: str
    quote: str
    """Empty: nothing is quoted."""
    line_end: str
    """Empty: any."""
    skip: int
    """Lines before the header."""

    def reader(self, lines: Iterator[str]) -> Iterator[list[str]]:
        if not self.quote:
            return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE, strict=True)
        return csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote, strict=True)

    def __str__(self) -> str:
        parted = _name(DELIMITERS, self.delimiter)
        ended = _name(LINE_ENDS, self.line_end) or "any"
        return f"delimiter {parted}, quote {_name(QUOTES, self.quote)}, line end {ended}"


def kind_of(text: str) -> str:
    """What a text is that is no table, by its beginning; empty for one that may be."""
    begun = text.lstrip()
    return next((kind for kind, pattern in _OTHERS.items() if pattern.match(begun)), "")


def detect(text: str, settings: CsvSettings) -> Dialect:
    """`text`: the beginning of the list."""
    skip = settings.skip_lines
    lines = list(io.StringIO(text, newline=""))[skip:]
    told = lines[0].strip('"\r\n') if lines else ""
    delimiter = settings.delimiter
    if told.lower().startswith(_SEPARATOR) and len(told) == len(_SEPARATOR) + 1:
        skip, delimiter, lines = skip + 1, delimiter or told[-1], lines[1:]
    body = "".join(lines)
    delimiters = [delimiter] if delimiter else list(DELIMITERS.values())
    quotes = [settings.quote] if settings.quote is not None else _likely_quotes(body)
    candidates = [Dialect(one, quote, _line_end(body, settings), skip) for one in delimiters for quote in quotes]
    return max(candidates, key=lambda candidate: _fits(body, candidate))


def _likely_quotes(body: str) -> list[str]:
    """Apostrophes stand in names, so they quote only where a list begins with one."""
    return ["'"] if body.startswith("'") and '"' not in body else ['"']


def _fits(body: str, dialect: Dialect) -> tuple[bool, float, int]:
    """The more lines have as many columns as the first one, the better; among equals the most columns."""
    widths: list[int] = []
    try:
        for cells in islice(dialect.reader(iter(io.StringIO(body, newline=""))), _LINES):
            widths.append(len(cells))  # noqa: PERF401 - kept where the sample ends within quotes
    except csv.Error:
        pass
    widths = [width for width in widths if width][: _LINES - 1]
    if not widths or widths[0] < 2:
        return (False, 0, 0)
    return (True, round(widths.count(widths[0]) / len(widths), 2), widths[0])


def _line_end(body: str, settings: CsvSettings) -> str:
    if settings.line_end:
        return LINE_ENDS[settings.line_end]
    crlf = body.count("\r\n")
    counts = {"\r\n": crlf, "\n": body.count("\n") - crlf, "\r": body.count("\r") - crlf}
    used = [end for end, count in counts.items() if count]
    return used[0] if len(used) == 1 else ""


def _name(names: dict[str, str], value: str) -> str:
    return next((name for name, meant in names.items() if meant == value), repr(value) if value else "")
