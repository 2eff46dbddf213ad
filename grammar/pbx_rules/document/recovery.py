"""Gets past what is no YAML as it stands, so that the rest is read too; called by `reader`.

People write `when: [Surname] is "Lee"`, which YAML takes for a list with something behind it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ruamel.yaml.error import MarkedYAMLError

from pbx_rules.diagnostics import Findings
from pbx_rules.document.places import SourceText
from pbx_rules.document.yaml_errors import explain, place

SPOILED = "\ufdd0"
"""Fills the place of a value that has been reported; never in a file, because `reader` refuses it."""
_EXPRESSION = re.compile(r"[ \t]*(?:-[ \t]+)*(?P<key>when|for|key):[ \t]+(?P<text>[^\s|>#].*)")
_ENTRY = re.compile(r"""[ \t]*(?:-[ \t]+)*(?P<key>[^\s:#"'\[\]{},&*!|>%@`-][^:#]*):[ \t]+(?P<text>[^\s|>#].*)""")

_SECTION = re.compile(r"^(?P<name>[A-Za-z_]\w*):(?=\s|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Section:
    """A key of the top level with all that belongs to it, as offsets in the text."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Value:
    """What stands behind a key on its line, and why YAML could not go on there."""

    key: str
    text: str
    start: int
    error: MarkedYAMLError
    is_expression: bool

    def report(self, source: SourceText, findings: Findings) -> None:
        if self.is_expression:
            span = source.span(self.start, self.start + len(self.text))
            hint = in_quotes(self.key, self.text)
            findings.add("R0409", "YAML cannot read this as one text", span, hint=hint)
        else:
            explain(self.error, source, findings)


def value_around(error: MarkedYAMLError, source: SourceText) -> Value | None:
    """The value in which the reading ended; None if that was elsewhere."""
    marks = [mark.index for mark in (error.problem_mark, error.context_mark) if mark]
    for pattern, at in [*((_EXPRESSION, at) for at in marks), (_ENTRY, place(error))]:
        column = source.position(at)[1] - 1
        line = source.rest_of_line(at - column).rstrip()
        found = pattern.match(line)
        if found and found.start("text") <= column <= len(line):
            start = at - column + found.start("text")
            return Value(found["key"], found["text"], start, error, pattern is _EXPRESSION)
    return None


def without_values(text: str, some: Sequence[Value]) -> str:
    """Every place as before."""
    for value in some:
        end = value.start + len(value.text)
        text = text[: value.start] + SPOILED * len(value.text) + text[end:]
    return text


def sections(text: str) -> list[Section]:
    starts = [(found["name"], found.start()) for found in _SECTION.finditer(text)]
    return [Section(name, start, end) for (name, start), (_, end) in pairwise([*starts, ("", len(text))])]


def without(text: str, some: Sequence[Section]) -> str:
    """Every place as before."""
    for section in some:
        text = text[: section.start] + _blank(text[section.start : section.end]) + text[section.end :]
    return text


def alone(text: str, section: Section) -> str:
    """Every place as before."""
    return _blank(text[: section.start]) + text[section.start : section.end]


def _blank(text: str) -> str:
    return re.sub(r"[^\r\n]", " ", text)


def in_quotes(key: str, text: str) -> str:
    return f"put it in quotes: {key}: '{text.replace(chr(39), chr(39) * 2)}'"
