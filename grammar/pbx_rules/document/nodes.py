"""The tree that `reader` makes: texts as they were typed, each with its place in the file."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from pbx_rules.diagnostics import Diagnostic, Span
from pbx_rules.document.places import SourceText, offsets_of_value

Style = Literal["plain", "quoted", "literal", "folded", "verbatim"]
"""As YAML writes it; `verbatim` for a text that does not come from YAML."""
Plain: TypeAlias = "str | list[Plain] | dict[str, Plain]"


@dataclass(frozen=True)
class Scalar:
    """A text; YAML's guesses at types (`NO`, `0041`, `12:30`) are not made."""

    text: str
    span: Span
    style: Style
    source: SourceText = field(repr=False, compare=False)
    start: int = field(repr=False, compare=False)
    """Where the scalar with its quotes or its `|` stands in the file, as offsets of characters."""
    end: int = field(repr=False, compare=False)

    @cached_property
    def _offsets(self) -> list[int] | None:
        return offsets_of_value(self.source.text, self.start, self.end, self.style, self.text)

    def span_at(self, start: int, end: int) -> Span:
        """Where the characters `start` to `end` of `text` stand in the file; the whole scalar if nobody can tell."""
        if self._offsets is None:
            return self.span
        first = self._offsets[min(start, len(self.text))]
        last = self._offsets[min(end, len(self.text)) - 1] + 1 if end > start else first
        return self.source.span(first, max(first, last))

    def plain(self) -> str:
        return self.text


def verbatim(text: str) -> Scalar:
    """A text of its own, outside any file."""
    source = SourceText(text)
    return Scalar(text, source.span(0, len(text)), "verbatim", source, 0, len(text))


@dataclass(frozen=True)
class Sequence:
    items: tuple[Node, ...]
    span: Span

    def plain(self) -> list[Plain]:
        return [item.plain() for item in self.items]


@dataclass(frozen=True)
class Mapping:
    items: tuple[tuple[Scalar, Node], ...]
    span: Span

    def get(self, name: str) -> Node | None:
        """The first value under that key."""
        return next((value for key, value in self.items if key.text == name), None)

    def plain(self) -> dict[str, Plain]:
        return {key.text: value.plain() for key, value in self.items}


Node: TypeAlias = Scalar | Sequence | Mapping


UNREADABLE = frozenset({"R0001", "R0002"})
"""What is wrong with a text before it is YAML at all."""


@dataclass(frozen=True, slots=True)
class Document:
    """`root` is None if the file is empty or no YAML; other mistakes leave as much of the tree as is sound."""

    root: Node | None
    diagnostics: tuple[Diagnostic, ...]
    file: str
    text: str
    rest: Mapping | None = None
    """Where `root` is None though most of the file can be read: what is left without the sections that cannot. A single
    value that cannot is a text of `recovery.SPOILED`."""
    unread: AbstractMapping[str, str] = field(default_factory=dict)
    """The sections of the top level that could not be read, by name, as they were typed."""

    def sound(self, found: Iterable[Diagnostic]) -> list[Diagnostic]:
        """Without what is said of lines that could not be read as they stand: it is about what took their place."""
        lines = {one.span.line for one in self.diagnostics if one.code in UNREADABLE}
        return [one for one in found if one.code in UNREADABLE or one.span.line not in lines]
