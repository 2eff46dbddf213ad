"""`$filter` and `$orderby`: the part of OData's expressions that Graph takes for people and contacts.

An expression becomes a function that looks at an entity as JSON. Neighbour: options.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pbx_microsoft365.sandbox.messages import GraphError, bad_request

Scope = Mapping[str, Any]
"""The entity's members, and those that a lambda names."""
Evaluate = Callable[[Scope], Any]

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<day>\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?)|(?P<number>-?\d+(?:\.\d+)?)|"
    r"(?P<name>[A-Za-z_][\w.]*)|(?P<sign>[()/,:]))"
)
_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda left, right: bool(left == right),
    "ne": lambda left, right: bool(left != right),
    "gt": lambda left, right: left is not None and right is not None and bool(left > right),
    "ge": lambda left, right: left is not None and right is not None and bool(left >= right),
    "lt": lambda left, right: left is not None and right is not None and bool(left < right),
    "le": lambda left, right: left is not None and right is not None and bool(left <= right),
}
_FUNCTIONS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": lambda text, part: part in text,
}
_CONSTANTS: Final = {"true": True, "false": False, "null": None}
_DEPTH: Final = 40


@dataclass(slots=True)
class Filter:
    matches: Callable[[Scope], bool]
    advanced: bool
    """The directory takes it only with `ConsistencyLevel: eventual` and `$count=true`."""


@dataclass(slots=True)
class _Parser:
    tokens: list[tuple[str, str]]
    known: frozenset[str]
    advanced: bool = False
    variables: list[str] = field(default_factory=list)
    depth: int = 0

    # --- tokens --------------------------------------------------------------------------------------------------

    def peek(self) -> str:
        return self.tokens[0][1] if self.tokens else ""

    def take(self, wanted: str | None = None) -> tuple[str, str]:
        if not self.tokens or wanted not in (None, self.tokens[0][1]):
            raise _invalid(f"'{wanted or 'an expression'}' expected at '{self.peek()}'")
        return self.tokens.pop(0)

    # --- grammar -------------------------------------------------------------------------------------------------

    def either(self) -> Evaluate:
        self.depth += 1
        if self.depth > _DEPTH:
            raise _invalid("the expression is nested too deeply")
        parts = [self.both()]
        while self.peek() == "or":
            self.take()
            parts.append(self.both())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else lambda scope: any(part(scope) for part in parts)

    def both(self) -> Evaluate:
        parts = [self.one()]
        while self.peek() == "and":
            self.take()
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else lambda scope: all(part(scope) for part in parts)

    def one(self) -> Evaluate:
        if self.peek() == "not":
            self.take()
            self.advanced = True
            inner = self.bracketed() if self.peek() == "(" else self.one()
            return lambda scope: not inner(scope)
        return self.bracketed() if self.peek() == "(" else self.predicate()

    def bracketed(self) -> Evaluate:
        self.take("(")
        inner = self.either()
        self.take(")")
        return inner

    def predicate(self) -> Evaluate:
        kind, name = self.take()
        if kind != "name":
            raise _invalid(f"'{name}' is no property")
        if name.lower() in _FUNCTIONS and self.peek() == "(":
            return self.function(name.lower())
        path = [name]
        while self.peek() == "/":
            self.take()
            path.append(self.take()[1])
            if path[-1].lower() == "any" and self.peek() == "(":
                return self.quantified(self.path(path[:-1]))
        return self.comparison(self.path(path))

    def path(self, names: list[str]) -> Evaluate:
        if names[0] not in self.variables and names[0] not in self.known:
            raise _invalid(f"Could not find a property named '{names[0]}'")
        return lambda scope: _follow(scope, names)

    def comparison(self, left: Evaluate) -> Evaluate:
        operator = self.take()[1]
        if operator == "in":
            choices = self.choices()
            return lambda scope: _fold(left(scope)) in choices
        compare = _COMPARE.get(operator)
        if compare is None:
            raise _invalid(f"'{operator}' is no operator")
        self.advanced = self.advanced or operator == "ne"
        right = self.literal()
        return lambda scope: _try(compare, _fold(left(scope)), right)

    def choices(self) -> list[Any]:
        self.take("(")
        found = [self.literal()]
        while self.peek() == ",":
            self.take()
            found.append(self.literal())
        self.take(")")
        return found

    def function(self, name: str) -> Evaluate:
        self.advanced = self.advanced or name == "endswith"
        self.take("(")
        names = [self.take()[1]]
        while self.peek() == "/":
            self.take()
            names.append(self.take()[1])
        left = self.path(names)
        self.take(",")
        right = str(self.literal())
        self.take(")")
        test = _FUNCTIONS[name]
        return lambda scope: test(str(_fold(left(scope)) or ""), right)

    def quantified(self, many: Evaluate) -> Evaluate:
        self.take("(")
        name = self.take()[1]
        self.take(":")
        self.variables.append(name)
        inner = self.either()
        self.variables.pop()
        self.take(")")
        return lambda scope: any(inner({**scope, name: one}) for one in many(scope) or ())

    def literal(self) -> Any:
        kind, text = self.take()
        if kind == "text":
            return text[1:-1].replace("''", "'").lower()
        if kind == "number":
            return float(text)
        if kind == "day":
            return text.lower()
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        raise _invalid(f"'{text}' is no value")


def read_filter(text: str, known: frozenset[str]) -> Filter:
    """Raises GraphError. Text is compared without case, as the service does."""
    parser = _Parser(_tokens(text), known)
    matches = parser.either()
    if parser.tokens:
        raise _invalid(f"'{parser.peek()}' is not expected")
    return Filter(lambda scope: bool(matches(scope)), parser.advanced)


def read_order(text: str, known: frozenset[str]) -> tuple[str, bool]:
    """Property, and whether from the last to the first."""
    match = re.fullmatch(r"\s*(\w+)(?:/\w+)?(?:\s+(asc|desc))?\s*", text)
    if match is None or match[1] not in known:
        raise _invalid(f"$orderby '{text}'")
    return match[1], match[2] == "desc"


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise _invalid(f"syntax error at position {at}")
        found.append((str(match.lastgroup), match[str(match.lastgroup)]))
        at = match.end()
    return found


def _follow(scope: Scope, names: list[str]) -> Any:
    here: Any = scope
    for name in names:
        here = here.get(name) if isinstance(here, Mapping) else None
    return here


def _fold(value: Any) -> Any:
    if isinstance(value, str):
        return value.lower()
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _try(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    try:
        return compare(left, right)
    except TypeError as error:
        raise _invalid("a comparison of two kinds of values") from error


def _invalid(said: str) -> GraphError:
    return bad_request(f"Invalid filter clause: {said}.", "BadRequest")
