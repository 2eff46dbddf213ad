"""Follows statements in their order: each way out of a program with the condition under which it is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from tree_sitter import Node

from pbx_convert import simplify
from pbx_convert.findings import CannotSay
from pbx_convert.php import comparisons
from pbx_convert.php.syntax import line_of, named, part, shortened, source
from pbx_convert.php.translator import Translator, Variables, merged
from pbx_convert.php.values import NULL, Unknown, Value
from pbx_convert.simplify import NO, YES
from pbx_convert.terms import Term

MOST_EXITS = 60


@dataclass(frozen=True)
class Exit:
    """A way out, taken if its condition holds and none before it was."""

    when: Term
    how: Literal["return", "break", "continue"]
    value: Value
    variables: Variables


@dataclass(frozen=True)
class Flow:
    """What statements come to; `variables` where they go on, None if they always leave by an exit."""

    exits: tuple[Exit, ...] = ()
    variables: Variables | None = field(default=None)


def returned(translator: Translator, program: Node) -> Value:
    """What a program returns; null where it just ends."""
    flow = follow(translator, named(program))
    if not flow.exits:
        raise CannotSay("it returns nothing: `return` is missing", line_of(program))
    found: Value | None = NULL if flow.variables is not None else None
    for way in reversed(flow.exits):
        if way.how != "return":
            raise CannotSay(f"`{way.how}` outside a loop")
        found = way.value if found is None else merged(way.when, way.value, found)
    return found or NULL


def follow(translator: Translator, statements: Sequence[Node]) -> Flow:
    """Goes on from, and changes, the translator's variables."""
    exits: list[Exit] = []
    for statement in statements:
        flow = _statement(translator, statement)
        exits += flow.exits
        if len(exits) > MOST_EXITS:
            raise CannotSay("there are too many ways through it", line_of(statement))
        if flow.variables is None:
            return Flow(tuple(exits))
        translator.variables = flow.variables
    return Flow(tuple(exits), translator.variables)


def _statement(translator: Translator, node: Node) -> Flow:
    match node.type:
        case "return_statement":
            children = named(node)
            value = translator.value(children[0]) if children else NULL
            return Flow((Exit(YES, "return", value, translator.variables),))
        case "if_statement":
            return _if(translator, [node, *node.children_by_field_name("alternative")])
        case "compound_statement" | "colon_block":
            return follow(translator, named(node))
        case "expression_statement":
            _expression(translator, named(node)[0])
            return Flow((), translator.variables)
        case "switch_statement":
            return _switch(translator, node)
        case "foreach_statement":
            from pbx_convert.php.loops import loop

            return loop(translator, node)
        case "break_statement" | "continue_statement" if not named(node):
            how: Literal["break", "continue"] = "break" if node.type == "break_statement" else "continue"
            return Flow((Exit(YES, how, NULL, translator.variables),))
        case "empty_statement" | "php_tag" | "php_end_tag":
            return Flow((), translator.variables)
    raise CannotSay(f"`{shortened(source(node))}` has no counterpart", line_of(node))


def _expression(translator: Translator, node: Node) -> None:
    """An assignment to a variable that nothing asks for needs no counterpart."""
    left = node.child_by_field_name("left")
    if node.type == "update_expression":
        target = source(part(node, "argument"))[1:]
    elif node.type in ("assignment_expression", "augmented_assignment_expression") and left is not None:
        target = source(left)[1:] if left.type == "variable_name" else ""
    else:
        target = ""
    try:
        translator.value(node)
    except CannotSay as why:
        if not target or target == "row":
            raise
        translator.variables[target] = Unknown(why.reason)


def _if(translator: Translator, clauses: Sequence[Node]) -> Flow:
    """An `if` with what is left of its `elseif` and `else`."""
    clause = clauses[0]
    if clause.type == "else_clause":
        return follow(translator, [part(clause, "body")])
    asked = translator.condition(part(clause, "condition"))
    before = translator.variables
    translator.variables = dict(before)
    then = follow(translator, [part(clause, "body")])
    translator.variables = dict(before)
    otherwise = _if(translator, clauses[1:]) if len(clauses) > 1 else Flow((), translator.variables)
    return joined(asked, then, otherwise)


def joined(asked: Term, then: Flow, otherwise: Flow) -> Flow:
    """Two ways, and where both go on."""
    elsewhere = YES if then.variables is None else simplify.not_(asked)
    exits = [*_under(asked, _in_one(then).exits), *_under(elsewhere, _in_one(otherwise).exits)]
    if then.variables is None or otherwise.variables is None:
        return Flow(tuple(exits), then.variables if otherwise.variables is None else otherwise.variables)
    return Flow(tuple(exits), both(asked, then.variables, otherwise.variables))


def _under(asked: Term, exits: Sequence[Exit]) -> list[Exit]:
    return [Exit(simplify.and_(asked, way.when), way.how, way.value, way.variables) for way in exits]


def _in_one(flow: Flow) -> Flow:
    """What returns in any case, as one exit."""
    if flow.variables is not None or any(way.how != "return" for way in flow.exits):
        return flow
    last = flow.exits[-1]
    value = last.value
    for way in reversed(flow.exits[:-1]):
        value = merged(way.when, way.value, value)
    return Flow((Exit(YES, "return", value, last.variables),))


def both(asked: Term, then: Variables, otherwise: Variables) -> Variables:
    """What variables hold behind two ways."""
    found: Variables = {}
    for name in {**then, **otherwise}:
        try:
            found[name] = merged(asked, then.get(name, NULL), otherwise.get(name, NULL))
        except CannotSay as why:
            found[name] = Unknown(why.reason)
    return found


def _switch(translator: Translator, node: Node) -> Flow:
    """As a chain of `if`; what falls through from one case to the next must be empty."""
    subject = translator.value(part(node, "condition"))
    cases = [case for case in named(part(node, "body")) if case.type in ("case_statement", "default_statement")]
    return _cases(translator, subject, cases)


def _cases(translator: Translator, subject: Value, cases: Sequence[Node]) -> Flow:
    if not cases:
        return Flow((), translator.variables)
    asked, body, rest = _next_case(translator, subject, cases)
    before = translator.variables
    translator.variables = dict(before)
    then = _without_break(follow(translator, body), last=not rest)
    translator.variables = dict(before)
    return joined(asked, then, _cases(translator, subject, rest))


def _next_case(
    translator: Translator, subject: Value, cases: Sequence[Node]
) -> tuple[Term, list[Node], Sequence[Node]]:
    asked = NO
    for number, case in enumerate(cases):
        key = case.child_by_field_name("value")
        body = [child for child in named(case) if child != key]
        if key is None:
            if number + 1 < len(cases):
                raise CannotSay("`default` must come last", line_of(case))
            return YES, body, ()
        asked = simplify.or_(asked, comparisons.equal(translator, subject, translator.value(key), key, strict=False))
        if body:
            return asked, body, cases[number + 1 :]
    return NO, [], ()


def _without_break(flow: Flow, *, last: bool) -> Flow:
    breaks = [way for way in flow.exits if way.how == "break"]
    if not breaks and flow.variables is not None and not last:
        raise CannotSay("a case that goes on in the next one has no counterpart")
    if not breaks:
        return flow
    if len(breaks) > 1 or flow.exits[-1].how != "break" or flow.variables is not None:
        raise CannotSay("`break` in the middle of a case has no counterpart")
    return Flow(flow.exits[:-1], breaks[0].variables)
