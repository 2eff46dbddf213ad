"""Functions that ask."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from pbx_convert import simplify
from pbx_convert.findings import CannotSay, Kind
from pbx_convert.php import pcre
from pbx_convert.php.comparisons import is_text
from pbx_convert.php.functions import function, spelled_out
from pbx_convert.php.loops import elements
from pbx_convert.php.syntax import named, source
from pbx_convert.php.translator import Translator, field, one_line
from pbx_convert.php.values import NULL, NULLABLE, Array, Found, Many, Position, Scalar, Value
from pbx_convert.simplify import NO, YES
from pbx_convert.terms import Compare, Member, Name, Pattern, Term, Text


def _yes(term: Term) -> Value:
    return Scalar(term, "boolean")


@function("array_key_exists", "key_exists", arguments=(2, 2))
def has_key(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    if source(given[1]) == "$row":
        translator.note(Kind.PRESENT, node)
        return _yes(simplify.has_value(field(spelled_out(translator, given[0]))))
    of = translator.value(given[1])
    if not isinstance(of, Array):
        raise CannotSay("the keys of a list have no counterpart")
    keys = [Scalar(Text(str(key)), "text") for key, _ in of.items]
    return _yes(_among(translator, translator.text(given[0]), list(keys), node))


@function("isset", arguments=(1, 9))
def is_set(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    return _yes(simplify.and_(*(_is_set(translator, one) for one in given)))


def _is_set(translator: Translator, node: Node) -> Term:
    if node.type == "subscript_expression" and len(named(node)) == 2 and source(named(node)[0]) != "$row":
        of = translator.value(named(node)[0])
        if isinstance(of, Array):
            keys: list[Value] = [Scalar(Text(str(key)), "text") for key, _ in of.items]
            return _among(translator, translator.text(named(node)[1]), keys, node)
    value = translator.value(node)
    if value == NULL:
        return NO
    if not isinstance(value, Scalar):
        return YES
    if value.kind not in (*NULLABLE, "mixed"):
        return YES
    translator.note(Kind.PRESENT, node)
    return simplify.has_value(value.term)


@function("empty", arguments=(1, 1))
def empty(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    return _yes(simplify.not_(translator.condition(given[0])))


@function("is_null", arguments=(1, 1))
def is_null(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    value = translator.value(given[0])
    if value == NULL:
        return _yes(YES)
    if not isinstance(value, Scalar) or value.kind not in (*NULLABLE, "mixed"):
        return _yes(NO)
    translator.note(Kind.PRESENT, node)
    return _yes(simplify.is_blank(value.term))


@function("is_array", arguments=(1, 1))
def is_array(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    match translator.value(given[0]):
        case Scalar(term, "field"):
            return Scalar(term, "is-list")
        case Scalar():
            return _yes(NO)
        case Position():
            return _yes(NO)
    return _yes(YES)


@function("is_string", arguments=(1, 1))
def is_string(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    match translator.value(given[0]):
        case Scalar(term, "field" | "maybe" | "hit"):
            translator.note(Kind.PRESENT, node)
            return _yes(simplify.has_value(term))
        case Scalar(_, "mixed"):
            raise CannotSay("whether this has a text or something else makes no difference in a rule")
        case Scalar(_, "text"):
            return _yes(YES)
    return _yes(NO)


@function("in_array", arguments=(2, 3))
def in_array(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    strict = len(given) == 3 and translator.value(given[2]) == _yes(YES)
    of = translator.value(given[1])
    needle = translator.value(given[0])
    plain = _is_plain(needle) or (isinstance(of, Array) and all(_is_plain(item) for _, item in of.items))
    if not strict and not plain:
        translator.note(Kind.LOOSE, node)
    if strict and isinstance(of, Array):
        translator.note(Kind.PRESENT, node)
    if isinstance(of, Array):
        return _yes(_among(translator, translator.text(given[0]), [item for _, item in of.items], node))
    match needle:
        case Scalar(Text() as text, "text"):
            return _yes(is_text(translator, elements(translator, of, node).term, text, node))
    translator.note(Kind.CASE, node)
    return _yes(Compare("is", elements(translator, of, node).term, translator.text(given[0])))


def _is_plain(value: Value) -> bool:
    match value:
        case Scalar(Text(text), "text"):
            return not text[:1].isdigit()
    return False


def _among(translator: Translator, subject: Term, values: list[Value], node: Node) -> Term:
    if isinstance(subject, Text):
        raise CannotSay("a constant is asked")
    options = []
    blank = NO
    for value in values:
        match value:
            case Scalar(Text(""), "text"):
                blank = simplify.is_blank(subject)
            case Scalar(Text() as text, "text"):
                if is_text(translator, subject, text, node) != NO:
                    options.append(one_line(text))
            case _:
                raise CannotSay("these texts must be spelled out")
    if len(options) == 1:
        return simplify.or_(blank, Compare("is", subject, options[0]))
    return simplify.or_(blank, Member(subject, tuple(options)) if options else NO)


@function("strpos", "mb_strpos", "stripos", "mb_stripos", "strrpos", "mb_strrpos", arguments=(2, 2))
def position(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    name = source(node).lower()
    subject, sought = translator.text(given[0]), translator.text(given[1])
    if isinstance(sought, Text) and not sought.value:
        raise CannotSay("an empty text is looked for")
    return Position(subject, sought, "stripos" in name.split("(")[0], "strrpos" in name.split("(")[0])


@function("str_contains", arguments=(2, 2))
def contains(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    subject, sought = translator.text(given[0]), translator.text(given[1])
    return _yes(translator.contains(subject, sought, node, ignore_case=False))


@function("str_starts_with", arguments=(2, 2))
def starts(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    subject, sought = translator.text(given[0]), translator.text(given[1])
    return _yes(translator.starts(subject, sought, node, ignore_case=False))


@function("str_ends_with", arguments=(2, 2))
def ends(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    subject, sought = translator.text(given[0]), translator.text(given[1])
    return _yes(translator.ends(subject, sought, node))


@function("strcasecmp", "strcmp", arguments=(2, 2))
def compared(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    """0 if they are equal; its sign has no counterpart, and is asked for by nobody."""
    left, right = translator.text(given[0]), translator.text(given[1])
    if isinstance(left, Text):
        left, right = right, left
    if not isinstance(right, Text) or isinstance(left, Text):
        raise CannotSay("one of the two must be spelled out")
    translator_notes = len(translator.notes)
    same = is_text(translator, left, right, node)
    if source(node).lower().startswith("strcasecmp"):
        del translator.notes[translator_notes:]
    return Scalar(simplify.not_(same), "flag")


@function("preg_match", arguments=(2, 3))
def matches(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    literal = spelled_out(translator, given[0])
    pattern = pattern_of(translator, literal, node)
    subject = translator.text(given[1])
    if len(given) == 3:
        if given[2].type != "variable_name":
            raise CannotSay("such hits have no counterpart")
        translator.assign(source(given[2])[1:], Found(subject, *pcre.divided(literal)))
    if isinstance(subject, Text) or subject == simplify.BLANK:
        raise CannotSay("a constant is asked")
    return Scalar(matching(subject, pattern), "flag")


def matching(subject: Term, pattern: pcre.Read) -> Term:
    """A blank never matches here; in PHP it does if the pattern can match nothing."""
    found = Compare("matches", subject, pattern.pattern)
    return simplify.or_(simplify.is_blank(subject), found) if pattern.may_be_empty else found


def pattern_of(translator: Translator, literal: str, node: Node) -> pcre.Read:
    pattern = pcre.read(literal)
    if pattern.by_bytes:
        translator.note(Kind.CHARACTERS, node)
    if pattern.has_end:
        translator.note(Kind.LINE_END, node)
    return pattern


@function("preg_grep", arguments=(2, 2))
def grep(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    pattern = pattern_of(translator, spelled_out(translator, given[0]), node)
    of = translator.value(given[1])
    match of:
        case Array(((_, Scalar(_, "field")),)):
            translator.note(Kind.LIST, node)
    name = translator.fresh("element")
    translator.free(name)
    where = Compare("matches", Name(name), pattern.pattern)
    listed = elements(translator, of, node)
    return Many(simplify.each(name, listed.term, where, Name(name)), sure=True)


@function("ctype_digit", arguments=(1, 1))
def all_digits(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    return _yes(Compare("matches", translator.text(given[0]), Pattern("^[0-9]+$")))


@function("is_numeric", arguments=(1, 1))
def is_numeric(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    source_ = r"^[ \t\n\r\x0b\f]*[+\-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+\-]?[0-9]+)?[ \t\n\r\x0b\f]*$"
    return _yes(Compare("matches", translator.text(given[0]), Pattern(source_)))
