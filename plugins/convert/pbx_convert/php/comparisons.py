"""PHP's comparisons, each by what it compares."""

from __future__ import annotations

import re

from tree_sitter import Node

from pbx_convert import simplify
from pbx_convert.findings import CannotSay, Kind
from pbx_convert.php.translator import Translator, as_text, at_least, has_case, one_line, without_zero
from pbx_convert.php.values import NULLABLE, TEXTS, Array, Found, Many, Pieces, Position, Scalar, Value
from pbx_convert.simplify import NO, YES
from pbx_convert.terms import Boolean, Call, Compare, Number, Term, Text

_TYPES = "whether this has a text or something else makes no difference in a rule"
EQUALITIES = {"==": False, "===": False, "!=": True, "<>": True, "!==": True}
"""Whether it asks for the opposite."""
ORDERS = ("<", "<=", ">", ">=")
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_NUMERIC = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)


def compare(translator: Translator, operator: str, left: Node, right: Node, node: Node) -> Value:
    first, second = translator.value(left), translator.value(right)
    if operator in ORDERS:
        return Scalar(_order(translator, operator, first, second, node), "boolean")
    same = equal(translator, first, second, node, strict=len(operator) == 3)
    return Scalar(simplify.not_(same) if EQUALITIES[operator] else same, "boolean")


def equal(translator: Translator, left: Value, right: Value, node: Node, *, strict: bool) -> Term:
    if _is_null(left) or (_is_constant(left) and not _is_constant(right) and not _is_null(right)):
        left, right = right, left
    match left, right:
        case Position(), _:
            return _position(translator, left, right, node, strict=strict)
        case _, Scalar(_, "null"):
            return _null(translator, left, node, strict=strict)
        case _, Scalar(Boolean(known), "boolean"):
            return _boolean(translator, left, known, node, strict=strict)
        case ((Many() | Array() | Pieces() | Found()), Array(())) if not strict:
            return simplify.not_(translator.truth(left, node))
        case Scalar(), Scalar():
            return _scalars(translator, left, right, node, strict=strict)
    raise CannotSay("this comparison has no counterpart")


def _is_null(value: Value) -> bool:
    return isinstance(value, Scalar) and value.kind == "null"


def _is_constant(value: Value) -> bool:
    return isinstance(value, Array) or (
        isinstance(value, Scalar) and (value.kind == "null" or isinstance(value.term, Text | Number | Boolean))
    )


def _position(translator: Translator, left: Position, right: Value, node: Node, *, strict: bool) -> Term:
    found = translator.contains(left.subject, left.sought, node, ignore_case=left.ignore_case)
    match right:
        case Scalar(Boolean(False), "boolean"):
            return simplify.not_(found if strict else translator.truth(left, node))
        case Scalar(Boolean(True), "boolean"):
            return NO if strict else translator.truth(left, node)
        case Scalar(Number(0), "number") if not left.last:
            starts = translator.starts(left.subject, left.sought, node, ignore_case=left.ignore_case)
            return starts if strict else simplify.or_(starts, simplify.not_(found))
    raise CannotSay("a position in a text has no counterpart")


def _null(translator: Translator, left: Value, node: Node, *, strict: bool) -> Term:
    match left:
        case Scalar(_, "null"):
            return YES
        case Scalar(Text(text), "text"):
            return Boolean(not text and not strict)
        case Scalar(term, kind) if kind in (TEXTS if not strict else NULLABLE):
            if strict:
                translator.note(Kind.PRESENT, node)
            return simplify.is_blank(term)
        case Scalar(_, "mixed"):
            raise CannotSay(_TYPES)
    if strict:
        return NO
    return simplify.not_(translator.truth(left, node))


def _boolean(translator: Translator, left: Value, known: bool, node: Node, *, strict: bool) -> Term:
    kind = left.kind if isinstance(left, Scalar) else ""
    if strict and kind == "mixed":
        raise CannotSay(_TYPES)
    if strict and isinstance(left, Scalar) and kind == "hit" and not known:
        translator.note(Kind.PRESENT, node)
        return simplify.is_blank(left.term)
    if strict and kind != "boolean":
        return NO
    asked = translator.truth(left, node)
    return asked if known else simplify.not_(asked)


