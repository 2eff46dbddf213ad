"""Random syntax trees that are correct by construction, random rows, and random damage.

Written by hand rather than made from the grammar: nearly every tree passes the checker, so the back ends get work.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import strategies as st
from pbx_rules import SourceField, SourceFields
from pbx_rules.syntax import tree

Names = list[str]  # inside `Grower`, `list` is a method
SOURCE = SourceFields(
    (
        SourceField("T"),
        SourceField("U v"),
        SourceField("N", "number"),
        SourceField("D", "date"),
        SourceField("Y", "yes/no"),
        SourceField("L", "list"),
        SourceField("Rs", "list", {"a": "text", "n": "number"}),
        SourceField("R", "record", {"a": "text", "n": "number", "b c": "text"}),
    ),
    closed=False,
)
TABLES = '{t: {a: "1", "2": two, ß: " "}}'

_PIECES = [
    "a",
    "A b",
    "",
    " ",
    "2",
    "true",
    "ß",
    "é",
    "e\u0301",
    "a,b",
    "👍🏽",
    "$1",
    "+49 991 12345",
    "2020-02-29",
    '"',
    "\\",
]
_SOLID = ["a", "b c", "2", "É", "ß"]
_PATTERNS = ["a", r"(\w)(\w)?", "[0-9]+", "^.", "x*", "/", r"\s"]
_TEXT_OPERATORS: list[tree.Operator] = [
    "is",
    "is not",
    "contains",
    "does not contain",
    "starts with",
    "does not start with",
    "ends with",
    "does not end with",
]
_ORDER_OPERATORS: list[tree.Operator] = ["<", "<=", ">", ">="]

_One = TypeVar("_One")
texts = st.one_of(st.sampled_from(_PIECES), st.text(string.printable + "äßéİ\u0301\r\u200b", max_size=8))
numbers = st.decimals(-1000, 1000, places=2, allow_nan=False)
dates = st.dates(date(1, 1, 1), date(9999, 12, 31))


class Grower:
    """Grows expressions of a wanted kind; `depth` is what is left, leaves come first so that examples shrink well."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self.texts: list[str] = []
        self.records: list[str] = []
        self._loops = 0

    def pick(self, choices: Sequence[_One]) -> _One:
        return self._draw(st.sampled_from(choices))

    def chance(self, one_in: int) -> bool:
        return self._draw(st.integers(0, one_in - 1)) == one_in - 1

    def any(self, depth: int) -> Any:
        return self.pick([self.text, self.number, self.condition, self.list])(depth)

    def several(self, grow: Callable[[int], Any], depth: int) -> tuple[Any, ...]:
        return tuple(grow(depth - 1) for _ in range(self.pick([2, 3])))

    # leaves

    def literal(self) -> tree.Text:
        return tree.Text(self.pick(_PIECES))

    def solid(self) -> tree.Text:
        return tree.Text(self.pick(_SOLID))

    def pattern(self) -> tree.Pattern:
        return tree.Pattern(self.pick(_PATTERNS), self.pick(["", "i"]))

    def small(self) -> tree.Number:
        return tree.Number(Decimal(self.pick(range(7))))

    # kinds

    def text(self, depth: int) -> Any:
        if depth <= 0 or self.chance(4):
            leaves: list[tree.Expression] = [tree.Field("T"), tree.Field("U v"), tree.Blank(), tree.Field("open")]
            leaves += [tree.Part(tree.Field("R"), "a"), tree.Part(tree.Field("R"), "b c")]
            leaves += [tree.Name(name) for name in self.texts * 2]
            leaves += [tree.Part(tree.Name(name), "a") for name in self.records * 2]
            return self.literal() if self.chance(3) else self.pick(leaves)
        return self.pick(_TEXTS)(self, depth - 1)

    def number(self, depth: int) -> Any:
        choice = self.pick(range(6)) if depth > 0 else self.pick(range(2))
        match choice:
            case 0:
                return tree.Field("N")
            case 1:
                return tree.Number(self._draw(numbers))
            case 2:
                return call("length", self.text(depth - 1))
            case 3:
                return call("count", self.list(depth - 1))
            case 4:
                return call("number", self.text(depth - 1))
        return tree.Part(tree.Field("R"), "n")

    def date(self, depth: int) -> Any:
        if depth <= 0 or self.chance(2):
            return tree.Field("D")
        return call("date", self.text(depth - 1), tree.Text("YYYY-MM-DD"))

    def list(self, depth: int) -> Any:
        if depth <= 0:
            return self.pick([tree.Field("L"), tree.Field("T"), tree.Field("Rs")][: 2 if depth == 0 else 3])
        match self.pick(range(7 if self._loops < 2 else 6)):
            case 0:
                return tree.Field("L")
            case 1:
                return call("list", *self.several(self.text, depth))
            case 2:
                return call("split", self.text(depth - 1), self.solid())
            case 3:
                return call("split", self.text(depth - 1), self.pattern())
            case 4:
                return call("unique", self.list(depth - 1))
            case 5:
                return call("sort", self.list(depth - 1))
        return self.each(depth - 1)

    def each(self, depth: int) -> Any:
        name, records = f"p{self._loops}", self.chance(2)
        over = tree.Field("Rs") if records else self.list(depth)
        with self._loop(name, self.records if records else self.texts):
            where = self.condition(depth - 1) if self.chance(2) else None
            give = self.list(depth - 1) if self.chance(4) else self.text(depth)
        return tree.Each(name, over, where, give)

    @contextmanager
    def _loop(self, name: str, names: Names) -> Iterator[None]:
        self._loops += 1
        names.append(name)
        yield
        names.pop()
        self._loops -= 1

    def condition(self, depth: int) -> Any:
        match self.pick(range(9 if depth > 0 else 6)):
            case 0:
                return tree.Field("Y")
            case 1:
                operator = self.pick(_TEXT_OPERATORS)
                return tree.Compare(operator, self._subject(depth - 1), self.solid())
            case 2:
                return tree.Compare(self.pick(["is", "is not"]), self.text(depth - 1), tree.Blank())
            case 3:
                sides = self.number(depth - 1), self.number(depth - 1)
                return tree.Compare(self.pick(_ORDER_OPERATORS), *sides)
            case 4:
                return tree.Compare(self.pick(["matches", "does not match"]), self._subject(depth - 1), self.pattern())
            case 5:
                options = tuple(map(tree.Argument, self.pick([[tree.Text("a")], [tree.Text("É"), tree.Text("2")]])))
                return tree.Member(self._subject(depth - 1), options, self.chance(2))
            case 6:
                return tree.Not(self.condition(depth - 1))
            case 7:
                return tree.And(self.several(self.condition, depth))
        return tree.Or(self.several(self.condition, depth))

    def _subject(self, depth: int) -> Any:
        return self.text(depth) if self.chance(2) else self.list(depth)

    def switch(self, depth: int) -> tree.Call:
        first = tree.Argument(self.text(depth), tree.Text("a"))
        second = tree.Argument(self.number(depth), tree.Number(Decimal(2)))
        otherwise = [tree.Argument(self.text(depth), is_else=True)] * self.chance(2)
        return tree.Call("switch", (tree.Argument(self.text(depth)), first, second, *otherwise))

    def record_part(self, depth: int) -> tree.Part:
        parts = (tree.Argument(self.text(depth), tree.Name("a")), tree.Argument(self.text(depth), tree.Text("b c")))
        return tree.Part(tree.Record(parts), self.pick(["a", "b c"]))


