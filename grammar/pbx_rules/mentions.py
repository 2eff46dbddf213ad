"""Finds the names in a rules block or an expression, also in half-typed text: what editors need for hover and jumps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pbx_rules.diagnostics import Span
from pbx_rules.document import Scalar
from pbx_rules.syntax.statements import split

if TYPE_CHECKING:
    from lark import Token

Kind = Literal["definition", "loop", "name", "field", "function"]


@dataclass(frozen=True, slots=True)
class Mention:
    """`definition`: a variable at the start of its statement. `loop`: what `each` or `for:` names. `name`: any other
    use of a variable, a loop variable or a table. `field`: without its brackets."""

    kind: Kind
    name: str
    span: Span


def mentions(scalar: Scalar, *, rules: bool) -> tuple[Mention, ...]:
    """In the order of the text; `rules` tells a block of statements from a single expression."""
    from pbx_rules.syntax.tokens import lexer

    if not rules:
        return tuple(_mentions(list(lexer().lex(scalar.text)), scalar, 0, rules=False))
    found: list[Mention] = []
    for chunk in split(scalar.text):
        found += _mentions(list(lexer().lex(chunk.text)), scalar, chunk.start, rules=True)
    return tuple(found)


def _mentions(tokens: Sequence[Token], scalar: Scalar, offset: int, *, rules: bool) -> Iterator[Mention]:
    types = ["", *(token.type for token in tokens), ""]
    for at, token in enumerate(tokens):
        kind = _kind(token.type, types[at], types[at + 2], first=rules and at == 0)
        if kind:
            start, end = (token.start_pos or 0) + offset, (token.end_pos or 0) + offset
            name = token[1:-1].strip() if kind == "field" else str(token)
            yield Mention(kind, name, scalar.span_at(start, end))


def _kind(token: str, before: str, after: str, *, first: bool) -> Kind | None:
    if token == "FIELD":  # noqa: S105 - a kind of token, no secret
        return "field"
    if token != "NAME":  # noqa: S105 - likewise
        return None
    if after == "_OPEN":
        return "function"
    if first and after == "_EQUALS":
        return "definition"
    return "loop" if before == "_EACH" or (not before and after == "_IN") else "name"
