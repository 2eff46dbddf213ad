"""Expressions of the rule language, as values: what PHP is translated into, and how it is written.

A term knows its size and depth from the moment it is made, so that substituting variables can never make one that the
language, or this machine, would be too small for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any

LARGEST = 900
"""Terms in one: the language takes 3,000 words a statement."""
DEEPEST = 24
"""Of terms in each other: the language takes 32 brackets."""


class TooLarge(Exception):
    """It would be more than one statement can hold."""


@dataclass(frozen=True)
class Term:
    def __post_init__(self) -> None:
        children = list(self.children())
        size = 1 + sum(child.size for child in children)
        depth = 1 + max((child.depth for child in children), default=0)
        if size > LARGEST or depth > DEEPEST:
            raise TooLarge
        object.__setattr__(self, "_measures", (size, depth))

    @property
    def size(self) -> int:
        return int(self.__dict__["_measures"][0])

    @property
    def depth(self) -> int:
        return int(self.__dict__["_measures"][1])

    def children(self) -> Iterator[Term]:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Term):
                yield value
            elif isinstance(value, tuple):
                yield from (element for element in value if isinstance(element, Term))


@dataclass(frozen=True)
class Field(Term):
    name: str


@dataclass(frozen=True)
class Name(Term):
    """A variable, or what `each` goes through."""

    name: str


@dataclass(frozen=True)
class Text(Term):
    value: str


@dataclass(frozen=True)
class Number(Term):
    value: int


@dataclass(frozen=True)
class Boolean(Term):
    value: bool


@dataclass(frozen=True)
class Blank(Term):
    pass


@dataclass(frozen=True)
class Pattern(Term):
    source: str
    ignore_case: bool = False


@dataclass(frozen=True)
class Call(Term):
    function: str
    arguments: tuple[Term, ...]


@dataclass(frozen=True)
class Case(Term):
    """`key: value` in `switch`; without a key it is `else: value`."""

    key: Term | None
    value: Term


@dataclass(frozen=True)
class Concat(Term):
    parts: tuple[Term, ...]


@dataclass(frozen=True)
class Compare(Term):
    operator: str
    left: Term
    right: Term


@dataclass(frozen=True)
class Member(Term):
    left: Term
    options: tuple[Term, ...]
    negated: bool = False


@dataclass(frozen=True)
class Not(Term):
    operand: Term


@dataclass(frozen=True)
class And(Term):
    operands: tuple[Term, ...]


@dataclass(frozen=True)
class Or(Term):
    operands: tuple[Term, ...]


@dataclass(frozen=True)
class Else(Term):
    options: tuple[Term, ...]


@dataclass(frozen=True)
class Each(Term):
    name: str
    over: Term
    where: Term | None
    give: Term


@dataclass(frozen=True)
class Part(Term):
    of: Term
    name: str


def walk(term: Term) -> Iterator[Term]:
    yield term
    for child in term.children():
        yield from walk(child)


def fields_of(terms: Iterable[Term]) -> set[str]:
    return {found.name for term in terms for found in walk(term) if isinstance(found, Field)}


def uses(term: Term, name: str) -> bool:
    return any(isinstance(found, Name) and found.name == name for found in walk(term))


_LOOSEST, _ELSE, _OR, _AND, _NOT, _COMPARE, _JOIN, _DOT, _UNIT = range(9)
_STRENGTH: dict[type, int] = {
    Each: _LOOSEST,
    Else: _ELSE,
    Or: _OR,
    And: _AND,
    Not: _NOT,
    Compare: _COMPARE,
    Member: _COMPARE,
    Concat: _JOIN,
    Part: _DOT,
}
"""How tightly a form holds together; what is not here is a unit."""


def written(term: Term) -> str:
    """As the rule language has it."""
    return _WRITERS[type(term)](term)


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _held(term: Term, strength: int) -> str:
    text = written(term)
    return text if _STRENGTH.get(type(term), _UNIT) >= strength else f"({text})"


def _chain(terms: Iterable[Term], word: str, strength: int) -> str:
    return f" {word} ".join(_held(term, strength + 1) for term in terms)


def _list(terms: Iterable[Term]) -> str:
    return ", ".join(map(written, terms))


def _pattern(term: Pattern) -> str:
    return f"/{term.source}/{'i' if term.ignore_case else ''}"


def _case(term: Case) -> str:
    return f"{written(term.key) if term.key else 'else'}: {written(term.value)}"


def _member(term: Member) -> str:
    return f"{_held(term.left, _JOIN)} {'not in' if term.negated else 'in'} ({_list(term.options)})"


def _compare(term: Compare) -> str:
    return f"{_held(term.left, _JOIN)} {term.operator} {_held(term.right, _JOIN)}"


def _each(term: Each) -> str:
    where = "" if term.where is None else f" where {_held(term.where, _ELSE)}"
    return f"each {term.name} in {_held(term.over, _ELSE)}{where} give {written(term.give)}"


_WRITERS: dict[type, Callable[[Any], str]] = {
    Field: lambda term: f"[{term.name}]",
    Name: lambda term: term.name,
    Text: lambda term: quoted(term.value),
    Number: lambda term: str(term.value),
    Boolean: lambda term: "true" if term.value else "false",
    Blank: lambda term: "blank",
    Pattern: _pattern,
    Call: lambda term: f"{term.function}({_list(term.arguments)})",
    Case: _case,
    Concat: lambda term: _chain(term.parts, "&", _JOIN),
    Compare: _compare,
    Member: _member,
    Not: lambda term: f"not {_held(term.operand, _NOT)}",
    And: lambda term: _chain(term.operands, "and", _AND),
    Or: lambda term: _chain(term.operands, "or", _OR),
    Else: lambda term: _chain(term.options, "else", _ELSE),
    Each: _each,
    Part: lambda term: f"{_held(term.of, _DOT)}.{term.name if term.name.isidentifier() else f'[{term.name}]'}",
}
