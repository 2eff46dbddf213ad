"""What the checker makes of rules and structure: names resolved, types known, conversions spelled out.

Both back ends read this and nothing else, so what is decided here is decided once. Every node carries its type; at run
time a value is blank only where its type says `maybe_blank`, and of the type's kind where that is not `any`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pbx_rules.functions.registry import Function
from pbx_rules.schema import TargetField
from pbx_rules.types import BOOLEAN, Type
from pbx_rules.values import Value

Test: TypeAlias = Literal["is", "contains", "starts with", "ends with", "matches", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Constant:
    value: Any
    """A value of the language, or what a parameter's `prepare` made of it."""
    type: Type


@dataclass(frozen=True, slots=True)
class Field:
    """A source field, read as its type."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Item:
    """What the loop of that slot is at; slots are unique in a profile."""

    slot: str
    type: Type


@dataclass(frozen=True, slots=True)
class Part:
    """Blank if `of` is no record or has no such part."""

    of: Typed
    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Record:
    """Without its blank parts; blank if all are."""

    parts: tuple[tuple[str, Typed], ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Call:
    """Blank if one of the arguments at `needed` is; otherwise what the function gives."""

    function: Function
    arguments: tuple[Typed, ...]
    needed: tuple[int, ...]
    type: Type


Target: TypeAlias = Literal["text", "written", "number", "date", "yes/no", "list"]


@dataclass(frozen=True, slots=True)
class Convert:
    """`written`: as text, and blank as the empty text. `list`: blank stays blank. Others: blank if it cannot be."""

    to: Target
    value: Typed
    type: Type


@dataclass(frozen=True, slots=True)
class Concat:
    """The parts are texts as `written`; white text alone is blank."""

    parts: tuple[Typed, ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Compare:
    """False where a side is blank. On the left a list holds if any element does."""

    test: Test
    left: Typed
    right: Typed
    type: Type = BOOLEAN


@dataclass(frozen=True, slots=True)
class Member:
    """`options` are folded texts."""

    left: Typed
    options: frozenset[str]
    type: Type = BOOLEAN


@dataclass(frozen=True, slots=True)
class IsBlank:
    value: Typed
    type: Type = BOOLEAN


@dataclass(frozen=True, slots=True)
class Not:
    """Of a condition; blank counts as false."""

    operand: Typed
    type: Type = BOOLEAN


@dataclass(frozen=True, slots=True)
class And:
    operands: tuple[Typed, ...]
    type: Type = BOOLEAN


@dataclass(frozen=True, slots=True)
class Or:
    operands: tuple[Typed, ...]
    type: Type = BOOLEAN


@dataclass(frozen=True, slots=True)
class If:
    condition: Typed
    then: Typed
    otherwise: Typed
    type: Type


@dataclass(frozen=True, slots=True)
class Else:
    """The first option that is not blank."""

    options: tuple[Typed, ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Switch:
    """`cases` by folded text; `subject` is a text."""

    subject: Typed
    cases: tuple[tuple[str, Typed], ...]
    otherwise: Typed
    type: Type


@dataclass(frozen=True, slots=True)
class Lookup:
    """`table` by folded key; `key` is a text."""

    table: Mapping[str, Value]
    name: str
    key: Typed
    type: Type


@dataclass(frozen=True, slots=True)
class Each:
    """`over` is a list; the results without blanks and without lists in lists."""

    slot: str
    over: Typed
    where: Typed | None
    give: Typed
    type: Type


Typed: TypeAlias = (
    Constant
    | Field
    | Variable
    | Item
    | Part
    | Record
    | Call
    | Convert
    | Concat
    | Compare
    | Member
    | IsBlank
    | Not
    | And
    | Or
    | If
    | Else
    | Switch
    | Lookup
    | Each
)


@dataclass(frozen=True, slots=True)
class Define:
    name: str
    value: Typed
    text: str = ""
    """The statement as it was typed, on one line."""
    line: int = 0
    """Where it begins in the profile."""


@dataclass(frozen=True, slots=True)
class Filter:
    keep: bool
    condition: Typed
    reason: str
    text: str = ""
    line: int = 0


Statement: TypeAlias = Define | Filter


@dataclass(frozen=True, slots=True)
class TargetValue:
    target: TargetField
    value: Typed


@dataclass(frozen=True, slots=True)
class Loop:
    slot: str
    over: Typed
    key: Typed | None
    """A text; None for records that need no identity."""


@dataclass(frozen=True, slots=True)
class RecordRule:
    """One record of the structure, with the records that belong to it."""

    table: str
    position: int
    """Among the records of its table in the structure."""
    values: tuple[TargetValue, ...]
    post: tuple[RecordRule, ...] = ()
    when: Typed | None = None
    loop: Loop | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """A whole profile, checked."""

    statements: tuple[Statement, ...]
    records: tuple[RecordRule, ...]
    fields: Mapping[str, Type]
    """The source fields that are used."""
