"""What a profile's text, however unfinished, says where: its lines, sections, rules, names. All places count from 0."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from pbx_rules import Mention, Span, mentions
from pbx_rules.check.vocabulary import KEYWORDS
from pbx_rules.document import Mapping, load
from pbx_rules.syntax.statements import split
from pbx_rules.trial import scalar

from pbx_connector.application.language.loops import Loops, loops_of_structure

_LINE_BREAK = re.compile(r"\r\n|\n|\r")
_TOP_LEVEL = re.compile(r"""["']?([A-Za-z_]\w*)["']?\s*:""")
_SOURCE = re.compile(r"""source\s*:\s*["']?([\w.-]+)""")
_STRUCTURE = re.compile(r"""["']?structure["']?\s*:""")
_TABLE = re.compile(r"""(\s+)["']?(\w+)["']?\s*:""")
_DEFINITION = re.compile(r"([^\W\d]\w*)\s*=(?!=)")
EXPRESSION = re.compile(r"""(?:^|[\s,{])["']?(when|for|key)["']?\s*:\s*(["']?)(.*)$""")
"""A line of the structure up to some place: an expression that has begun there."""


class Place(NamedTuple):
    """A stretch of one line; columns count characters, the end is exclusive."""

    line: int
    start: int
    end: int

    def holds(self, line: int, column: int) -> bool:
        return self.line == line and self.start <= column <= self.end


@dataclass(frozen=True, slots=True)
class Named:
    """A variable or a table where it is defined."""

    name: str
    place: Place
    text: str = ""
    """The statement of a variable, on one line."""


class Outline:
    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = _LINE_BREAK.split(text)

    def before(self, line: int, column: int) -> str:
        """What stands on the line before the column."""
        return self.lines[line][:column] if line < len(self.lines) else ""

    def statement_before(self, line: int, column: int) -> str:
        """What stands of a statement of the rules before the cursor; a statement may have several lines."""
        start, indent, _ = self._rules
        first = line
        while first > start and _leading(self.lines[first]) > indent:
            first -= 1
        return "\n".join([*self.lines[first:line], self.before(line, column)])

    def section(self, line: int) -> str:
        """The top-level key that a line belongs to; empty above the first."""
        for number in range(min(line, len(self.lines) - 1), -1, -1):
            if found := _TOP_LEVEL.match(self.lines[number]):
                return found[1]
        return ""

    @cached_property
    def source(self) -> str:
        """The source that the profile names; empty if it names none."""
        return next((found[1] for line in self.lines if (found := _SOURCE.match(line))), "")

    @cached_property
    def top_level_keys(self) -> frozenset[str]:
        return frozenset(found[1] for line in self.lines if (found := _TOP_LEVEL.match(line)))

    @cached_property
    def variables(self) -> dict[str, Named]:
        """By name; of two with one name the first."""
        line, indent, block = self._rules
        named: dict[str, Named] = {}
        before = 0
        for chunk in split(block):
            line += block.count("\n", before, chunk.start)
            before = chunk.start
            found = _DEFINITION.match(chunk.text)
            if found and found[1].lower() not in KEYWORDS:
                place = Place(line, indent + found.start(1), indent + found.end(1))
                named.setdefault(found[1], Named(found[1], place, " ".join(chunk.text.split())))
        return named

    @cached_property
    def tables(self) -> dict[str, Named]:
        root = load(self.text, "").root
        tables = root.get("tables") if isinstance(root, Mapping) else None
        if isinstance(tables, Mapping):
            return {key.text: Named(key.text, place_of(key.span)) for key, _ in tables.items}
        return self._tables_of_lines()

    @cached_property
    def loops(self) -> Loops:
        """The loop variables of every `for:` in the structure."""
        at = next((number for number, line in enumerate(self.lines) if _STRUCTURE.match(line)), len(self.lines))
        return loops_of_structure([*self.lines[at : at + 1], *self._indented(at + 1)])

    @cached_property
    def rule_mentions(self) -> tuple[Mention, ...]:
        """The names in the rules block; their spans are those of the file."""
        start, indent, block = self._rules
        return tuple(
            Mention(found.kind, found.name, moved(found.span, start, indent))
            for found in mentions(scalar(block), rules=True)
        )

    @cached_property
    def _rules(self) -> tuple[int, int, str]:
        """The first line of the rules block, its indentation, and its text without that."""
        for number, line in enumerate(self.lines):
            if re.match(r"""["']?rules["']?\s*:""", line):
                block = self._indented(number + 1)
                indent = min((_leading(line) for line in block if line.strip()), default=0)
                return number + 1, indent, "\n".join(line[indent:] for line in block)
        return 0, 0, ""

    def _indented(self, first: int) -> list[str]:
        """The lines from `first` on that stand under a top-level key."""
        end = first
        while end < len(self.lines) and (not self.lines[end].strip() or self.lines[end][0] in " \t"):
            end += 1
        return self.lines[first:end]

    def _tables_of_lines(self) -> dict[str, Named]:
        """Where the file is no YAML at the moment: the keys that are indented least under `tables:`."""
        found = []
        for number, line in enumerate(self.lines):
            if line[:1].isspace() and self.section(number) == "tables" and (key := _TABLE.match(line)):
                found.append((len(key[1]), Named(key[2], Place(number, key.start(2), key.end(2)))))
        least = min((indent for indent, _ in found), default=0)
        return {named.name: named for indent, named in found if indent == least}


def place_of(span: Span) -> Place:
    """The first line of a span of a file."""
    end = span.end_column if span.end_line == span.line else span.column
    return Place(span.line - 1, span.column - 1, end - 1)


def moved(span: Span, lines: int, columns: int) -> Span:
    return Span(span.line + lines, span.column + columns, span.end_line + lines, span.end_column + columns)


def _leading(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
