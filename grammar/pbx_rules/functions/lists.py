"""Functions on lists. A single value serves as a list of one; lists hold no blanks and no lists."""

from __future__ import annotations

import unicodedata
from datetime import date
from decimal import Decimal

from pbx_rules.functions.registry import Example, Function, Parameter
from pbx_rules.runtime.coercion import as_text, flatten
from pbx_rules.runtime.limits import Cost
from pbx_rules.runtime.text import fold, normalized
from pbx_rules.types import LIST, NUMBER, Type, either
from pbx_rules.values import Value


def _list(*values: Value) -> tuple[Value, ...] | None:
    return flatten(values) or None


def _first(values: tuple[Value, ...]) -> Value:
    return values[0]


def _last(values: tuple[Value, ...]) -> Value:
    return values[-1]


def _item(values: tuple[Value, ...], number: Decimal) -> Value:
    return values[int(number) - 1] if 1 <= number <= len(values) else None


def _count(values: tuple[Value, ...] | None) -> Decimal:
    return Decimal(len(values or ()))


def _unique(values: tuple[Value, ...]) -> tuple[Value, ...]:
    found: dict[str, Value] = {}
    for value in values:
        found.setdefault(fold(as_text(value) or ""), value)
    return tuple(found.values())


def _sort(values: tuple[Value, ...]) -> tuple[Value, ...]:
    return tuple(sorted(values, key=_rank))


def _rank(value: Value) -> tuple[int, Decimal | int, str, str]:
    """Numbers, then dates, then texts without case; an accent counts only between texts that are the same without."""
    text = as_text(value) or ""
    if isinstance(value, Decimal):
        return 0, value, "", ""
    if isinstance(value, date):
        return 1, value.toordinal(), "", ""
    return 2, 0, _without_accents(fold(text)), text


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    return "".join(char for char in normalized("NFD", text) if not unicodedata.combining(char))


def _same(types: tuple[Type, ...]) -> Type:
    first = types[0]
    return first.not_blank() if first.kind == "list" else Type("list", maybe_blank=False, of=_element(first))


def _element(of: Type) -> Type | None:
    element = of.element
    return None if element.kind in ("any", "unknown", "blank") else element


def _of_arguments(types: tuple[Type, ...]) -> Type:
    """Without blanks, so blank only if every value is."""
    if not types:
        return LIST
    found = types[0].element
    for other in types[1:]:
        found = either(found, other.element)
    return Type("list", all(of.maybe_blank for of in types), _element(found))


_VALUES = Parameter("values", "list")
_FREE = Cost(character=0, element=0)
"""Of what looks at the list's ends alone."""

FUNCTIONS = (
    Function(
        "list",
        "lists",
        "A list of the values, without the blank ones; lists among them are taken apart.",
        (Parameter("values", "any", many=True, takes_blank=True),),
        _of_arguments,
        _list,
        cost=Cost(character=0, element=10),
        examples=(Example('list("a", blank, "b")', 'list("a", "b")'), Example("list(blank)", "blank")),
    ),
    Function(
        "first",
        "lists",
        "The first element.",
        (_VALUES,),
        lambda types: types[0].element,
        _first,
        cost=_FREE,
        examples=(
            Example('first(list("a", "b"))', '"a"'),
            Example('first("a")', '"a"'),
            Example("first(blank)", "blank"),
        ),
    ),
    Function(
        "last",
        "lists",
        "The last element.",
        (_VALUES,),
        lambda types: types[0].element,
        _last,
        cost=_FREE,
        examples=(Example('last(list("a", "b"))', '"b"'),),
    ),
    Function(
        "item",
        "lists",
        "Element number `n`, counted from 1; blank if there is none.",
        (_VALUES, Parameter("n", "number")),
        lambda types: types[0].element.or_blank(),
        _item,
        cost=_FREE,
        examples=(Example('item(list("a", "b"), 2)', '"b"'), Example('item(list("a", "b"), 3)', "blank")),
    ),
    Function(
        "count",
        "lists",
        "How many elements; 0 for blank.",
        (Parameter("values", "list", takes_blank=True),),
        NUMBER.not_blank(),
        _count,
        cost=_FREE,
        examples=(Example('count(list("a", "b"))', "2"), Example("count(blank)", "0"), Example('count("a")', "1")),
    ),
    Function(
        "unique",
        "lists",
        "Each element once, the first of those that differ only in case.",
        (_VALUES,),
        _same,
        _unique,
        cost=Cost(character=10, accented=3),
        examples=(Example('unique(list("a", "A", "b"))', 'list("a", "b")'),),
    ),
    Function(
        "sort",
        "lists",
        "In order: numbers, then dates, then texts without regard to case; Ö stands with O.",
        (_VALUES,),
        _same,
        _sort,
        cost=Cost(element=500, character=30),
        examples=(
            Example('sort(list("b", "C", "a"))', 'list("a", "b", "C")'),
            Example("sort(list(10, 9))", "list(9, 10)"),
        ),
    ),
)
