"""Operators: joins, choices, conditions, assignments."""

from __future__ import annotations

from tree_sitter import Node

from pbx_convert import simplify
from pbx_convert.findings import CannotSay, Kind
from pbx_convert.php import comparisons
from pbx_convert.php.syntax import line_of, named, part, source
from pbx_convert.php.translator import Translator, as_text, expression, merged
from pbx_convert.php.values import NULL, NULLABLE, Array, Before, Scalar, Step, Value
from pbx_convert.terms import Number


@expression("binary_expression")
def binary(translator: Translator, node: Node) -> Value:
    operator = source(part(node, "operator")).lower()
    left, right = part(node, "left"), part(node, "right")
    if operator in ("&&", "and", "||", "or"):
        return _logical(translator, operator, left, right)
    if operator == "??":
        return _unless_null(translator, left, right)
    if operator == ".":
        return Scalar(simplify.concat(translator.text(left), translator.text(right)), "text")
    if operator in comparisons.EQUALITIES or operator in comparisons.ORDERS:
        return comparisons.compare(translator, operator, left, right, node)
    if operator in ("+", "-", "*", "/", "%", "**"):
        raise CannotSay("there is no arithmetic", line_of(node))
    raise CannotSay(f"the operator {operator} has no counterpart", line_of(node))


def _logical(translator: Translator, operator: str, left: Node, right: Node) -> Value:
    first = translator.condition(left)
    second = translator.truth(translator.maybe_value(right), right)
    join = simplify.and_ if operator in ("&&", "and") else simplify.or_
    return Scalar(join(first, second), "boolean")


def _unless_null(translator: Translator, left: Node, right: Node) -> Value:
    value = translator.value(left)
    if value == NULL:
        return translator.maybe_value(right)
    if isinstance(value, Scalar) and value.kind == "mixed":
        raise CannotSay("whether this has a value cannot be told here")
    if not isinstance(value, Scalar) or value.kind not in NULLABLE:
        return value
    translator.note(Kind.PRESENT, left)
    return merged(simplify.has_value(value.term), value, translator.maybe_value(right))


@expression("conditional_expression")
def choice(translator: Translator, node: Node) -> Value:
    asked = part(node, "condition")
    body = node.child_by_field_name("body")
    value = translator.value(asked)
    then = value if body is None else translator.maybe_value(body)
    return merged(translator.truth(value, asked), then, translator.maybe_value(part(node, "alternative")))


@expression("unary_op_expression")
def unary(translator: Translator, node: Node) -> Value:
    operator = source(part(node, "operator"))
    argument = part(node, "argument")
    if operator == "!":
        return Scalar(simplify.not_(translator.condition(argument)), "boolean")
    value = translator.value(argument)
    if operator == "-" and isinstance(value, Scalar) and isinstance(value.term, Number):
        return Scalar(Number(-value.term.value), "number")
    raise CannotSay(f"the operator {operator} has no counterpart")


@expression("error_suppression_expression")
def silenced(translator: Translator, node: Node) -> Value:
    return translator.value(named(node)[0])


@expression("cast_expression")
def cast(translator: Translator, node: Node) -> Value:
    to = source(part(node, "type")).lower()
    value = translator.value(part(node, "value"))
    if to == "string":
        return Scalar(as_text(value), "text")
    if to in ("bool", "boolean"):
        return Scalar(translator.truth(value, node), "boolean")
    if to == "array" and isinstance(value, Scalar) and value.kind == "field":
        from pbx_convert.php.translator import as_list

        return as_list(value)
    raise CannotSay(f"({to}) has no counterpart")


@expression("match_expression")
def match(translator: Translator, node: Node) -> Value:
    subject = translator.value(part(node, "condition"))
    found: Value | None = None
    for arm in reversed(named(part(node, "body"))):
        value = translator.maybe_value(part(arm, "return_expression"))
        if arm.type == "match_default_expression":
            if arm.next_named_sibling is not None:
                raise CannotSay("`default` must come last", line_of(arm))
            found = value
            continue
        asked = [
            comparisons.equal(translator, subject, translator.value(key), key, strict=True)
            for key in named(part(arm, "conditional_expressions"))
        ]
        found = merged(simplify.or_(*asked), value, NULL if found is None else found)
    if found is None:
        raise CannotSay("nothing to choose from")
    return found


@expression("assignment_expression")
def assignment(translator: Translator, node: Node) -> Value:
    left = part(node, "left")
    value = translator.value(part(node, "right"))
    if left.type == "variable_name":
        translator.assign(source(left)[1:], value)
    elif left.type == "list_literal":
        _take_apart(translator, left, value)
    elif left.type == "subscript_expression":
        _append(translator, left, value)
    else:
        raise CannotSay("such an assignment has no counterpart")
    return value


def _take_apart(translator: Translator, left: Node, value: Value) -> None:
    """`list($a, , $b) = …`"""
    from pbx_convert.php.literals import element

    index = 0
    for child in left.children:
        if child.type == ",":
            index += 1
        elif child.type == "variable_name":
            of = dict(value.items).get(index, NULL) if isinstance(value, Array) else element(value, index)
            translator.assign(source(child)[1:], of)
        elif child.is_named:
            raise CannotSay("such a list has no counterpart")


def _append(translator: Translator, left: Node, value: Value) -> None:
    """`$list[] = …`, and nothing else: a list is never changed in its middle."""
    children = named(left)
    if len(children) != 1 or children[0].type != "variable_name" or source(children[0]) == "$row":
        raise CannotSay("only `$list[] =` can be said")
    name = source(children[0])[1:]
    now = translator.variables.get(name, NULL)
    if isinstance(now, Before):
        translator.assign(name, Step(name, "append", value))
    elif isinstance(now, Array) or now == NULL:
        items = now.items if isinstance(now, Array) else ()
        following = 1 + max((key for key, _ in items if isinstance(key, int)), default=-1)
        translator.assign(name, Array((*items, (following, value))))
    else:
        raise CannotSay("adding to this list has no counterpart")


@expression("augmented_assignment_expression")
def augmented(translator: Translator, node: Node) -> Value:
    left, operator = part(node, "left"), source(part(node, "operator"))
    if left.type != "variable_name" or operator not in (".=", "??="):
        raise CannotSay(f"{operator} has no counterpart")
    name = source(left)[1:]
    now = translator.variables.get(name, NULL)
    if operator == "??=":
        value = _unless_null(translator, left, part(node, "right"))
    elif isinstance(now, Before):
        value = Step(name, "join", translator.value(part(node, "right")))
    elif isinstance(now, Step) and now.how == "join" and now.where == simplify.YES:
        joined = simplify.concat(as_text(now.give), translator.text(part(node, "right")))
        value = Step(name, "join", Scalar(joined, "text"))
    else:
        value = Scalar(simplify.concat(translator.text(left), translator.text(part(node, "right"))), "text")
    translator.assign(name, value)
    return value


@expression("update_expression")
def counted(translator: Translator, node: Node) -> Value:
    raise CannotSay("counting has no counterpart; there is count()")
