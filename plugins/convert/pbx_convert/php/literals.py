"""Texts, numbers and arrays that are spelled out, variables and fields."""

from __future__ import annotations

import re

from tree_sitter import Node

from pbx_convert import simplify
from pbx_convert.findings import CannotSay
from pbx_convert.php.syntax import line_of, named, part, source
from pbx_convert.php.translator import Translator, as_list, as_text, expression, field
from pbx_convert.php.values import NULL, Array, Found, Function, Many, Pieces, Scalar, Value
from pbx_convert.simplify import BLANK
from pbx_convert.terms import Boolean, Call, Compare, Number, Pattern, Term, Text

_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "v": "\v", "e": "\x1b", "f": "\f", "\\": "\\", "$": "$", '"': '"'}


@expression("string")
def single_quoted(translator: Translator, node: Node) -> Value:
    return Scalar(Text(re.sub(r"\\([\\'])", r"\1", source(node)[1:-1])), "text")


@expression("encapsed_string")
def double_quoted(translator: Translator, node: Node) -> Value:
    parts: list[Term] = []
    for child in node.children:
        if child.type == "escape_sequence":
            parts.append(Text(_unescaped(child)))
        elif child.type == "string_content":
            parts.append(Text(source(child)))
        elif child.is_named:
            parts.append(as_text(translator.value(child)))
    return Scalar(simplify.concat(*parts) if parts else Text(""), "text")


def _unescaped(node: Node) -> str:
    escape = source(node)[1:]
    if escape in _SIMPLE:
        return _SIMPLE[escape]
    digits = {"x": escape[1:], "u": escape[1:].strip("{}")}.get(escape[0])
    code = int(digits, 16) if digits is not None else int(escape, 8)
    if (digits is None or escape[0] == "x") and code > 127:
        raise CannotSay("a single byte of a text has no counterpart", line_of(node))
    if not 0 < code < 0x110000 or 0xD800 <= code < 0xE000:
        raise CannotSay("this is no character", line_of(node))
    return chr(code)


@expression("integer")
def integer(translator: Translator, node: Node) -> Value:
    digits = source(node)
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 9 or (digits[0] == "0" and digits != "0"):
        raise CannotSay(f"the number {digits} is read nowhere here")
    return Scalar(Number(int(digits)), "number")


@expression("boolean")
def boolean(translator: Translator, node: Node) -> Value:
    return Scalar(Boolean(source(node).lower() == "true"), "boolean")


@expression("null")
def null(translator: Translator, node: Node) -> Value:
    return NULL


@expression("parenthesized_expression")
def parenthesized(translator: Translator, node: Node) -> Value:
    return translator.value(named(node)[0])


@expression("variable_name")
def variable(translator: Translator, node: Node) -> Value:
    name = source(node)[1:]
    if name == "row":
        raise CannotSay("the row as a whole has no counterpart")
    return translator.variable(name) or NULL


@expression("array_creation_expression")
def array(translator: Translator, node: Node) -> Value:
    items: dict[str | int, Value] = {}
    following = 0
    for element in named(node):
        children = named(element)
        if element.type != "array_element_initializer" or len(children) not in (1, 2):
            raise CannotSay("such an array has no counterpart", line_of(element))
        key = following if len(children) == 1 else _key(translator, children[0])
        if isinstance(key, int):
            following = max(following, key + 1)
        items[key] = translator.value(children[-1])
    return Array(tuple(items.items()))


def _key(translator: Translator, node: Node) -> str | int:
    value = translator.value(node)
    match value:
        case Scalar(Text(key), "text"):
            return int(key) if re.fullmatch(r"0|[1-9]\d{0,8}", key, re.ASCII) else key
        case Scalar(Number(number), "number"):
            return number
    raise CannotSay("the key of an array is not spelled out", line_of(node))


