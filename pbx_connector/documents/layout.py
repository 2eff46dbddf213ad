"""Where the lines of a YAML file and what stands on them begin and end: what `editing` cuts out and puts in."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pbx_rules.document import Mapping, Node, Scalar

from pbx_connector.errors import UsageError

_LINE_BREAK = re.compile(r"\r\n|\n|\r")
_COLON = re.compile(r"[ \t]*:")
_BLANKS = " \t"
_KEPT_END = re.compile(r"[|>][0-9]?\+|[|>]\+")
"""The head of a block whose empty lines at the end belong to it."""

SOURCE_VIEW = "edit this in the source view"


class NotEditable(UsageError):
    """The file is written in a way in which this cannot be changed without touching something else."""

    def __init__(self, message: str, *, hint: str = SOURCE_VIEW) -> None:
        super().__init__(message, hint=hint)


class Splice(NamedTuple):
    """Characters `start` to `end` give way to `text`."""

    start: int
    end: int
    text: str


def spliced(text: str, splices: Iterable[Splice]) -> str:
    for start, end, new in sorted(splices, reverse=True):
        text = text[:start] + new + text[end:]
    return text


class Layout:
    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(found.end() for found in _LINE_BREAK.finditer(text))]
        first = _LINE_BREAK.search(text)
        self.newline = first[0] if first else "\n"

    def offset(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column - 1

    def start(self, line: int) -> int:
        """Where the line of that number, from 0, begins; of one below the last, where the text ends."""
        return self._starts[line] if line < len(self._starts) else len(self._text)

    def depth(self, line: int) -> int:
        """How far the line of that number, from 0, is indented."""
        start = self.start(line)
        text = self._text[start : self.line_end(start)]
        return len(text) - len(text.lstrip(" "))

    def line(self, at: int) -> int:
        """Its number, from 0."""
        return bisect_right(self._starts, at) - 1

    def column(self, at: int) -> int:
        """From 0."""
        return at - self._starts[self.line(at)]

    def begins_line(self, at: int) -> bool:
        return not self._text[self._starts[self.line(at)] : at].strip(_BLANKS)

    def line_end(self, at: int) -> int:
        """Where the line's characters end, before its line break."""
        found = _LINE_BREAK.search(self._text, at)
        return found.start() if found else len(self._text)

    def next_line(self, at: int) -> int:
        found = _LINE_BREAK.search(self._text, at)
        return found.end() if found else len(self._text)

    # --- where what stands there begins and ends -----------------------------------------------------------------

    def is_flow(self, node: Node) -> bool:
        """Whether it is written with brackets or braces."""
        return not isinstance(node, Scalar) and self._text.startswith(("{", "["), self.ends(node)[0])

    def after_colon(self, key: Scalar) -> int:
        found = _COLON.match(self._text, key.end)
        if found is None:
            raise NotEditable(f"the key {key.text!r} is not written as `key: value`")
        return found.end()

    def ends(self, node: Node) -> tuple[int, int]:
        if isinstance(node, Scalar):
            return node.start, self._end_of_scalar(node)
        span = node.span
        return self.offset(span.line, span.column), self.offset(span.end_line, span.end_column)

    def end(self, node: Node, key: Scalar | None) -> int:
        """Where the last that is said ends, on its line: what a parser calls the end is often the next key."""
        if isinstance(node, Scalar):
            is_empty = node.style == "plain" and not node.text
            return self.after_colon(key) if is_empty and key is not None else self._end_of_scalar(node)
        if self.is_flow(node) or not node.items:
            return self.ends(node)[1]
        if isinstance(node, Mapping):
            key, value = node.items[-1]
            return self.end(value, key)
        return self.end(node.items[-1], None)

    def end_of_text(self, start: int, end: int) -> int:
        """Without the empty lines and comments that a parser counts to what stands above them."""
        lines = self._text[start:end].splitlines(keepends=True)
        while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
            lines.pop()
        return start + len("".join(lines).rstrip())

    def end_of_section(self, start: int, keys: Sequence[int]) -> int:
        """Where the last line of a key ends that is neither empty nor a comment in the first column."""
        below = min((key for key in keys if key > start), default=len(self._text))
        line = self.line(below) if below < len(self._text) else len(self._starts)
        while line - 1 > self.line(start) and self._is_apart(line - 1):
            line -= 1
        return self.line_end(self.start(line - 1))

    def _is_apart(self, line: int) -> bool:
        text = self._text[self.start(line) : self.line_end(self.start(line))]
        return not text.strip() or text.startswith("#")

    def _end_of_scalar(self, node: Scalar) -> int:
        raw = self._text[node.start : node.end]
        if node.style not in ("literal", "folded"):
            return node.end
        return node.start + len(raw.rstrip("\r\n") if _KEPT_END.match(raw) else raw.rstrip())

    def dash(self, item: Node) -> int:
        """Where the line of an item of a list begins to say something."""
        at = self.ends(item)[0] - 1
        while at > 0 and self._text[at].isspace():
            at -= 1
        if self._text[at : at + 1] != "-" or not self.begins_line(at):
            raise NotEditable("an item of this list does not begin its line")
        return at

    def has_comment(self, start: int, end: int, node: Node) -> bool:
        """Whether there is one between the texts of a node."""
        raw = self._text[start:end]
        for first, last in _scalars(node):
            inner = slice(max(0, first - start), max(0, last - start))
            raw = raw[: inner.start] + "x" * len(raw[inner]) + raw[inner.stop :]
        return "#" in raw

    # --- splices -------------------------------------------------------------------------------------------------

    def scalar_replaced(self, node: Scalar, raw: str) -> Splice:
        return Splice(*self.ends(node), raw)

    def lines_after(self, at: int, lines: Sequence[str]) -> Splice:
        """New lines below the one that `at` is on; the last line of a file may go on without a line break."""
        below = self.next_line(at)
        if below == len(self._text) and not self._text.endswith(("\n", "\r")):
            return Splice(below, below, "".join(self.newline + line for line in lines))
        return Splice(below, below, "".join(line + self.newline for line in lines))

    def lines_before(self, at: int, lines: Sequence[str]) -> Splice:
        start = self._starts[self.line(at)]
        return Splice(start, start, "".join(line + self.newline for line in lines))

    def lines_removed(self, start: int, end: int) -> Splice:
        """The whole lines from the one of `start` to that of `end`."""
        first, below = self._starts[self.line(start)], self.next_line(end)
        if below == len(self._text) and not self._text.endswith(("\n", "\r")) and first:
            first = self.line_end(self._starts[self.line(start) - 1])
        return Splice(first, below, "")

    def entry_added(self, mapping: Mapping, raw: str) -> Splice:
        """To what is written in braces."""
        if not mapping.items:
            at = self.ends(mapping)[0] + 1
            return Splice(at, at, raw)
        key, value = mapping.items[-1]
        at = self.end(value, key)
        return Splice(at, at, f", {raw}")

    def entries_added(self, items: Node, spots: Sequence[tuple[int, int]], place: int, raw: str) -> Splice:
        if not spots:
            at = self.ends(items)[0] + 1
            return Splice(at, at, raw)
        if place < len(spots):
            return Splice(spots[place][0], spots[place][0], f"{raw}, ")
        return Splice(spots[-1][1], spots[-1][1], f", {raw}")

    def entries_removed(self, spots: Sequence[tuple[int, int]], first: int, last: int) -> Splice:
        """With the commas behind them, or before the last ones."""
        start, end = spots[first][0], spots[last - 1][1]
        if last < len(spots):
            end = spots[last][0]
        elif first:
            start = spots[first - 1][1]
        if "\n" in self._text[start:end] and "#" in self._text[start:end]:
            raise NotEditable("a comment stands beside it")
        return Splice(start, end, "")

    def lined_up(self, line: str, key: Scalar, value: Node) -> str:
        """A new `key: value` whose value stands below that of its neighbour, if that one was moved there by hand."""
        start, colon = self.ends(value)[0], self.after_colon(key)
        if self.line(start) != self.line(key.start) or start - colon < _LINED_UP:
            return line
        name, _, rest = line.partition(": ")
        return f"{name}:{' ' * max(1, self.column(start) - len(name) - 1)}{rest}"


_LINED_UP = 2
"""Blanks after a colon that nobody types without wanting a column."""


def _scalars(node: Node) -> Iterator[tuple[int, int]]:
    if isinstance(node, Scalar):
        yield node.start, node.end
    elif isinstance(node, Mapping):
        for key, value in node.items:
            yield key.start, key.end
            yield from _scalars(value)
    else:
        for item in node.items:
            yield from _scalars(item)
