"""Which back end runs a program."""

from __future__ import annotations

from itertools import islice

from pbx_rules import typed
from pbx_rules.collector import without_collector
from pbx_rules.program import Run
from pbx_rules.typed_walk import nodes_of

LARGE = 20_000
"""Nodes of a program that takes more than a second to compile."""


@without_collector()
def build(rules: typed.Rules) -> Run:
    """The function that maps a row: compiled, except for huge programs without `each`. What these do for a row takes
    milliseconds either way; what a loop's elements are charged is what they cost compiled."""
    if _large(rules) and not any(isinstance(node, typed.Each) for node in nodes_of(rules)):
        from pbx_rules.backends import interpreter

        return interpreter.build(rules)
    from pbx_rules.backends import python

    return python.build(rules)


def _large(rules: typed.Rules) -> bool:
    return next(islice(nodes_of(rules), LARGE, None), None) is not None
