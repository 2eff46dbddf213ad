"""The tree of the rules as they were written; made by `parser`, read by `check` and by the formatter.

Nodes compare by what they say, not by where they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import Any, Literal, NamedTuple, TypeAlias


class At(NamedTuple):
    """Where a node stands in its text, in characters; the end is exclusive."""

    start: int
    end: int


NOWHERE = At(0, 0)

Operator: TypeAlias = Literal[
    "is",
    "is not",
    "<",
    "<=",
    ">",
    ">=",
    "contains",
    "starts with",
    "ends with",
    "matches",
    "does not contain",
    "does not start with",
    "does not end with",
    "does not match",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    at: At = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Field(Located):
    """`[Name]`"""

    name: str


@dataclass(frozen=True, slots=True)
class Name(Located):
    name: str


@dataclass(frozen=True, slots=True)
class Text(Located):
    value: str


@dataclass(frozen=True, slots=True)
class Number(Located):
    value: Decimal


@dataclass(frozen=True, slots=True)
class Boolean(Located):
    value: bool


@dataclass(frozen=True, slots=True)
class Blank(Located):
    pass


@dataclass(frozen=True, slots=True)
class Pattern(Located):
    """`/source/flags`; in `source`, `\\/` has become `/`."""

    source: str
    flags: str = ""


@dataclass(frozen=True, slots=True)
class Argument(Located):
    """`value`, `name: value` or `else: value`, in a call, a record or after `in`."""

    value: Expression
    name: Expression | None = None
    is_else: bool = False


@dataclass(frozen=True, slots=True)
class Call(Located):
    function: str
    """As it was typed."""
    arguments: tuple[Argument, ...]
    name_at: At = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Record(Located):
    parts: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Part(Located):
    of: Expression
    name: str
    name_at: At = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Concat(Located):
    """`a & b & ...`"""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Compare(Located):
    operator: Operator
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Member(Located):
    """`left in (...)`"""

    left: Expression
    options: tuple[Argument, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Not(Located):
    operand: Expression


@dataclass(frozen=True, slots=True)
class And(Located):
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or(Located):
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Else(Located):
    options: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Each(Located):
    """`each name in over where where give give`"""

    name: str
    over: Expression
    where: Expression | None
    give: Expression
    name_at: At = field(default=NOWHERE, compare=False, repr=False)


Expression: TypeAlias = (
    Field
    | Name
    | Text
    | Number
    | Boolean
    | Blank
    | Pattern
    | Call
    | Record
    | Part
    | Concat
    | Compare
    | Member
    | Not
    | And
    | Or
    | Else
    | Each
)


@dataclass(frozen=True, slots=True)
class Define(Located):
    name: str
    value: Expression
    name_at: At = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Filter(Located):
    """`keep when condition because reason`, or `skip`."""

    keep: bool
    condition: Expression
    reason: str | None = None


Statement: TypeAlias = Define | Filter


@dataclass(frozen=True, slots=True)
class Loop(Located):
    """What stands after `for:` in a structure: `name in over`."""

    name: str
    over: Expression
    name_at: At = field(default=NOWHERE, compare=False, repr=False)


Change: TypeAlias = Callable[[Expression], Expression]


def children(node: Expression) -> Iterator[Expression]:
    """The expressions that the node is made of, those of its arguments among them."""
    for each in fields(node):
        value = getattr(node, each.name)
        for part in value if each.compare and isinstance(value, tuple) else (value,):
            if isinstance(part, Argument):
                yield part.value
            elif isinstance(part, Located):
                yield part  # type: ignore[misc]  # an argument apart, only expressions are located


def mapped(node: Expression, change: Change) -> Expression:
    """The node with each expression in it, itself last, as `change` gives it; names of arguments stay."""
    parts = {each.name: _mapped(getattr(node, each.name), change) for each in fields(node) if each.compare}
    return change(replace(node, **parts))


def _mapped(value: Any, change: Change) -> Any:
    if isinstance(value, tuple):
        return tuple(_mapped(part, change) for part in value)
    if isinstance(value, Argument):
        return replace(value, value=mapped(value.value, change))
    return mapped(value, change) if isinstance(value, Located) else value  # type: ignore[arg-type]  # likewise


def without_empty_text(part: Expression) -> Expression:
    """What is compared with `""` is asked whether it is blank."""
    match part:
        case Compare("is" | "is not", _, Text(value)) if not value.strip():
            return replace(part, right=Blank())
    return part
