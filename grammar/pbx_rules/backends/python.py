"""Compiles the typed tree to one Python function: about as fast as the same mapping written by hand.

`codegen` makes the code of expressions, `codegen_records` that of records. What users wrote reaches Python only as
`ast.Constant` and as objects in the function's globals: no text of theirs is ever parsed as Python, local names are
numbered, and the code runs without builtins.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from pbx_rules import typed
from pbx_rules.backends import costs
from pbx_rules.backends.codegen import CodeGenerator
from pbx_rules.backends.codegen_records import generate_records
from pbx_rules.backends.unread import Readings
from pbx_rules.program import Run
from pbx_rules.typed_walk import fields_of_records, fields_of_statement, nodes_of

ENTRY = "run"
_PLACED = (ast.expr, ast.stmt, ast.arguments, ast.arg, ast.comprehension, ast.keyword)


def build(rules: typed.Rules) -> Run:
    """The function that maps a row."""
    generator = CodeGenerator(costs.of_rules(rules), Readings(nodes_of(rules)))
    for statement in rules.statements:
        generator.read_fields((name, rules.fields[name]) for name in fields_of_statement(statement))
        _generate_statement(statement, generator)
    generator.read_fields((name, rules.fields[name]) for name in fields_of_records(rules.records))
    generate_records(rules.records, generator)
    code = compile(_module(generator.prologue() + generator.body), "<rules>", "exec")
    namespace: dict[str, Any] = {"__builtins__": {}, **generator.globals}
    exec(code, namespace)  # noqa: S102 - the code is made from the checked tree, see above
    run: Run = namespace[ENTRY]
    return run


def _generate_statement(statement: typed.Statement, generator: CodeGenerator) -> None:
    if isinstance(statement, typed.Define):
        generator.define(statement.name, statement.value)
        return
    holds = generator.boolean(statement.condition)
    with generator.when(ast.UnaryOp(ast.Not(), holds) if statement.keep else holds):
        generator.skip(statement.reason)


def _module(body: Sequence[ast.stmt]) -> ast.Module:
    arguments = ast.arguments(
        posonlyargs=[], args=[ast.arg("values")], kwonlyargs=[], kw_defaults=[], defaults=[], vararg=None, kwarg=None
    )
    function = ast.FunctionDef(ENTRY, arguments, list(body), [], None, None)
    if "type_params" in ast.FunctionDef._fields:  # from Python 3.12 on
        function.type_params = []  # type: ignore[attr-defined] # there it is one
    _locate(function)
    return ast.Module([function], [])


def _locate(tree: ast.stmt) -> None:
    """Gives each node the place that `compile` asks for; the library's way takes three times as long."""
    nodes: list[Any] = [tree]
    while nodes:
        node = nodes.pop()
        if node.__class__ is list:
            nodes += node
        elif isinstance(node, _PLACED) and "lineno" not in (parts := vars(node)):
            nodes += parts.values()
            parts["lineno"], parts["col_offset"] = 1, 0