def _scalars(translator: Translator, left: Scalar, right: Scalar, node: Node, *, strict: bool) -> Term:
    numbers = ("number", "flag")
    if "boolean" in (left.kind, right.kind) or "is-list" in (left.kind, right.kind):
        raise CannotSay("this comparison has no counterpart")
    if left.kind in numbers or right.kind in numbers:
        return _with_number(translator, left, right, node, strict=strict)
    if isinstance(right.term, Text):
        if not strict and _NUMERIC.fullmatch(right.term.value):
            translator.note(Kind.LOOSE, node)
        if strict and not right.term.value:
            translator.note(Kind.PRESENT, node)
        return is_text(translator, left.term, right.term, node)
    if not strict:
        translator.note(Kind.LOOSE, node)
    translator.note(Kind.CASE, node)
    both = simplify.and_(simplify.is_blank(left.term), simplify.is_blank(right.term))
    return simplify.or_(_is(left.term, right.term), both)


def _is(left: Term, right: Term) -> Term:
    if isinstance(left, Text) and isinstance(right, Text):
        return Boolean(left.value == right.value)
    return NO if simplify.BLANK in (left, right) else Compare("is", left, right)


def is_text(translator: Translator, subject: Term, text: Text, node: Node) -> Term:
    """Whether a value is a text that is spelled out."""
    if not text.value.strip():
        return simplify.is_blank(subject) if not text.value else NO
    if has_case(text) and not isinstance(subject, Text):
        translator.note(Kind.CASE, node)
    return _is(subject, one_line(text))


def _with_number(translator: Translator, left: Scalar, right: Scalar, node: Node, *, strict: bool) -> Term:
    if not isinstance(right.term, Number):
        raise CannotSay("this comparison of numbers has no counterpart")
    number = right.term.value
    if left.kind == "flag":
        return {1: left.term, 0: simplify.not_(left.term)}.get(number, NO)
    if left.kind == "number":
        return number_is(left.term, number)
    if strict and left.kind == "mixed":
        raise CannotSay(_TYPES)
    if strict:
        return NO
    translator.note(Kind.LOOSE, node)
    return _is(left.term, Text(str(number)))


def number_is(term: Term, number: int) -> Term:
    if isinstance(term, Number):
        return Boolean(term.value == number)
    if number == 0:
        return simplify.not_(at_least(term, 1))
    return Compare("is", without_zero(term), Number(number)) if number > 0 else NO


def _order(translator: Translator, operator: str, left: Value, right: Value, node: Node) -> Term:
    if not isinstance(left, Scalar) or not isinstance(right, Scalar):
        raise CannotSay("this comparison has no counterpart")
    if isinstance(left.term, Number):
        left, right, operator = right, left, _TURNED[operator]
    if not isinstance(right.term, Number) or left.kind not in ("number", *TEXTS, "flag"):
        raise CannotSay("this comparison has no counterpart")
    if left.kind == "flag":
        return _flag_order(operator, left.term, right.term.value)
    if left.kind != "number":
        translator.note(Kind.LOOSE, node)
        return Compare(operator, Call("number", (as_text(left),)), right.term)
    return _number_order(operator, left.term, right.term.value)


def _flag_order(operator: str, term: Term, number: int) -> Term:
    tests = {"<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__}
    return simplify.condition(term, Boolean(tests[operator](1, number)), Boolean(tests[operator](0, number)))


def _number_order(operator: str, term: Term, number: int) -> Term:
    if isinstance(term, Number):
        return _flag_order(operator, YES, number) if term.value == 1 else _constant_order(operator, term.value, number)
    match operator:
        case ">=" if number < 2:
            return at_least(term, number)
        case ">" if number < 1:
            return at_least(term, number + 1)
        case "<" if number < 2:
            return simplify.not_(at_least(term, number))
        case "<=" if number < 1:
            return simplify.not_(at_least(term, number + 1))
        case ">" | ">=":
            return Compare(operator, without_zero(term), Number(number))
    return Compare(operator, term, Number(number))


def _constant_order(operator: str, left: int, right: int) -> Term:
    tests = {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}
    return Boolean(tests[operator])