def call(name: str, *values: Any) -> tree.Call:
    return tree.Call(name, tuple(map(tree.Argument, values)))


_TEXTS: list[Callable[[Grower, int], Any]] = [
    *(
        lambda grow, depth, name=name: call(name, grow.text(depth))
        for name in ("trim", "lower", "upper", "title", "digits", "ascii", "phone", "phone_type")
    ),
    lambda grow, depth: call("left", grow.text(depth), grow.number(depth)),
    lambda grow, depth: call("right", grow.text(depth), grow.small()),
    lambda grow, depth: call("mid", grow.text(depth), grow.small(), grow.number(depth)),
    lambda grow, depth: call("replace", grow.text(depth), grow.text(depth), grow.text(depth)),
    lambda grow, depth: call("replace", grow.text(depth), grow.pattern(), grow.literal()),
    lambda grow, depth: call("before", grow.text(depth), grow.text(depth)),
    lambda grow, depth: call("after", grow.text(depth), grow.literal()),
    lambda grow, depth: call("extract", grow.text(depth), grow.pattern()),
    lambda grow, depth: call("pad", grow.text(depth), grow.small(), grow.literal()),
    lambda grow, depth: call("join", grow.text(depth), grow.list(depth), grow.number(depth)),
    lambda grow, depth: call("if", grow.condition(depth), grow.text(depth), grow.text(depth)),
    lambda grow, depth: tree.Concat((call("first", grow.list(depth)), grow.solid())),
    lambda grow, depth: tree.Concat((call("item", grow.list(depth), grow.small()), call("last", grow.list(depth)))),
    lambda grow, depth: call("format", grow.date(depth), tree.Text("D.M.YY")),
    lambda grow, depth: call("lookup", tree.Name("t"), grow.text(depth)),
    lambda grow, depth: tree.Concat(grow.several(grow.text, depth)),
    lambda grow, depth: tree.Else(grow.several(grow.text, depth)),
    lambda grow, depth: tree.Else((grow.number(depth), grow.text(depth))),
    Grower.switch,
    Grower.record_part,
]


