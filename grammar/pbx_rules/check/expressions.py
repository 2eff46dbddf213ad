"""Checks expressions: resolves names, finds types, and makes each node's typed counterpart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from pbx_rules import typed
from pbx_rules.check import calls, operators, proposals, unknown
from pbx_rules.check.convert import BROKEN, NOTHING, constant_text, to_list, to_text, to_written
from pbx_rules.check.scope import Scope
from pbx_rules.runtime.coercion import read_number
from pbx_rules.syntax import tree
from pbx_rules.typed import Typed
from pbx_rules.types import ANY, BLANK, BOOLEAN, NUMBER, RECORD, Type, either

MOST_LOOPS = 2


def check(node: tree.Expression, scope: Scope) -> Typed:
    """The typed counterpart; where there is a mistake, and everywhere once no more are told, one of unknown type."""
    if scope.full:
        return BROKEN
    return _checks()[type(node)](node, scope)


def check_as_written(node: tree.Expression, scope: Scope) -> Typed:
    """Like `check`, with white space that is spelled out kept."""
    return constant_text(node.value) if isinstance(node, tree.Text) else check(node, scope)


def check_written(node: tree.Expression, scope: Scope) -> Typed:
    """As text, with white space that is spelled out kept: what stands beside `&`, separators, replacements."""
    return to_written(check_as_written(node, scope), scope, node.at)


def check_text(node: tree.Expression, scope: Scope) -> Typed:
    return to_text(check(node, scope), scope, node.at)


def check_condition(node: tree.Expression, scope: Scope, *, hint: str = "") -> Typed:
    """Only what can be true or false may stand where a condition is asked for; `hint` says what else was meant."""
    condition = check(node, scope)
    if condition.type.kind in ("yes/no", "unknown"):
        return condition
    hint = hint or _as_condition(node, condition.type, scope)
    scope.complain("R0304", "this is no condition", node.at, label=f"a {condition.type}, not yes or no", hint=hint)
    return BROKEN


def _as_condition(node: tree.Expression, of: Type, scope: Scope) -> str:
    text = proposals.written(node, scope)
    if isinstance(node, tree.Text):
        return f'repeat what is compared (… is {text}), or write … in ("a", {text})'
    if of.kind == "any":
        return f"compare it: {text} is true"
    if isinstance(node, tree.Field | tree.Name | tree.Part):
        return f"write {text} is not blank"
    return f'compare it: {text} is "…"' if of.kind == "text" else ""


def _field(node: tree.Field, scope: Scope) -> Typed:
    names = scope.names
    known = names.fields.get(node.name)
    if known is None and (names.closed or node.name in names.later):
        return unknown.field(node, scope)
    of = known or ANY
    names.used_fields[node.name] = of
    return typed.Field(node.name, of.not_blank() if f"[{node.name}]" in names.known_not_blank else of)


def _name(node: tree.Name, scope: Scope) -> Typed:
    around = scope.loops.get(node.name)
    if around is not None:
        return typed.Item(around.slot, around.type)
    defined = scope.names.variables.get(node.name)
    if defined is None:
        return unknown.name(node, scope)
    defined.used = True
    certain = node.name in scope.names.known_not_blank
    return typed.Variable(node.name, defined.type.not_blank() if certain else defined.type)


def _text(node: tree.Text, _scope: Scope) -> Typed:
    return constant_text(node.value) if node.value.strip() else NOTHING


def _number(node: tree.Number, scope: Scope) -> Typed:
    value = read_number(node.value)
    if value is None:
        scope.complain("R0303", "this number is out of range", node.at, hint="40 digits are allowed")
        return BROKEN
    return typed.Constant(value, NUMBER.not_blank())


def _boolean(node: tree.Boolean, _scope: Scope) -> Typed:
    return typed.Constant(node.value, BOOLEAN)


def _blank(_node: tree.Blank, _scope: Scope) -> Typed:
    return NOTHING


def _pattern(node: tree.Pattern, scope: Scope) -> Typed:
    hint = "a pattern stands after `matches`, or in extract, replace and split; text is written in double quotes"
    scope.complain("R0312", "a pattern cannot stand here", node.at, hint=hint)
    return BROKEN


def _part(node: tree.Part, scope: Scope) -> Typed:
    of = check(node.of, scope)
    kind = of.type.kind
    if kind == "unknown":
        return BROKEN
    if kind not in ("record", "any", "blank"):
        return unknown.parts_of(node, of.type, scope)
    if of.type.parts is None:
        return typed.Part(of, node.name, ANY)
    found = of.type.parts.get(node.name)
    if found is None:
        return unknown.part(node, of.type.parts, scope)
    return typed.Part(of, node.name, found.or_blank(of.type.maybe_blank))


def _record(node: tree.Record, scope: Scope) -> Typed:
    parts: dict[str, Typed] = {}
    for argument in node.parts:
        value = check(argument.value, scope)
        name = _part_name(argument, scope)
        if name in parts:
            scope.complain("R0317", f"the part {name} is given twice", argument.at, hint="delete one of them")
        parts[name] = value
    blank = all(part.type.maybe_blank for part in parts.values())
    types = {name: part.type for name, part in parts.items()}
    return typed.Record(tuple(parts.items()), Type("record", blank, parts=types) if parts else RECORD)


def _part_name(argument: tree.Argument, scope: Scope) -> str:
    match argument.name:
        case tree.Name(name) | tree.Text(name):
            return name
    scope.complain("R0302", "a part of a record needs a name", argument.at, hint="write {name: value, …}")
    return ""


def _concat(node: tree.Concat, scope: Scope) -> Typed:
    parts = tuple(check_written(part, scope) for part in node.parts)
    blank = all(part.type.maybe_blank for part in parts)
    return typed.Concat(parts, Type("text", blank))


def _not(node: tree.Not, scope: Scope) -> Typed:
    return typed.Not(check_condition(node.operand, scope))


def _and(node: tree.And, scope: Scope) -> Typed:
    return typed.And(tuple(_operands(node, scope)))


def _or(node: tree.Or, scope: Scope) -> Typed:
    return typed.Or(tuple(_operands(node, scope)))


def _operands(node: tree.And | tree.Or, scope: Scope) -> Iterator[Typed]:
    """`[T] is "a" or "b"` compares the second text with nothing: the hint says with what."""
    compared: tree.Compare | None = None
    values: list[tree.Expression] = []
    for operand in node.operands:
        hint = ""
        if compared and isinstance(operand, tree.Text | tree.Number):
            values.append(operand)
            hint = proposals.proposed(operators.with_values(compared, values, node), scope)
        else:
            compared = operand if isinstance(operand, tree.Compare) else None
            values = [compared.right] if compared else []
        yield check_condition(operand, scope, hint=hint)


def _else(node: tree.Else, scope: Scope) -> Typed:
    options = [check(option, scope) for option in node.options]
    for option, written in zip(options[:-1], node.options, strict=False):
        if not option.type.maybe_blank and option.type.kind != "unknown":
            scope.complain("R0318", "this is never blank, so what follows `else` is never used", written.at)
    found: Type = BLANK
    for option in options:
        found = either(found, option.type)
    blank = all(option.type.maybe_blank for option in options)
    return typed.Else(tuple(options), replace(found, maybe_blank=blank))


def _each(node: tree.Each, scope: Scope) -> Typed:
    over = to_list(check(node.over, scope))
    if len(scope.loops) >= MOST_LOOPS:
        scope.complain("R0315", f"nested deeper than {MOST_LOOPS}", node.at, hint="give the inner list a name above")
    check_loop_name(node.name, node.name_at, scope)
    with scope.loop(node.name, over.type.element) as slot:
        where = None if node.where is None else check_condition(node.where, scope)
        give = check(node.give, scope)
    if give.type.kind == "unknown":
        return BROKEN
    element = give.type.element
    of = None if element.kind in ("any", "blank") else element
    return typed.Each(slot, over, where, give, Type("list", of=of))


def check_loop_name(name: str, at: tree.At, scope: Scope) -> None:
    if name in scope.loops or name in scope.names.later:
        scope.complain("R0205", f"{name} already names something else", at, hint=scope.other_name(f"{name}2"))
    elif name in scope.names.functions.names():
        scope.complain("R0208", f"{name} is a function and cannot name a value", at, hint=scope.other_name(f"{name}_"))


@cache
def _checks() -> dict[type, Callable[[Any, Scope], Typed]]:
    """By node; made on first use, because these modules check each other's parts."""
    return {
        tree.Field: _field,
        tree.Name: _name,
        tree.Text: _text,
        tree.Number: _number,
        tree.Boolean: _boolean,
        tree.Blank: _blank,
        tree.Pattern: _pattern,
        tree.Part: _part,
        tree.Record: _record,
        tree.Call: calls.check_call,
        tree.Concat: _concat,
        tree.Compare: operators.check_compare,
        tree.Member: operators.check_member,
        tree.Not: _not,
        tree.And: _and,
        tree.Or: _or,
        tree.Else: _else,
        tree.Each: _each,
    }
