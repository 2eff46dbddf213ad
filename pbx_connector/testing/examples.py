"""Executes the examples of rule functions: what a plugin shows in its documentation is what its functions do."""

from __future__ import annotations

from collections.abc import Iterable

from pbx_rules import BUILTIN, Function
from pbx_rules.trial import Trial, try_expression


def check_examples(functions: Iterable[Function]) -> None:
    """Raises AssertionError for an example that is wrong, and for a function without any."""
    added = list(functions)
    registry = BUILTIN.extended(added)

    def tried(expression: str) -> Trial:
        trial = try_expression(expression, functions=registry)
        if trial.diagnostics or trial.refused:
            said = trial.refused or trial.diagnostics[0].message
            raise AssertionError(f"{expression} is wrong: {said}")
        return trial

    for function in added:
        if not function.examples:
            raise AssertionError(f"{function.name} has no example")
        for example in function.examples:
            got, expected = tried(example.expression).value, tried(example.result).value
            if got != expected:
                raise AssertionError(f"{example.expression} gives {got!r}, not {expected!r}")
