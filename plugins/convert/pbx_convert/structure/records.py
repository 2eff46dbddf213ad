"""Writes the structure of a profile: conditions become `when:`, repetitions `for:`, texts with either a rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from pbx_convert import simplify
from pbx_convert.findings import CannotSay, Kind, Note
from pbx_convert.structure.template import Guard, Guarded, Item, Object, Part, Several, Slot, Value, Words
from pbx_convert.terms import Call, Each, Name, Term, Text, written
from pbx_convert.terms import Part as Member

Refer = Callable[[str], Term]
"""The variable or field of a name."""


@dataclass
class Structure:
    """The lines, and the rules that they need beside those of the variables."""

    lines: list[str] = field(default_factory=list)
    rules: dict[str, Term] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    feeds: dict[str, set[str]] = field(default_factory=dict)
    """By the code of a target field, the names that go into it."""


def names_in(value: Value) -> set[str]:
    """Every name that it uses, without the parts of it."""
    if isinstance(value, Words):
        return set(_in_parts(value.parts))
    found = {_root(guard.name) for item in value.items for guard in item.guards}
    return found.union(*(names_in(item.value) for item in value.items))


def _in_parts(parts: Sequence[Part]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Guarded):
            yield _root(part.guard.name)
            yield from _in_parts(part.parts)
        elif isinstance(part, Slot):
            yield _root(part.name)


def _root(name: str) -> str:
    return name.partition(".")[0]


class Writer:
    def __init__(self, refer: Refer, spoken_for: set[str]) -> None:
        """`spoken_for`: names that rules have already."""
        self._refer = refer
        self._names = set(spoken_for)
        self._loops: list[str] = []
        self.made = Structure()

    def write(self, value: Value) -> Structure:
        if not isinstance(value, Object):
            raise CannotSay('a structure is an object: {"phonebook": [...]}', 1)
        for item in value.items:
            if item.guards:
                raise CannotSay("a whole table under a condition has no counterpart", item.line)
            self.made.lines.append(f"  {_key(item.key)}:")
            self._records(item.value, "    ", item.line)
        return self.made

    def _records(self, value: Value, indent: str, line: int) -> None:
        items = value.items if isinstance(value, Several) else (Item(value, (), line),)
        for item in items:
            if not isinstance(item.value, Object):
                raise CannotSay("a record is an object", item.line)
            self._record(item.value, item.guards, indent, item.line)

    def _record(self, record: Object, guards: tuple[Guard, ...], indent: str, line: int) -> None:
        begun = len(self._loops)
        lines = self._conditions(guards, is_label=indent != "    ", line=line)
        post = None
        for item in record.items:
            if item.key == "post":
                post = item
            else:
                lines.append(f"{_key(item.key)}: {self._field(item)}")
        first = f"{indent}- "
        for text in lines:
            self.made.lines.append(f"{first}{text}")
            first = f"{indent}  "
        if post:
            self._post(post, indent)
        del self._loops[begun:]

    def _post(self, post: Item, indent: str) -> None:
        if not isinstance(post.value, Object) or post.guards:
            raise CannotSay("such a `post` has no counterpart", post.line)
        self.made.lines.append(f"{indent}  post:")
        for item in post.value.items:
            if item.guards:
                raise CannotSay("a whole table under a condition has no counterpart", item.line)
            self.made.lines.append(f"{indent}    {_key(item.key)}:")
            self._records(item.value, f"{indent}      ", item.line)

    def _conditions(self, guards: Sequence[Guard], *, is_label: bool, line: int) -> list[str]:
        lines: list[str] = []
        when = simplify.YES
        for guard in guards:
            if guard.kind != "each":
                when = simplify.and_(when, self._asked(guard))
                continue
            if any(text.startswith("for:") for text in lines):
                raise CannotSay("a repetition in a repetition has no counterpart", line)
            over = self.term(guard.name)
            name = self._loop(guard.name)
            lines.append(f"for: {_quoted(f'{name} in {written(over)}')}")
            if not is_label:
                lines.append(f"key: {name}")
                self.made.notes.append(Note(Kind.KEY, "structure", line))
        if when != simplify.YES:
            lines.append(f"when: {_quoted(written(when))}")
        return lines

    def _loop(self, over: str) -> str:
        name = self._unused((_root(over)[:1] or "x").lower())
        self._loops.append(name)
        return name

    def _unused(self, wanted: str) -> str:
        number, made = 1, wanted
        while made in self._names:
            number += 1
            made = f"{wanted}{number}"
        self._names.add(made)
        return made

    def _asked(self, guard: Guard) -> Term:
        asked = simplify.has_value(self.term(guard.name))
        return simplify.not_(asked) if guard.negated else asked

    def term(self, name: str) -> Term:
        root, _, rest = name.partition(".")
        if root == "this" or name == ".":
            if not self._loops:
                raise CannotSay("{{this}} stands outside {{#each}}")
            term: Term = Name(self._loops[-1])
        elif root.startswith("@") or "/" in name:
            raise CannotSay(f"{{{{{name}}}}} has no counterpart")
        else:
            term = self._refer(root)
        for part in filter(None, rest.split(".")):
            term = Member(term, part)
        return term

    def _field(self, item: Item) -> str:
        if not isinstance(item.value, Words):
            raise CannotSay(f"the value of {item.key} is no text", item.line)
        if any(guard.kind == "each" for guard in item.guards):
            raise CannotSay(f"{item.key} would stand there several times", item.line)
        names = {_root(name) for name in names_in(item.value)}
        self.made.feeds.setdefault(item.key, set()).update(names)
        parts = _needed(item)
        plain = [part for part in parts if not isinstance(part, Guarded)]
        if len(plain) == len(parts):
            return _quoted("".join(part if isinstance(part, str) else self._placeholder(part) for part in plain))
        if self._loops and any(name == "this" for name in names):
            raise CannotSay("a condition inside a text that is repeated has no counterpart", item.line)
        return _quoted(f"{{{{{self._rule(item.key, self._joined(parts))}}}}}")

    def _placeholder(self, slot: Slot) -> str:
        return f"{{{{{_spoken(self.term(slot.name))}}}}}"

    def _rule(self, key: str, term: Term) -> str:
        name = self._unused((key.rpartition("_")[2] or "text").capitalize())
        self.made.rules[name] = term
        return name

    def _joined(self, parts: Sequence[Part]) -> Term:
        return simplify.concat(*map(self._part, parts))

    def _part(self, part: Part) -> Term:
        if isinstance(part, str):
            if any(ord(sign) < 32 for sign in part):
                raise CannotSay("a line break or tab cannot be written in a rule")
            return Text(part)
        if isinstance(part, Slot):
            return self.term(part.name)
        if part.guard.kind != "each":
            return simplify.if_(self._asked(part.guard), self._joined(part.parts), simplify.BLANK)
        over = self.term(part.guard.name)
        name = self._loop(part.guard.name)
        give = self._joined(part.parts)
        self._loops.pop()
        return Call("join", (Text(""), over if give == Name(name) else Each(name, over, None, give)))


def _needed(item: Item) -> tuple[Part, ...]:
    """Its parts under its conditions; what is blank by itself where they do not hold needs none."""
    parts: tuple[Part, ...] = item.value.parts if isinstance(item.value, Words) else ()
    for guard in reversed(item.guards):
        if parts == (Slot(guard.name),) and not guard.negated:
            continue
        parts = (Guarded(guard, parts),)
    return parts


def _spoken(term: Term) -> str:
    """In a placeholder a field has no brackets."""
    if isinstance(term, Member):
        return f"{_spoken(term.of)}.{term.name}"
    return str(getattr(term, "name", ""))


def _key(text: str) -> str:
    return text if text and all(sign.isascii() and (sign.isalnum() or sign in "_.") for sign in text) else _quoted(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
