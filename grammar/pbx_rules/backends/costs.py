"""What rules cost with short values, counted once when they are compiled; both back ends charge it before they run.

Outside of loops that is one sum for the whole profile, which costs a row nothing to know. A loop charges the sum of its
body for all its elements before it begins. What long values cost beyond that is charged where they are read.
"""

from __future__ import annotations

from collections.abc import Iterable

from pbx_rules import typed
from pbx_rules.runtime.limits import COMPARED, CONVERTED
from pbx_rules.typed import Typed
from pbx_rules.typed_walk import children

_NODE = 10
_TURN = 50
"""Of a loop."""
_RECORD = 500
_VALUE = 100
"""Of a record: fitting it into its target."""


def of_rules(rules: typed.Rules) -> int:
    statements = (node.value if isinstance(node, typed.Define) else node.condition for node in rules.statements)
    return _all(statements) + sum(_rule(rule) for rule in rules.records)


def of_turn(loop: typed.Each | typed.RecordRule) -> int:
    """For each element of what the loop goes over."""
    if isinstance(loop, typed.RecordRule):
        key = loop.loop.key if loop.loop else None
        return _TURN + _body(loop) + (_expression(key) if key else 0)
    return _TURN + _expression(loop.give) + (_expression(loop.where) if loop.where else 0)


def _rule(rule: typed.RecordRule) -> int:
    return _expression(rule.loop.over) if rule.loop else _body(rule)


def _body(rule: typed.RecordRule) -> int:
    when = _expression(rule.when) if rule.when else 0
    values = _VALUE * len(rule.values) + _all(value.value for value in rule.values)
    return _RECORD + when + values + sum(_rule(inner) for inner in rule.post)


def _all(nodes: Iterable[Typed]) -> int:
    return sum(map(_expression, nodes))


def _expression(node: Typed) -> int:
    if isinstance(node, typed.Each):
        return _NODE + _expression(node.over)
    return _own(node) + _all(children(node))


def _own(node: Typed) -> int:
    match node:
        case typed.Call(function):
            return function.cost.call
        case typed.Compare() | typed.Member() | typed.Lookup() | typed.Switch():
            return COMPARED.call
        case typed.Convert():
            return CONVERTED.call
    return _NODE