@st.composite
def expressions(draw: st.DrawFn) -> Any:
    return Grower(draw).any(3)


@st.composite
def statements(draw: st.DrawFn) -> list[tree.Statement]:
    """Definitions V0, V1, ... that may use those above them, and filters in between."""
    grower = Grower(draw)
    found: list[tree.Statement] = []
    for number in range(draw(st.integers(1, 4))):
        if grower.chance(5):
            found.append(tree.Filter(grower.chance(2), grower.condition(2), grower.pick([None, "no", 'a "b"'])))
        found.append(tree.Define(f"V{number}", grower.any(3)))
        grower.texts.append(f"V{number}")
    return found


_ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(), texts, numbers, st.booleans(), dates, st.just(b"x"), st.floats(), st.just(["x", ["y", None]])
)
_RECORDS = st.fixed_dictionaries({}, optional={"a": texts | _ODD, "n": numbers | _ODD, "b c": texts})


def _mostly(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(strategy, strategy, strategy, _ODD)


ROWS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "T": _mostly(texts),
        "U v": _mostly(texts),
        "open": _ODD,
        "N": _mostly(numbers | st.integers(-9, 9)),
        "D": _mostly(dates | texts),
        "Y": _mostly(st.booleans()),
        "L": _mostly(st.lists(texts | _ODD, max_size=4)),
        "R": _mostly(_RECORDS),
        "Rs": _mostly(st.lists(_RECORDS, max_size=3)),
    },
)
"""Rows with values of the declared types, and with others."""


@st.composite
def damaged(draw: st.DrawFn, text: str) -> str:
    """The text with a few characters deleted, inserted or replaced."""
    odd = "\"'[](){}/\\#:;,.=&$+<>!?|\n\t \0\ud800\u202eäß“”%xX1"
    for _ in range(draw(st.integers(1, 4))):
        at, length = draw(st.integers(0, len(text))), draw(st.integers(0, 5))
        text = text[:at] + draw(st.text(odd, max_size=3)) + text[at + length :]
    return text
