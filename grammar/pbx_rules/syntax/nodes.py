"""Names what Lark parsed: each method makes the node of the grammar rule (or alias) whose name it has."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from lark import Token, Transformer, Tree, v_args
from lark.tree import Meta

from pbx_rules.syntax import tree
from pbx_rules.syntax.tree import At


def build(parsed: Tree[Token] | Token) -> Any:
    """An expression, statement or loop; the nesting of `parsed` is bounded by `tokens`."""
    return _expression(parsed if isinstance(parsed, Token) else _Nodes(visit_tokens=False).transform(parsed))


def _at(meta: Meta) -> At:
    return At(meta.start_pos, meta.end_pos)


def _place(token: Token) -> At:
    return At(token.start_pos or 0, token.end_pos or 0)


def _expression(child: Any) -> Any:
    """A token that stands for itself becomes its node; a node stays."""
    return _LEAVES[child.type](child, _place(child)) if isinstance(child, Token) else child


def _text(token: str) -> str:
    return token[1:-1].replace('""', '"')


def _pattern(token: Token, at: At) -> tree.Pattern:
    end = token.rindex("/")
    return tree.Pattern(token[1:end].replace("\\/", "/"), token[end + 1 :], at=at)


_LEAVES: dict[str, Callable[[Token, At], tree.Expression]] = {
    "FIELD": lambda token, at: tree.Field(token[1:-1].strip(), at=at),
    "NAME": lambda token, at: tree.Name(str(token), at=at),
    "TEXT": lambda token, at: tree.Text(_text(token), at=at),
    "NUMBER": lambda token, at: tree.Number(Decimal(token), at=at),
    "PATTERN": _pattern,
    "TRUE": lambda token, at: tree.Boolean(True, at=at),
    "FALSE": lambda token, at: tree.Boolean(False, at=at),
    "BLANK": lambda token, at: tree.Blank(at=at),
}


OPERATORS: dict[str, tree.Operator] = {
    "_IS": "is",
    "_IS_NOT": "is not",
    "_LESS": "<",
    "_LESS_OR_IS": "<=",
    "_MORE": ">",
    "_MORE_OR_IS": ">=",
    "_CONTAINS": "contains",
    "_STARTS_WITH": "starts with",
    "_ENDS_WITH": "ends with",
    "_MATCHES": "matches",
    "_NOT_CONTAIN": "does not contain",
    "_NOT_START_WITH": "does not start with",
    "_NOT_END_WITH": "does not end with",
    "_NOT_MATCH": "does not match",
}
"""By the kind of token: its text may be in any case, and `İS` is more than a question of case."""


@v_args(meta=True, inline=True)
class _Nodes(Transformer[Token, Any]):
    def define(self, meta: Meta, name: Token, value: Any) -> tree.Define:
        return tree.Define(str(name), _expression(value), at=_at(meta), name_at=_place(name))

    def keep(self, meta: Meta, condition: Any, reason: Token | None) -> tree.Filter:
        return tree.Filter(True, _expression(condition), reason and _text(reason), at=_at(meta))

    def skip(self, meta: Meta, condition: Any, reason: Token | None) -> tree.Filter:
        return tree.Filter(False, _expression(condition), reason and _text(reason), at=_at(meta))

    def loop(self, meta: Meta, name: Token, over: Any) -> tree.Loop:
        return tree.Loop(str(name), _expression(over), at=_at(meta), name_at=_place(name))

    def each(self, meta: Meta, name: Token, over: Any, where: Any, give: Any) -> tree.Each:
        condition = None if where is None else _expression(where)
        return tree.Each(str(name), _expression(over), condition, _expression(give), at=_at(meta), name_at=_place(name))

    def fallback(self, meta: Meta, *options: Any) -> tree.Else:
        return tree.Else(tuple(map(_expression, options)), at=_at(meta))

    def either(self, meta: Meta, *operands: Any) -> tree.Or:
        return tree.Or(tuple(map(_expression, operands)), at=_at(meta))

    def both(self, meta: Meta, *operands: Any) -> tree.And:
        return tree.And(tuple(map(_expression, operands)), at=_at(meta))

    def not_(self, meta: Meta, operand: Any) -> tree.Not:
        return tree.Not(_expression(operand), at=_at(meta))

    def operator(self, _meta: Meta, word: Token) -> tree.Operator:
        return OPERATORS[word.type]

    def compare(self, meta: Meta, left: Any, operator: tree.Operator, right: Any) -> tree.Compare:
        return tree.Compare(operator, _expression(left), _expression(right), at=_at(meta))

    def member(self, meta: Meta, left: Any, options: tuple[tree.Argument, ...] | None) -> tree.Member:
        return tree.Member(_expression(left), options or (), at=_at(meta))

    def not_member(self, meta: Meta, left: Any, options: tuple[tree.Argument, ...] | None) -> tree.Member:
        return tree.Member(_expression(left), options or (), negated=True, at=_at(meta))

    def concat(self, meta: Meta, *parts: Any) -> tree.Concat:
        return tree.Concat(tuple(map(_expression, parts)), at=_at(meta))

    def part(self, meta: Meta, of: Any, name: Token) -> tree.Part:
        end = _place(name).end
        bare = name[1:].strip()
        return tree.Part(_expression(of), bare.strip("[]").strip(), at=_at(meta), name_at=At(end - len(bare), end))

    def call(self, meta: Meta, name: Token, arguments: tuple[tree.Argument, ...] | None) -> tree.Call:
        return tree.Call(str(name), arguments or (), at=_at(meta), name_at=_place(name))

    def record(self, meta: Meta, parts: tuple[tree.Argument, ...] | None) -> tree.Record:
        return tree.Record(parts or (), at=_at(meta))

    def arguments(self, _meta: Meta, *arguments: tree.Argument) -> tuple[tree.Argument, ...]:
        return arguments

    def argument(self, meta: Meta, value: Any) -> tree.Argument:
        return tree.Argument(_expression(value), at=_at(meta))

    def pair(self, meta: Meta, name: Any, value: Any) -> tree.Argument:
        return tree.Argument(_expression(value), _expression(name), at=_at(meta))

    def otherwise(self, meta: Meta, value: Any) -> tree.Argument:
        return tree.Argument(_expression(value), is_else=True, at=_at(meta))