@expression("subscript_expression")
def subscript(translator: Translator, node: Node) -> Value:
    children = named(node)
    if len(children) != 2:
        raise CannotSay("an array without an index")
    of, index = children
    if source(of) == "$row":
        return Scalar(field(_field_name(translator, index)), "field")
    return _element(translator, translator.value(of), index)


def _field_name(translator: Translator, index: Node) -> str:
    if index.type == "name":  # "$row[X]" inside a text
        return source(index)
    value = translator.value(index)
    match value:
        case Scalar(Text(name), "text"):
            return name
    raise CannotSay("the name of a field must be spelled out")


def _element(translator: Translator, of: Value, index: Node) -> Value:
    key = translator.value(index) if index.type != "name" else Scalar(Text(source(index)), "text")
    if isinstance(of, Array):
        return _of_array(translator, of, key, index)
    match key:
        case Scalar(Number(number), "number"):
            return element(of, number)
    raise CannotSay("the index must be a number that is spelled out")


def _of_array(translator: Translator, of: Array, key: Value, node: Node) -> Value:
    match key:
        case Scalar(Text(), "text") | Scalar(Number(), "number"):
            wanted = _key(translator, node) if node.type != "name" else source(node)
            return dict(of.items).get(wanted, NULL)
    subject = as_text(key)
    found: Term = BLANK
    for known, value in reversed(of.items):
        found = simplify.if_(_is_key(translator, subject, known, node), as_text(value), found)
    return Scalar(found, "maybe")


def _is_key(translator: Translator, subject: Term, key: str | int, node: Node) -> Term:
    from pbx_convert.php.comparisons import is_text

    return is_text(translator, subject, Text(str(key)), node)


def element(of: Value, index: int) -> Value:
    """Element number `index`, from 0 on."""
    match of:
        case Pieces(separator, subject, True) if index > 0:
            return Scalar(_rest(subject, separator) if index == 1 else BLANK, "maybe")
        case Pieces(separator, subject):
            return Scalar(piece(subject, separator, index), "text" if index == 0 else "maybe")
        case Found(subject, pattern, flags):
            from pbx_convert.php.pcre import group

            return Scalar(Call("extract", (subject, group(pattern, flags, index))), "maybe")
        case Many() | Scalar(_, "field"):
            many = as_list(of)
            if isinstance(of, Many) and not of.sure:
                raise CannotSay("an element by its number, of a list that may have empty ones, has no counterpart")
            return Scalar(_numbered(many.term, index), "maybe")
    raise CannotSay("a single character of a text has no counterpart; there is mid()")


def _numbered(term: Term, index: int) -> Term:
    return Call("first", (term,)) if index == 0 else Call("item", (term, Number(index + 1)))


def _rest(subject: Term, separator: str) -> Term:
    return simplify.extracted(subject, f"(?s)^.*?{simplify.literal_pattern(separator)}(.*)$")


def piece(subject: Term, separator: str, index: int) -> Term:
    """One piece of `explode`, just as PHP has it."""
    quoted = simplify.literal_pattern(separator)
    if len(separator) == 1:
        other = f"[^{quoted}]*"
        if index == 0:
            return simplify.extracted(subject, f"^{other}")
        before = f"{other}{quoted}" if index == 1 else f"(?:{other}{quoted}){{{index}}}"
        return simplify.extracted(subject, f"^{before}({other})")
    if index > 0:
        return simplify.extracted(subject, f"^(?s:.*?{quoted}){{{index}}}((?s:.*?))(?:{quoted}|\\z)")
    found = Compare("matches", subject, Pattern(quoted))
    return simplify.if_(found, Call("before", (subject, Text(separator))), subject)


@expression("anonymous_function", "arrow_function")
def function(translator: Translator, node: Node) -> Value:
    parameters = named(part(node, "parameters"))
    if any(parameter.type != "simple_parameter" for parameter in parameters):
        raise CannotSay("such parameters have no counterpart")
    names = tuple(source(part(parameter, "name"))[1:] for parameter in parameters)
    return Function(names, part(node, "body"), tuple(translator.variables.items()))
