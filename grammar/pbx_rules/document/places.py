"""Where things stand in a file: offsets to lines and columns, and characters of a YAML value to offsets."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from pbx_rules.diagnostics import Span

_LINE_BREAK = re.compile(r"\r\n|\n|\r")
_BLANKS = " \t\r\n"
_HEX_ESCAPES = {"x": 2, "u": 4, "U": 8}
_ESCAPES = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "\t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    " ": " ",
    '"': '"',
    "/": "/",
    "\\": "\\",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}


class SourceText:
    """A file's text with an index of its lines."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(found.end() for found in _LINE_BREAK.finditer(text))]

    @property
    def lines(self) -> int:
        return len(self._starts)

    def span(self, start: int, end: int) -> Span:
        return Span(*self.position(start), *self.position(end))

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a character, both from 1."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def at(self, span: Span) -> str:
        """What stands there."""
        start = self._starts[span.line - 1] + span.column - 1
        return self.text[start : self._starts[span.end_line - 1] + span.end_column - 1]

    def rest_of_line(self, offset: int) -> str:
        """What stands on the line from `offset` on."""
        found = _LINE_BREAK.search(self.text, offset)
        return self.text[offset : found.start() if found else len(self.text)]


def offsets_of_value(text: str, start: int, end: int, style: str, value: str) -> list[int] | None:
    """For each character of `value`, and for its end, the offset in `text`; None if they cannot be told.

    `text[start:end]` is the scalar as it was typed, which YAML has unfolded and unescaped into `value`.
    """
    raw = text[start:end]
    if style == "verbatim":
        return list(range(start, end + 1))
    if style in ("literal", "folded"):
        pairs = _block(raw, value, folded=style == "folded")
    elif style == "quoted" and raw.startswith('"'):
        pairs = _joined_surrogates(_flow_folded(_double_quoted(raw)))
    elif style == "quoted":
        pairs = _flow_folded(_single_quoted(raw))
    else:
        pairs = _flow_folded((character, at, False) for at, character in enumerate(raw))
    aligned = _align(list(pairs), value)
    return None if aligned is None else [start + at for at in aligned]


def _align(pairs: list[tuple[str, int]], value: str) -> list[int] | None:
    """What the raw text has beyond the value is line breaks that YAML drops at the end."""
    decoded = "".join(character for character, _ in pairs)
    if not decoded.startswith(value) or decoded[len(value) :].strip(_BLANKS):
        return None
    offsets = [at for _, at in pairs[: len(value) + 1]]
    if len(offsets) == len(value):
        offsets.append(offsets[-1] + 1 if offsets else 0)
    return offsets


def _block(raw: str, value: str, *, folded: bool) -> Iterator[tuple[str, int]]:
    """A block scalar: a header line, then lines that share an indentation."""
    header = _LINE_BREAK.search(raw)
    if header is None:
        return
    lines = _block_lines(raw, header)
    indent = _leading(line for _, line in lines) - _leading(value.split("\n"))
    following_texts = _following_texts(lines, indent) if folded else []
    for number, (at, line) in enumerate(lines):
        for column in range(indent, len(line)):
            yield line[column], at + column
        following = lines[number + 1][1][indent:] if number + 1 < len(lines) else ""
        folds = folded and line[indent:] and line[indent] not in " \t" and following and following[0] not in " \t"
        if not (folded and not line[indent:] and _after_text(lines, number, indent, following_texts[number])):
            yield " " if folds else "\n", at + len(line)


def _leading(lines: Iterable[str]) -> int:
    """The indentation of the first line that is not empty."""
    return next((len(line) - len(line.lstrip(" ")) for line in lines if line.strip(" ")), 0)


def _block_lines(raw: str, header: re.Match[str]) -> list[tuple[int, str]]:
    lines, at = [], header.end()
    for found in _LINE_BREAK.finditer(raw, at):
        lines.append((at, raw[at : found.start()]))
        at = found.end()
    lines.append((at, raw[at:]))
    return lines


def _following_texts(lines: list[tuple[int, str]], indent: int) -> list[str]:
    """For each line the first that is not empty, itself or below."""
    found, last = [], ""
    for _, line in reversed(lines):
        last = line[indent:] or last
        found.append(last)
    return found[::-1]


def _after_text(lines: list[tuple[int, str]], number: int, indent: int, following: str) -> bool:
    """Whether an empty line of a folded scalar is the first after text, whose line break it swallows."""
    before = lines[number - 1][1][indent:] if number else ""
    return bool(before) and before[0] not in " \t" and bool(following) and following[0] not in " \t"


def _single_quoted(raw: str) -> Iterator[tuple[str, int, bool]]:
    at = 1
    while at < len(raw) - 1:
        yield raw[at], at, False
        at += 2 if raw.startswith("''", at) else 1


def _double_quoted(raw: str) -> Iterator[tuple[str, int, bool]]:
    """Characters with their offset and whether they were escaped, which saves white space from folding."""
    at = 1
    while at < len(raw) - 1:
        if raw[at] != "\\":
            yield raw[at], at, False
            at += 1
            continue
        kind = raw[at + 1]
        digits = _HEX_ESCAPES.get(kind, 0)
        if digits:
            yield chr(int(raw[at + 2 : at + 2 + digits], 16)), at, True
        elif kind in _ESCAPES:
            yield _ESCAPES[kind], at, True
        else:  # an escaped line break joins the lines
            digits = len(raw[at + 2 :]) - len(raw[at + 2 :].lstrip(_BLANKS))
        at += 2 + digits


def _flow_folded(characters: Iterator[tuple[str, int, bool]]) -> Iterator[tuple[str, int]]:
    """White space around line breaks becomes one blank, or one line break for each further one."""
    gap: list[tuple[str, int]] = []
    for character, at, escaped in characters:
        if character in _BLANKS and not escaped:
            gap.append((character, at))
            continue
        if gap:
            yield from _folded_gap(gap)
            gap = []
        yield character, at
    yield from _folded_gap(gap)


def _folded_gap(gap: list[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    breaks = len(_LINE_BREAK.findall("".join(character for character, _ in gap)))
    if not breaks:
        yield from gap
    else:
        yield from ((" " if breaks == 1 else "\n", gap[0][1]) for _ in range(max(1, breaks - 1)))


def _joined_surrogates(pairs: Iterator[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """`\\ud83d\\ude00`, as JSON writes an emoji, is one character."""
    high: tuple[str, int] | None = None
    for character, at in pairs:
        if high and "\udc00" <= character <= "\udfff":
            yield chr(0x10000 + (ord(high[0]) - 0xD800) * 0x400 + ord(character) - 0xDC00), high[1]
            high = None
            continue
        if high:
            yield high
        high = (character, at) if "\ud800" <= character <= "\udbff" else None
        if not high:
            yield character, at
    if high:
        yield high
