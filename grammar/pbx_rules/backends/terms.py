"""Python expressions of one term, which `codegen` puts together."""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import lru_cache

from pbx_rules.runtime.limits import SHORT
from pbx_rules.typed import Typed

NONE = ast.Constant(None)
LOAD, STORE = ast.Load(), ast.Store()


@lru_cache(maxsize=10_000)
def load(name: str) -> ast.Name:
    """The same node for the same name: a tree is made of as few nodes as can be."""
    return ast.Name(name, LOAD)


def store(name: str) -> ast.Name:
    return ast.Name(name, STORE)


def is_none(value: ast.expr) -> ast.expr:
    if isinstance(value, ast.Constant):
        return ast.Constant(value.value is None)
    return ast.Compare(value, [ast.Is()], [NONE])


def is_not_none(value: ast.expr) -> ast.expr:
    if isinstance(value, ast.Constant):
        return ast.Constant(value.value is not None)
    return ast.Compare(value, [ast.IsNot()], [NONE])


def is_short(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and (not isinstance(value.value, str) or len(value.value) <= SHORT)


def method(value: ast.expr, name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(value, name, LOAD), list(arguments), [])


def sure(node: Typed, value: ast.expr) -> tuple[Typed, ast.expr]:
    """Where what is blank has been seen to before."""
    return replace(node, type=node.type.not_blank()), value


def interpolated(value: ast.expr) -> ast.expr:
    return value if isinstance(value, ast.Constant) else ast.FormattedValue(value, -1, None)
