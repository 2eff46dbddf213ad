"""Functions on lists."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from pbx_convert import simplify
from pbx_convert.findings import CannotSay, Kind
from pbx_convert.php.functions import FUNCTIONS, function, spelled_out
from pbx_convert.php.functions.asking import pattern_of
from pbx_convert.php.literals import element, piece
from pbx_convert.php.loops import elements
from pbx_convert.php.statements import returned
from pbx_convert.php.syntax import part, source
from pbx_convert.php.translator import Translator, as_list, as_text
from pbx_convert.php.values import Array, Function, Many, Pieces, Scalar, Value
from pbx_convert.simplify import BLANK, literal_pattern
from pbx_convert.terms import Call, Name, Number, Term, Text


def _text(term: Term) -> Value:
    return Scalar(term, "text")


def _hit(term: Term) -> Value:
    """A text, or false where there is none."""
    return Scalar(term, "hit")


@function("explode", arguments=(2, 3))
def explode(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    separator = spelled_out(translator, given[0])
    if not separator:
        raise CannotSay("explode() needs a separator")
    if len(given) == 3 and translator.value(given[2]) != Scalar(Number(2), "number"):
        raise CannotSay("explode() with a limit other than 2 has no counterpart")
    return Pieces(separator, translator.text(given[1]), in_two=len(given) == 3)


@function("preg_split", arguments=(2, 2))
def split(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    pattern = pattern_of(translator, spelled_out(translator, given[0]), node)
    if pattern.may_be_empty:
        raise CannotSay("a separator that can be empty has no counterpart")
    translator.note(Kind.PIECES, node)
    return Many(Call("split", (translator.text(given[1]), pattern.pattern)), sure=True)


@function("implode", "join", arguments=(2, 2))
def implode(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    separator = translator.text(given[0])
    of = translator.value(given[1])
    if isinstance(of, Array):
        return _text(_joined(separator, [as_text(item) for _, item in of.items]))
    listed = elements(translator, of, node)
    if not listed.sure:
        translator.note(Kind.PIECES, node)
    return _text(Call("join", (separator if separator != BLANK else Text(""), listed.term)))


def _joined(separator: Term, parts: list[Term]) -> Term:
    """All of them, blank or not, as PHP does."""
    between: list[Term] = []
    for one in parts:
        between += [separator, one]
    return simplify.concat(*between[1:])


@function("count", "sizeof", arguments=(1, 1))
def count(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    of = translator.value(given[0])
    if isinstance(of, Array):
        return Scalar(Number(len(of.items)), "number")
    listed = elements(translator, of, node)
    if not listed.sure:
        translator.note(Kind.PIECES, node)
    return Scalar(Call("count", (listed.term,)), "number")


@function("array_filter", arguments=(1, 2))
def filtered(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    of = translator.value(given[0])
    if len(given) == 1:
        translator.note(Kind.EMPTY, node)
        listed = as_list(of) if isinstance(of, Array) else elements(translator, of, node)
        return Many(listed.term, sure=True)
    name, where = _applied(translator, given[1])
    listed = elements(translator, of, node)
    return Many(simplify.each(name, listed.term, translator.truth(where, given[1]), Name(name)), sure=listed.sure)


@function("array_map", arguments=(2, 2))
def mapped(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    name, give = _applied(translator, given[0])
    of = translator.value(given[1])
    listed = elements(translator, of, node)
    made = as_text(give)
    keeps = simplify.never_blank(made) or simplify.keeps_value(made, Name(name))
    term = simplify.each(name, listed.term, simplify.YES, made)
    if isinstance(of, Pieces) and made == Call("trim", (Name(name),)):
        term = listed.term  # split trims
    return Many(term, sure=listed.sure and keeps)


def _applied(translator: Translator, node: Node) -> tuple[str, Value]:
    """A function, applied to an element of that name."""
    function_ = translator.value(node)
    match function_:
        case Function((parameter,)):
            name = translator.fresh(parameter)
            try:
                return name, _inlined(translator, function_, parameter, name)
            finally:
                translator.free(name)
        case Scalar(Text(called), "text") if called.lower() in FUNCTIONS:
            return _by_name(translator, called)
    raise CannotSay("this function has no counterpart", node.start_point[0] + 1)


def _inlined(translator: Translator, of: Function, parameter: str, name: str) -> Value:
    outside = translator.variables
    captured = {} if of.body.type == "compound_statement" else dict(of.variables)
    translator.variables = {**captured, parameter: Scalar(Name(name), "text")}
    try:
        if of.body.type == "compound_statement":
            return returned(translator, of.body)
        return translator.value(of.body)
    finally:
        translator.variables = outside


def _by_name(translator: Translator, called: str) -> tuple[str, Value]:
    """`'trim'`, as if it were spelled out."""
    from pbx_convert.php.syntax import named, parse

    program = parse(f"return {called.lower()}($element);")
    name = translator.fresh("element")
    outside = translator.variables
    translator.variables = {"element": Scalar(Name(name), "text")}
    try:
        return name, translator.value(named(named(program)[0])[0])
    finally:
        translator.variables = outside
        translator.free(name)


@function("array_unique", arguments=(1, 1))
def unique(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    translator.note(Kind.CASE, node)
    listed = elements(translator, translator.value(given[0]), node)
    return Many(Call("unique", (listed.term,)), sure=listed.sure)


@function("array_merge", arguments=(1, 12))
def together(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    listed = [elements(translator, translator.value(one), one) for one in given]
    return Many(Call("list", tuple(one.term for one in listed)), sure=all(one.sure for one in listed))


@function("array_values", arguments=(1, 1))
def values(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    of = translator.value(given[0])
    if isinstance(of, Array):
        return Array(tuple(enumerate(item for _, item in of.items)))
    return elements(translator, of, node)


@function("reset", "current", "end", arguments=(1, 1))
def outermost(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    last = source(part(node, "function")).lower() == "end"
    of = translator.value(given[0])
    if isinstance(of, Array):
        return of.items[-1 if last else 0][1] if of.items else Scalar(simplify.NO, "boolean")
    if isinstance(of, Pieces) and not of.in_two:
        return _text(_last_piece(of) if last else piece(of.subject, of.separator, 0))
    if not last:
        return Scalar(as_text(element(of, 0)), "hit")
    listed = elements(translator, of, node)
    if not listed.sure:
        translator.note(Kind.PIECES, node)
    return _hit(Call("last", (listed.term,)))


def _last_piece(of: Pieces) -> Term:
    if len(of.separator) == 1:
        return simplify.extracted(of.subject, f"[^{literal_pattern(of.separator)}]*$")
    quoted = literal_pattern(of.separator)
    return simplify.extracted(of.subject, f"(?s)^(?:.*{quoted})?(.*)$")
