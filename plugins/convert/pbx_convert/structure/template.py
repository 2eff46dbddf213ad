"""Reads JSON in which Handlebars stand, in texts and between elements alike."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from pbx_convert.findings import CannotSay

LONGEST = 200_000
DEEPEST = 20
_MUSTACHE = re.compile(r"\{\{\{\s*([^{}]*?)\s*\}\}\}|\{\{!--.*?--\}\}|\{\{\s*([^{}]*?)\s*\}\}", re.DOTALL)
_NAME = re.compile(r"[\w./@-]+")
_PLAIN = re.compile(r"true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Slot:
    """`{{{name}}}`"""

    name: str


@dataclass(frozen=True, slots=True)
class Guard:
    """`{{#if name}}`, `{{#unless name}}` (and `{{else}}`), or `{{#each name}}`."""

    name: str
    kind: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Guarded:
    """A part of a text that depends on a guard."""

    guard: Guard
    parts: tuple[Part, ...]


Part = str | Slot | Guarded


@dataclass(frozen=True, slots=True)
class Words:
    """A text, or a plain value as its text."""

    parts: tuple[Part, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Item:
    """An element of a list, or a member of an object, which has a key."""

    value: Value
    guards: tuple[Guard, ...]
    line: int
    key: str = ""


@dataclass(frozen=True, slots=True)
class Object:
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Several:
    items: tuple[Item, ...]


Value = Words | Object | Several


def read(text: str) -> Value:
    """Raises `CannotSay` at the line where it cannot be read."""
    if len(text) > LONGEST:
        raise CannotSay("the structure is too long", 1)
    reader = _Reader(text)
    value = reader.value(0)
    reader.skip()
    if reader.at < len(text):
        raise CannotSay("something stands behind the end of the structure", reader.line)
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self.at = 0

    @property
    def line(self) -> int:
        return self._text.count("\n", 0, self.at) + 1

    def fail(self, reason: str) -> CannotSay:
        return CannotSay(reason, self.line)

    def skip(self) -> None:
        while self.at < len(self._text) and self._text[self.at] in " \t\r\n\ufeff":
            self.at += 1

    def _peek(self) -> str:
        return self._text[self.at : self.at + 1]

    def _mustache(self) -> str | None:
        """What stands between the braces that begin here; None if none do. Comments are empty."""
        if not self._text.startswith("{{", self.at):
            return None
        found = _MUSTACHE.match(self._text, self.at)
        if not found:
            raise self.fail("these braces are not closed")
        self.at = found.end()
        inside = found[1] if found[1] is not None else found[2] or ""
        return "" if inside.startswith("!") else inside or "!"

    def value(self, depth: int) -> Value:
        self.skip()
        if depth > DEEPEST:
            raise self.fail("the structure is too deeply nested")
        line = self.line
        if (inside := self._mustache()) is not None:
            return Words((Slot(self._name(inside)),), line)
        sign = self._peek()
        if sign == "{":
            return Object(self._items("}", depth))
        if sign == "[":
            return Several(self._items("]", depth))
        if sign == '"':
            return self._words()
        plain = _PLAIN.match(self._text, self.at)
        if not plain:
            raise self.fail("this is no JSON")
        self.at = plain.end()
        return Words(() if plain[0] == "null" else (plain[0],), line)

    def _items(self, end: str, depth: int) -> tuple[Item, ...]:
        """Commas are taken as they come: `{{#each}}` leaves one too many."""
        self.at += 1
        items: list[Item] = []
        guards: list[Guard] = []
        while True:
            self.skip()
            if self.at >= len(self._text):
                raise self.fail(f"a `{end}` is missing")
            if self._peek() == end:
                self.at += 1
                break
            if self._peek() == ",":
                self.at += 1
            elif not self._block(guards):
                items.append(self._item(end, tuple(guards), depth))
        if guards:
            raise self.fail(f"{{{{#{guards[-1].kind}}}}} is not closed")
        return tuple(items)

    def _item(self, end: str, guards: tuple[Guard, ...], depth: int) -> Item:
        line = self.line
        if end == "]":
            return Item(self.value(depth + 1), guards, line)
        if self._peek() != '"':
            raise self.fail("a name in quotes is missing")
        key = self._words()
        if not all(isinstance(part, str) for part in key.parts):
            raise self.fail("the name of a field must be spelled out")
        self.skip()
        if self._peek() != ":":
            raise self.fail("a colon is missing")
        self.at += 1
        return Item(self.value(depth + 1), guards, line, "".join(map(str, key.parts)))

    def _block(self, guards: list[Guard]) -> bool:
        """Opens, turns or closes a block that stands here; False if none does."""
        begun = self.at
        inside = self._mustache()
        if inside == "":
            return True
        if inside is None or (inside[0] not in "#/" and inside != "else"):
            self.at = begun
            return False
        if inside[0] == "#":
            guards.append(self._guard(inside))
        elif not guards:
            raise self.fail(f"{{{{{inside}}}}} closes nothing")
        elif inside == "else":
            guards.append(self._turned(guards.pop()))
        else:
            self._closed(inside, guards.pop())
        return True

    def _guard(self, inside: str) -> Guard:
        kind, _, name = inside[1:].strip().partition(" ")
        if kind not in ("if", "unless", "each"):
            raise self.fail(f"{{{{#{kind[:30]}}}}} has no counterpart")
        return Guard(self._name(name.strip()), kind, negated=kind == "unless")

    def _turned(self, guard: Guard) -> Guard:
        if guard.kind == "each":
            raise self.fail("{{else}} of {{#each}} has no counterpart")
        return Guard(guard.name, guard.kind, not guard.negated)

    def _closed(self, inside: str, guard: Guard) -> None:
        if inside[1:].strip() != guard.kind:
            raise self.fail(f"{{{{#{guard.kind}}}}} is closed by {{{{{inside[:30]}}}}}")

    def _name(self, inside: str) -> str:
        if not _NAME.fullmatch(inside):
            raise self.fail(f"{{{{{inside[:40]}}}}} has no counterpart")
        return inside

    def _words(self) -> Words:
        line = self.line
        self.at += 1
        parts, closed = self._parts(0)
        if closed != '"':
            raise self.fail(f"{{{{{closed}}}}} closes nothing")
        return Words(parts, line)

    def _parts(self, depth: int) -> tuple[tuple[Part, ...], str]:
        """Up to the quote at the end, or to what closes or turns a block; which of them it was."""
        if depth > DEEPEST:
            raise self.fail("the structure is too deeply nested")
        parts: list[Part] = []
        while self.at < len(self._text):
            if self._peek() == '"':
                self.at += 1
                return tuple(parts), '"'
            inside = self._mustache()
            if inside is None:
                parts.append(self._plain())
            elif inside[:1] == "/" or inside == "else":
                return tuple(parts), inside
            elif inside[:1] == "#":
                parts += self._guarded(self._guard(inside), depth)
            elif inside:
                parts.append(Slot(self._name(inside)))
        raise self.fail("a text is not closed")

    def _guarded(self, guard: Guard, depth: int) -> list[Part]:
        parts, closed = self._parts(depth + 1)
        found: list[Part] = [Guarded(guard, parts)]
        if closed == "else":
            guard = self._turned(guard)
            parts, closed = self._parts(depth + 1)
            found.append(Guarded(guard, parts))
        if closed == '"':
            raise self.fail(f"{{{{#{guard.kind}}}}} is not closed")
        self._closed(closed, guard)
        return found

    def _plain(self) -> str:
        """Characters and escapes up to braces or the end."""
        begun = self.at
        while self.at < len(self._text) and self._peek() != '"' and not self._text.startswith("{{", self.at):
            self.at += 2 if self._peek() == "\\" else 1
        try:
            return str(json.loads(f'"{self._text[begun : self.at]}"', strict=False))
        except ValueError:
            raise self.fail("this escape in a text is no JSON") from None
