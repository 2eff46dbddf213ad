"""`foreach`: what one round does says what the loop is: a search, a filter, a list or a text that grows."""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from pbx_convert import simplify
from pbx_convert.findings import CannotSay, Kind
from pbx_convert.php.statements import Exit, Flow, both, follow
from pbx_convert.php.syntax import line_of, named, source
from pbx_convert.php.translator import Translator, Variables, as_list, as_text, merged
from pbx_convert.php.values import NULL, TEXTS, Array, Before, Many, Pieces, Scalar, Step, Unknown, Value
from pbx_convert.simplify import NO
from pbx_convert.terms import Boolean, Call, Name, Term, Text


@dataclass(frozen=True)
class _Loop:
    """`name` stands for each element of `over`; `before` are the variables as the loop begins."""

    name: str
    over: Term
    before: Variables
    node: Node

    def first(self, where: Term, give: Term) -> Term:
        return Call("first", (simplify.each(self.name, self.over, where, give),))


def loop(translator: Translator, node: Node) -> Flow:
    children = named(node)
    if len(children) != 3:
        raise CannotSay("a loop that does nothing has no counterpart", line_of(node))
    over, element, body = children
    if element.type != "variable_name":
        raise CannotSay("the keys of a list have no counterpart", line_of(element))
    variable = source(element)[1:]
    listed = elements(translator, translator.value(over), over)
    before = translator.variables
    name = translator.fresh(variable)
    try:
        flow = _round(translator, before, variable, name, body)
        return _result(translator, _Loop(name, listed.term, before, node), flow, variable)
    finally:
        translator.free(name)


def elements(translator: Translator, value: Value, node: Node) -> Many:
    listed = as_list(value)
    if isinstance(value, Pieces) or (isinstance(value, Array) and not listed.sure):
        translator.note(Kind.PIECES, node)
    return listed


def _round(translator: Translator, before: Variables, variable: str, name: str, body: Node) -> Flow:
    translator.variables = {known: Before(known) if _changes(body, known) else now for known, now in before.items()}
    translator.variables |= {known: Before(known) for known in _assigned(body) if known not in before}
    translator.variables[variable] = Scalar(Name(name), "text")
    flow = follow(translator, [body])
    translator.variables = before
    return flow


def _changes(body: Node, variable: str) -> bool:
    return variable in _assigned(body)


def _assigned(body: Node) -> set[str]:
    """Variables that `[] =`, `.=` or `=` change, but for those that hold nothing from round to round."""
    found, waiting = set(), [body]
    while waiting:
        node = waiting.pop()
        waiting += node.named_children
        left = node.child_by_field_name("left") if node.type.endswith("assignment_expression") else None
        if left is not None and left.type == "subscript_expression":
            left = named(left)[0]
        if left is not None and left.type == "variable_name":
            found.add(source(left)[1:])
    return found


def _result(translator: Translator, of: _Loop, flow: Flow, variable: str) -> Flow:
    returns = [way for way in flow.exits if way.how == "return"]
    breaks = [way for way in flow.exits if way.how == "break"]
    after = _after_round(flow)
    steps = {name: value for name, value in (after or {}).items() if name != variable and value != Before(name)}
    steps = {name: value for name, value in steps.items() if value != of.before.get(name)}
    if returns and not breaks:
        lasting = {name for name, value in steps.items() if isinstance(value, Step) or name in of.before}
        if lasting:
            raise CannotSay("a loop that returns and changes variables has no counterpart", line_of(of.node))
        return _search(translator, of, flow)
    if breaks and not returns:
        return Flow((), _until_break(translator, of, flow, breaks, steps))
    if breaks:
        raise CannotSay("a loop with `return` and `break` has no counterpart", line_of(of.node))
    return Flow((), {**of.before, **_grown(translator, of, steps)})


def _after_round(flow: Flow) -> Variables | None:
    """What variables hold at the end of a round, however it goes on to the next."""
    after = flow.variables
    for way in reversed(flow.exits):
        if way.how == "continue":
            after = way.variables if after is None else both(way.when, way.variables, after)
        elif after is not None and way.when != NO:
            continue
    return after


