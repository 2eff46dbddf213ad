"""Writes a tree as text again, in one canonical form; `formatter` and the property tests use it.

Parsing what is printed gives an equal tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pbx_rules.syntax import tree
from pbx_rules.syntax.tokens import quoted

_LOOSEST, _ELSE, _OR, _AND, _NOT, _COMPARE, _JOIN, _DOT, ATOM = range(9)
_STRENGTH: dict[type, int] = {
    tree.Each: _LOOSEST,
    tree.Else: _ELSE,
    tree.Or: _OR,
    tree.And: _AND,
    tree.Not: _NOT,
    tree.Compare: _COMPARE,
    tree.Member: _COMPARE,
    tree.Concat: _JOIN,
    tree.Part: _DOT,
}
"""How tightly a form holds together; what is not here is a unit."""


def expression(node: tree.Expression) -> str:
    return _PRINTERS[type(node)](node)


def statement(node: tree.Statement) -> str:
    if isinstance(node, tree.Define):
        return f"{node.name} = {expression(node.value)}"
    return f"{'keep' if node.keep else 'skip'} when {expression(node.condition)}{reason(node)}"


def reason(node: tree.Filter) -> str:
    return "" if node.reason is None else f" because {quoted(node.reason)}"


def held(node: tree.Expression, strength: int) -> str:
    """In parentheses if it does not hold together that tightly by itself."""
    text = expression(node)
    return text if _STRENGTH.get(type(node), ATOM) >= strength else f"({text})"


def argument(node: tree.Argument) -> str:
    if node.is_else:
        return f"else: {expression(node.value)}"
    return expression(node.value) if node.name is None else f"{expression(node.name)}: {expression(node.value)}"


def arguments(nodes: Iterable[tree.Argument]) -> str:
    return ", ".join(map(argument, nodes))


def _part(node: tree.Part) -> str:
    name = node.name if node.name.isidentifier() else f"[{node.name}]"
    return f"{held(node.of, _DOT)}.{name}"


def _chain(operands: Iterable[tree.Expression], word: str, strength: int) -> str:
    return f" {word} ".join(held(operand, strength + 1) for operand in operands)


def _compare(node: tree.Compare) -> str:
    return f"{held(node.left, _JOIN)} {node.operator} {held(node.right, _JOIN)}"


def _member(node: tree.Member) -> str:
    return f"{held(node.left, _JOIN)} {'not in' if node.negated else 'in'} ({arguments(node.options)})"


def _each(node: tree.Each) -> str:
    where = "" if node.where is None else f" where {held(node.where, _ELSE)}"
    return f"each {node.name} in {held(node.over, _ELSE)}{where} give {expression(node.give)}"


def call_name(node: tree.Call) -> str:
    """Functions are written small; a name that small letters would make longer, as those of İ do, is no function's."""
    small = node.function.lower()
    return small if len(small) == len(node.function) else node.function


_PRINTERS: dict[type, Callable[[Any], str]] = {
    tree.Field: lambda node: f"[{node.name}]",
    tree.Name: lambda node: node.name,
    tree.Text: lambda node: quoted(node.value),
    tree.Number: lambda node: format(node.value, "f"),
    tree.Boolean: lambda node: "true" if node.value else "false",
    tree.Blank: lambda node: "blank",
    tree.Pattern: lambda node: f"/{node.source.replace('/', chr(92) + '/')}/{node.flags}",
    tree.Call: lambda node: f"{call_name(node)}({arguments(node.arguments)})",
    tree.Record: lambda node: f"{{{arguments(node.parts)}}}",
    tree.Part: _part,
    tree.Concat: lambda node: _chain(node.parts, "&", _JOIN),
    tree.Compare: _compare,
    tree.Member: _member,
    tree.Not: lambda node: f"not {held(node.operand, _NOT)}",
    tree.And: lambda node: _chain(node.operands, "and", _AND),
    tree.Or: lambda node: _chain(node.operands, "or", _OR),
    tree.Else: lambda node: _chain(node.options, "else", _ELSE),
    tree.Each: _each,
}
