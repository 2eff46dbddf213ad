"""What a PHP expression can be while it is followed: a term with its PHP type, or something that only becomes a term
with what is done to it, such as the position that `strpos` gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tree_sitter import Node

from pbx_convert.terms import Boolean, Term

Kind = Literal["text", "field", "maybe", "hit", "mixed", "boolean", "number", "flag", "null", "is-list"]

TEXTS = ("text", "field", "maybe", "hit", "mixed")
"""Whose terms are texts."""
NULLABLE = ("field", "maybe")

_ALWAYS = Boolean(True)


@dataclass(frozen=True)
class Value:
    pass


@dataclass(frozen=True)
class Scalar(Value):
    """`field`: a text, or a list, as it comes, or null; `maybe`: a text or null; `hit`: a text or false; `mixed`: a
    text, or something else that is as good as one; `flag`: a condition as 1 or 0; `is-list`: whether the term, a field,
    has a list."""

    term: Term
    kind: Kind


@dataclass(frozen=True)
class Position(Value):
    """What `strpos` gives: a number, or false."""

    subject: Term
    sought: Term
    ignore_case: bool
    last: bool = False


@dataclass(frozen=True)
class Array(Value):
    """An array that is spelled out; keys as PHP has them."""

    items: tuple[tuple[str | int, Value], ...]


@dataclass(frozen=True)
class Pieces(Value):
    """What `explode` gives, until it is known which piece is wanted."""

    separator: str
    subject: Term
    in_two: bool = False
    """Whether all behind the first separator is one piece."""


@dataclass(frozen=True)
class Many(Value):
    """A list; `sure` if none of its elements can be blank."""

    term: Term
    sure: bool = False


@dataclass(frozen=True)
class Found(Value):
    """The third argument of `preg_match`, afterwards."""

    subject: Term
    pattern: str
    flags: str
    """Of the original."""


@dataclass(frozen=True)
class Function(Value):
    """A function that is spelled out as an argument."""

    parameters: tuple[str, ...]
    body: Node
    variables: tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class Before(Value):
    """What a variable had before a round of a loop."""

    variable: str


@dataclass(frozen=True)
class Step(Value):
    """What a round of a loop does to a variable, under a condition."""

    variable: str
    how: Literal["append", "join", "set"]
    give: Value
    where: Term = _ALWAYS


@dataclass(frozen=True)
class Unknown(Value):
    """Asking for it raises `CannotSay` with the reason."""

    reason: str


NULL = Scalar(Boolean(False), "null")
"""Its term is never used."""