def _search(translator: Translator, of: _Loop, flow: Flow) -> Flow:
    """The first element for which the loop returns."""
    where, value = NO, None
    for way in reversed(flow.exits):
        where = simplify.or_(way.when, where) if way.how == "return" else simplify.and_(simplify.not_(way.when), where)
        if way.how == "return":
            value = way.value if value is None else merged(way.when, way.value, value)
    if value is None:
        raise CannotSay("this loop finds nothing")
    if isinstance(value, Scalar) and isinstance(value.term, Boolean):
        asked = simplify.any_of(of.name, of.over, where)
        return Flow((Exit(asked, "return", value, of.before),), of.before)
    found = _found(translator, of, where, value)
    if _surely(where, value, of):
        return Flow((Exit(simplify.has_value(found), "return", Scalar(found, "text"), of.before),), of.before)
    translator.note(Kind.FIRST, of.node)
    return Flow((Exit(simplify.has_value(found), "return", Scalar(found, "text"), of.before),), of.before)


def _found(translator: Translator, of: _Loop, where: Term, value: Value) -> Term:
    if isinstance(value, Scalar) and value.kind == "boolean":
        raise CannotSay("a loop that returns yes or no by its elements has no counterpart", line_of(of.node))
    return of.first(where, as_text(value))


def _surely(where: Term, value: Value, of: _Loop) -> bool:
    give = as_text(value)
    return simplify.never_blank(give) or simplify.keeps_value(give, Name(of.name))


def _until_break(translator: Translator, of: _Loop, flow: Flow, breaks: list[Exit], steps: Variables) -> Variables:
    if len(flow.exits) != 1 or any(isinstance(value, Step) for value in steps.values()):
        raise CannotSay("`break` in such a loop has no counterpart", line_of(of.node))
    way = breaks[0]
    found = dict(of.before)
    for name, value in way.variables.items():
        if value not in (Before(name), of.before.get(name)) and name in _assigned(of.node):
            found[name] = _from_first(translator, of, way.when, value, of.before.get(name, NULL))
    return found


def _from_first(translator: Translator, of: _Loop, where: Term, value: Value, before: Value) -> Value:
    if isinstance(value, Before | Step | Unknown):
        return Unknown("`break` in such a loop has no counterpart")
    if isinstance(value, Scalar) and isinstance(value.term, Boolean):
        return merged(simplify.any_of(of.name, of.over, where), value, before)
    try:
        if not _surely(where, value, of):
            translator.note(Kind.FIRST, of.node)
        found = _found(translator, of, where, value)
        return merged(simplify.has_value(found), Scalar(found, "text"), before)
    except CannotSay as why:
        return Unknown(why.reason)


def _grown(translator: Translator, of: _Loop, steps: Variables) -> Variables:
    grown: Variables = {}
    for name, value in steps.items():
        try:
            grown[name] = _one_grown(translator, of, of.before.get(name, NULL), value)
        except CannotSay as why:
            grown[name] = Unknown(why.reason)
    return grown


def _one_grown(translator: Translator, of: _Loop, before: Value, step: Value) -> Value:
    match step:
        case Step(_, "append", give, where):
            return _appended(before, Many(simplify.each(of.name, of.over, where, as_text(give))))
        case Step(_, "join", give, where):
            pieces = simplify.each(of.name, of.over, where, as_text(give))
            return Scalar(simplify.concat(as_text(before), Call("join", (_EMPTY, pieces))), "text")
        case Step(_, "set", Scalar(Boolean()) as value, where):
            return merged(simplify.any_of(of.name, of.over, where), value, before)
        case Step(_, "set", value, where):
            return _last(translator, of, where, value, before)
        case Unknown():
            return step
        case Scalar(_, kind) if kind in TEXTS:
            return _last(translator, of, simplify.YES, step, before)
    raise CannotSay("what a variable has after this loop has no counterpart", line_of(of.node))


def _appended(before: Value, more: Many) -> Many:
    if before in (NULL, Array(())):
        return more
    return Many(Call("list", (as_list(before).term, more.term)))


def _last(translator: Translator, of: _Loop, where: Term, value: Value, before: Value) -> Value:
    if not _surely(where, value, of):
        translator.note(Kind.FIRST, of.node)
    found = Call("last", (simplify.each(of.name, of.over, where, as_text(value)),))
    return merged(simplify.has_value(found), Scalar(found, "text"), before)


_EMPTY = Text("")
