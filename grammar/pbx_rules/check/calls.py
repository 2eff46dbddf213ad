"""Checks calls of functions: arguments by place and by name, and what each parameter accepts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from pbx_rules import typed
from pbx_rules.check import expressions, foreign, forms, literals, meant_values, proposals, regions, unknown
from pbx_rules.check.convert import BROKEN, to_list
from pbx_rules.check.scope import Scope
from pbx_rules.functions.registry import Function, Parameter, ProfileRegion
from pbx_rules.syntax import tree
from pbx_rules.typed import Typed
from pbx_rules.types import BLANK, DATE, NUMBER, Type

_HOW = {"number": "number({})", "date": 'date({}, "DD.MM.YYYY")'}


def check_call(node: tree.Call, scope: Scope) -> Typed:
    function = scope.names.functions.get(node.function)
    if function is None:
        _check_each(node, scope)
        return unknown.function(node, scope)
    if function.form:
        return forms.FORMS[function.form](node, function, scope)
    placed = place(node, function, scope)
    if placed is None:
        return BROKEN
    checked = [_argument(parameter, value, scope) for parameter, value in placed]
    if any(argument.type.kind == "unknown" for argument in checked):
        return BROKEN
    falls_back = any(value is None and isinstance(parameter.default, ProfileRegion) for parameter, value in placed)
    if falls_back and scope.names.region is None:
        regions.note_call(function, checked[0], node.at, scope)
    return _call(function, [parameter for parameter, _ in placed], checked)


def _check_each(node: tree.Call, scope: Scope) -> None:
    """What stands in a call of an unknown function; of a look-up only the key, as the rest names a table."""
    for argument in node.arguments[:1] if foreign.is_lookup(node) else node.arguments:
        expressions.check(argument.value, scope)


def _call(function: Function, parameters: Sequence[Parameter], arguments: Sequence[Typed]) -> Typed:
    needed = tuple(
        at
        for at, parameter in enumerate(parameters)
        if not parameter.takes_blank and _stops(at, parameter, arguments[at])
    )
    types = tuple(argument.type for argument in arguments)
    result = function.result if isinstance(function.result, Type) else function.result(types)
    if any(types[at].kind == "blank" for at in needed):
        return typed.Constant(None, replace(BLANK))
    blank = any(types[at].maybe_blank for at in needed)
    return typed.Call(function, tuple(arguments), needed, result.or_blank(blank) if blank else result)


def _stops(at: int, parameter: Parameter, argument: Typed) -> bool:
    """Whether a blank there makes the result blank; later texts arrive as the empty text instead."""
    if isinstance(argument, typed.Constant) and argument.value is not None:
        return False
    return at == 0 or parameter.accepts not in ("text", "pattern", "text or pattern")


def place(node: tree.Call, function: Function, scope: Scope) -> list[tuple[Parameter, tree.Expression | None]] | None:
    """Each parameter with its argument (None: its default); what stands too many, too few or twice is reported."""
    named, positional = _named(node, function, scope)
    parameters = function.parameters
    many = parameters[-1] if parameters and parameters[-1].many else None
    if many is None and len(positional) > len(parameters):
        surplus = positional[len(parameters) :]
        hint = _without(surplus, node, function, scope)
        scope.complain("R0301", f"too many arguments for {function.name}", surplus[0].at, hint=hint)
        return None
    single = parameters[:-1] if many else parameters
    placed: list[tuple[Parameter, tree.Expression | None]] = []
    for at, parameter in enumerate(single):
        value = positional[at] if at < len(positional) else named.pop(parameter.name, None)
        if value is None and parameter.required:
            hint = f"{_with_gap(node, function, scope)}: {_usage(function)}".removeprefix(": ")
            scope.complain("R0301", f"{function.name} needs {parameter.name}", node.at, hint=hint)
            return None
        if at < len(positional) and parameter.name in named:
            again = named.pop(parameter.name)
            hint = _without([again], node, function, scope)
            scope.complain("R0317", f"{parameter.name} is given twice", again.at, hint=hint)
        placed.append((parameter, value))
    return placed + [(many, value) for value in positional[len(single) :] if many]


def _named(
    node: tree.Call, function: Function, scope: Scope
) -> tuple[dict[str, tree.Expression], list[tree.Expression]]:
    named: dict[str, tree.Expression] = {}
    positional: list[tree.Expression] = []
    names = [parameter.name for parameter in function.parameters if not parameter.many]
    for argument in node.arguments:
        word = argument.name.name.lower() if isinstance(argument.name, tree.Name) else None
        if argument.name is None and not argument.is_else:
            positional.append(argument.value)
        elif word in names and word in named:
            hint = _without([argument.value], node, function, scope)
            scope.complain("R0317", f"{word} is given twice", argument.at, hint=hint)
        elif word in names and word is not None:
            named[word] = argument.value
        else:
            expressions.check(argument.value, scope)
            hint = unknown.meant(word or "", names, "{}:") or _usage(function)
            scope.complain("R0302", f"{function.name} has no argument of that name", argument.at, hint=hint)
    return named, positional


def _usage(function: Function) -> str:
    return f"it is called as {function.signature}"


def _without(surplus: Sequence[tree.Expression], node: tree.Call, function: Function, scope: Scope) -> str:
    left = [argument for argument in node.arguments if not any(argument.value is one for one in surplus)]
    return proposals.proposed(tree.Call(function.name, tuple(left)), scope, otherwise=_usage(function))


def _with_gap(node: tree.Call, function: Function, scope: Scope) -> str:
    return proposals.proposed(tree.Call(function.name, (*node.arguments, tree.Argument(foreign.MISSING))), scope)


def _argument(parameter: Parameter, value: tree.Expression | None, scope: Scope) -> Typed:
    if value is None:
        return _default(parameter, scope)
    if isinstance(value, tree.Pattern):
        return _pattern(parameter, value, scope)
    if parameter.accepts == "pattern":
        scope.complain("R0303", f"{parameter.name} is a pattern", value.at, hint="write it between slashes: /…/")
        return BROKEN
    if parameter.literal:
        return _literal(parameter, value, scope)
    return _converted(parameter, value, scope)


def _default(parameter: Parameter, scope: Scope) -> Typed:
    value = scope.names.region if isinstance(parameter.default, ProfileRegion) else parameter.default
    if value is not None and parameter.prepare and not isinstance(parameter.default, ProfileRegion):
        value = parameter.prepare(value)
    return typed.Constant(value, BLANK if value is None else Type("any", maybe_blank=False))


def _pattern(parameter: Parameter, value: tree.Pattern, scope: Scope) -> Typed:
    if "pattern" not in parameter.accepts:
        return expressions.check(value, scope)
    compiled = literals.pattern(value, scope)
    return BROKEN if compiled is None else typed.Constant(compiled, Type("any", maybe_blank=False))


def _literal(parameter: Parameter, value: tree.Expression, scope: Scope) -> Typed:
    if not isinstance(value, literals.Literal):
        hint = "write the value itself, in quotes if it is a text"
        scope.complain("R0307", f"{parameter.name} must be spelled out", value.at, hint=hint)
        return BROKEN
    if isinstance(value, tree.Text) != (parameter.accepts == "text"):
        scope.complain("R0303", f"{parameter.name} is a {parameter.accepts}", value.at)
        return BROKEN
    try:
        prepared = parameter.prepare(literals.plain(value)) if parameter.prepare else literals.plain(value)
    except ValueError as error:
        scope.complain(parameter.code, str(error), value.at)
        return BROKEN
    return typed.Constant(prepared, Type("any", maybe_blank=False))


def _converted(parameter: Parameter, value: tree.Expression, scope: Scope) -> Typed:
    match parameter.accepts:
        case "text" | "text or pattern":
            return (
                expressions.check_written(value, scope) if parameter.written else expressions.check_text(value, scope)
            )
        case "list":
            return to_list(expressions.check(value, scope))
        case "yes/no":
            return expressions.check_condition(value, scope)
        case "number":
            return _of_kind(NUMBER, value, scope)
        case "date":
            return _of_kind(DATE, value, scope)
        case "any" | "pattern":
            return expressions.check(value, scope)
        case _:
            assert_never(parameter.accepts)


def _of_kind(wanted: Type, value: tree.Expression, scope: Scope) -> Typed:
    found = expressions.check(value, scope)
    if found.type.kind in (wanted.kind, "blank", "unknown"):
        return found
    if found.type.kind == "any":
        return typed.Convert("number" if wanted.kind == "number" else "date", found, wanted)
    hint = _as_wanted(wanted, value, scope) if found.type.kind == "text" else ""
    scope.complain("R0303", f"a {wanted.kind} is needed here", value.at, label=f"a {found.type}", hint=hint)
    return BROKEN


def _as_wanted(wanted: Type, value: tree.Expression, scope: Scope) -> str:
    meant = meant_values.literal(wanted.kind, value.value) if isinstance(value, tree.Text) else None
    if isinstance(meant, tree.Number):
        return proposals.proposed(meant, scope)
    return f"write {_HOW[wanted.kind].format(proposals.written(value, scope))}"
