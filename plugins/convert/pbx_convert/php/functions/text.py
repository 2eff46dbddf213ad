"""Functions that make texts of texts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from tree_sitter import Node

from pbx_convert import simplify
from pbx_convert.findings import CannotSay, Kind
from pbx_convert.php import pcre
from pbx_convert.php.functions import function, number, spelled_out, texts
from pbx_convert.php.functions.asking import pattern_of
from pbx_convert.php.syntax import part, source
from pbx_convert.php.translator import Translator
from pbx_convert.php.values import Array, Position, Scalar, Value
from pbx_convert.simplify import BLANK, extracted, literal_pattern, replaced
from pbx_convert.terms import Call, Compare, Number, Pattern, Term, Text

_WHITE = r" \t\n\r\x0b"
"""What `trim` takes away; a NUL is in no text here."""


def _text(term: Term) -> Value:
    return Scalar(term, "text")


def _hit(term: Term) -> Value:
    return Scalar(term, "hit")


def _of_bytes(node: Node) -> bool:
    return not source(part(node, "function")).lower().startswith("mb_")


@function("strlen", "mb_strlen", "iconv_strlen", arguments=(1, 2))
def length(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    subject = translator.text(given[0])
    if subject == BLANK:
        return Scalar(Number(0), "number")
    if isinstance(subject, Text):
        return Scalar(Number(len(subject.value.encode() if _of_bytes(node) else subject.value)), "number")
    if _of_bytes(node):
        translator.note(Kind.CHARACTERS, node)
    return Scalar(simplify.else_(Call("length", (subject,)), Number(0)), "number")


@function("substr", "mb_substr", "iconv_substr", arguments=(2, 4))
def cut(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    subject = translator.text(given[0])
    if _of_bytes(node):
        translator.note(Kind.CHARACTERS, node)
    if by_position := _cut_at(translator, subject, given, node):
        return _text(by_position)
    start = number(translator, given[1])
    most = number(translator, given[2]) if len(given) > 2 and given[2].type != "null" else None
    return _text(_cut(subject, start, most))


def _cut(subject: Term, start: int, most: int | None) -> Term:
    if most == 0 or subject == BLANK:
        return BLANK
    if start < 0:
        rest: Term = Call("right", (subject, Number(-start)))
        return rest if most is None else _cut(rest, 0, most)
    if most is not None and most < 0:
        if -most > 900 or start > 900:
            raise CannotSay("so many characters cannot be counted in a pattern")
        skipped = f"(?:.{{{start}}})" if start else ""
        return extracted(subject, f"(?s)^{skipped}(.*).{{{-most}}}$")
    if start == 0:
        return subject if most is None else Call("left", (subject, Number(most)))
    count: Term = Call("length", (subject,)) if most is None else Number(most)
    return Call("mid", (subject, Number(start + 1), count))


def _cut_at(translator: Translator, subject: Term, given: Sequence[Node], node: Node) -> Term | None:
    """Up to where a text is found, or from behind it on."""
    if len(given) == 3 and translator.value(given[1]) == Scalar(Number(0), "number"):
        match translator.value(given[2]):
            case Position(same, Text(sought), False, last) if same == subject:
                return _before(subject, sought, last=last)
    if len(given) == 2:
        if given[1].type == "binary_expression" and source(part(given[1], "operator")) == "+":
            return _behind(translator, subject, given[1])
        match translator.value(given[1]):
            case Position(same, Text(sought), False, last) if same == subject:
                quoted = literal_pattern(sought)
                found = extracted(subject, f"(?s)^.*({quoted}.*)$" if last else f"(?s){quoted}.*$")
                return simplify.if_(_has(subject, sought), found, subject)
    return None


def _before(subject: Term, sought: str, *, last: bool) -> Term:
    if last:
        return extracted(subject, f"(?s)^(.*){literal_pattern(sought)}")
    return Call("before", (subject, _separator(sought)))


def _behind(translator: Translator, subject: Term, sum_: Node) -> Term:
    """`substr($x, strpos($x, '@') + 1)`, which takes a text without an `@` from its second letter on."""
    match translator.value(part(sum_, "left")), translator.value(part(sum_, "right")):
        case Position(same, Text(sought), False, last), Scalar(Number(count), "number") if same == subject:
            if count != len(sought):
                raise CannotSay("there is no arithmetic")
            quoted = literal_pattern(sought)
            behind = (
                extracted(subject, f"(?s)^.*{quoted}(.*)$") if last else Call("after", (subject, _separator(sought)))
            )
            return simplify.if_(_has(subject, sought), behind, _cut(subject, count, None))
    raise CannotSay("there is no arithmetic")


def _has(subject: Term, sought: str) -> Term:
    if sought.lower() == sought.upper() and sought.isprintable():
        return Compare("contains", subject, Text(sought))
    return Compare("matches", subject, Pattern(literal_pattern(sought)))


def _separator(sought: str) -> Term:
    if not sought.isprintable():
        raise CannotSay("a line break or tab cannot be written in a rule")
    return Text(sought)


@function("strstr", arguments=(2, 3))
def from_hit(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    subject, sought = translator.text(given[0]), spelled_out(translator, given[1])
    if not sought:
        raise CannotSay("an empty text is looked for")
    if len(given) == 3 and translator.value(given[2]) == Scalar(simplify.YES, "boolean"):
        return _hit(_before(subject, sought, last=False))
    return _hit(extracted(subject, f"(?s){literal_pattern(sought)}.*$"))


@function("strrchr", arguments=(2, 2))
def from_last_hit(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    sought = spelled_out(translator, given[1])[:1]
    if not sought or not sought.isascii():
        raise CannotSay("such a text to look for has no counterpart")
    return _hit(extracted(translator.text(given[0]), f"(?s)^.*({literal_pattern(sought)}.*)$"))


@function("trim", "ltrim", "rtrim", "chop", arguments=(1, 2))
def trimmed(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    name = source(part(node, "function")).lower()
    subject = translator.text(given[0])
    if name == "trim" and len(given) == 1:
        translator.note(Kind.SPACES, node)
        return _text(Call("trim", (subject,)) if subject != BLANK else BLANK)
    signs = _trimmed_signs(spelled_out(translator, given[1])) if len(given) == 2 else _WHITE
    if not signs:
        return _text(subject)
    ends = {"trim": f"^[{signs}]+|[{signs}]+$", "ltrim": f"^[{signs}]+"}.get(name, f"[{signs}]+$")
    return _text(replaced(subject, Pattern(ends), Text("")))


def _trimmed_signs(signs: str) -> str:
    if ".." in signs:
        raise CannotSay("a range of characters in trim() has no counterpart")
    if not signs.isascii():
        raise CannotSay("trim() takes bytes away, not characters")
    return "".join("\\-" if sign == "-" else literal_pattern(sign) for sign in dict.fromkeys(signs) if sign != "\0")


@function("strtolower", "strtoupper", "mb_strtolower", "mb_strtoupper", arguments=(1, 2))
def letters(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    if _of_bytes(node):
        translator.note(Kind.CHARACTERS, node)
    name = "lower" if source(part(node, "function")).lower().endswith("lower") else "upper"
    return _text(_called(name, translator.text(given[0])))


def _called(name: str, subject: Term) -> Term:
    return BLANK if subject == BLANK else Call(name, (subject,))


@function("ucfirst", "lcfirst", arguments=(1, 1))
def first_letter(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    translator.note(Kind.CHARACTERS, node)
    subject = translator.text(given[0])
    if subject == BLANK:
        return _text(BLANK)
    name = "upper" if "ucfirst" in source(node).lower()[:8] else "lower"
    return _text(simplify.concat(Call(name, (_cut(subject, 0, 1),)), _cut(subject, 1, None)))


_CASES = {"MB_CASE_TITLE": "title", "MB_CASE_UPPER": "upper", "MB_CASE_LOWER": "lower"}


@function("mb_convert_case", arguments=(2, 3))
def converted(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    name = _CASES.get(source(given[1]))
    if name is None:
        raise CannotSay(f"mb_convert_case() to {source(given[1])[:40]} has no counterpart")
    return _text(_called(name, translator.text(given[0])))


@function("ucwords", arguments=(1, 2))
def words(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    if len(given) > 1:
        raise CannotSay("ucwords() with other separators has no counterpart")
    translator.note(Kind.CHARACTERS, node)
    subject = translator.text(given[0])
    match subject:
        case Call("lower", (inner,)):
            subject = inner
        case _:
            translator.note(Kind.TITLE, node)
    return _text(_called("title", subject))


@function("str_replace", "str_ireplace", arguments=(3, 3))
def replaces(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    old, new = texts(translator.value(given[0])), translator.value(given[1])
    subject = translator.text(given[2])
    by = [*texts(new), *[""] * len(old)][: len(old)] if isinstance(new, Array) else texts(new) * len(old)
    ignore_case = "ireplace" in source(part(node, "function")).lower()
    pairs = [(sought, put) for sought, put in zip(old, by, strict=True) if sought]
    for put, same in groupby(pairs, key=lambda pair: pair[1]):
        subject = _replaced_all(subject, [sought for sought, _ in same], put, ignore_case=ignore_case)
    return _text(subject)


def _replaced_all(subject: Term, old: list[str], new: str, *, ignore_case: bool) -> Term:
    """One after the other, as PHP does; signs in a row at once, as far as none of them is put there again."""
    for single, run in groupby(old, key=lambda sought: len(sought) == 1 and sought not in new):
        sought = list(dict.fromkeys(run))
        if single and len(sought) > 1:
            signs = "".join("\\-" if sign == "-" else literal_pattern(sign) for sign in sought)
            subject = _replaced(subject, Pattern(f"[{signs}]", ignore_case), new)
        else:
            for text in sought:
                subject = _replaced_one(subject, text, new, ignore_case=ignore_case)
    return subject


def _replaced_one(subject: Term, old: str, new: str, *, ignore_case: bool) -> Term:
    if old.isprintable() and not (ignore_case and old.lower() != old.upper()):
        return _replaced(subject, Text(old), new)
    return _replaced(subject, Pattern(literal_pattern(old), ignore_case), new)


def _replaced(subject: Term, old: Term, new: str) -> Term:
    if not new.isprintable():
        raise CannotSay("a line break or tab cannot be written in a rule")
    if subject == BLANK:
        return BLANK
    return replaced(subject, old, Text(new.replace("$", "$$") if isinstance(old, Pattern) else new))


@function("preg_replace", arguments=(3, 3))
def replaces_pattern(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    patterns, new = texts(translator.value(given[0])), texts(translator.value(given[1]))
    if len(new) != 1:
        raise CannotSay("preg_replace() with several replacements has no counterpart")
    subject = translator.text(given[2])
    for literal in patterns:
        pattern = pattern_of(translator, literal, node)
        if pattern.may_be_empty and new[0]:
            raise CannotSay("a pattern that can match nothing puts its replacement in other places here")
        put = pcre.replacement(new[0], pattern.groups)
        if not put.isprintable():
            raise CannotSay("a line break or tab cannot be written in a rule")
        subject = BLANK if subject == BLANK else replaced(subject, pattern.pattern, Text(put))
    return _text(subject)


@function("strtr", arguments=(2, 3))
def transliterated(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    """One after the other comes to the same as all at once, if no text that is put there holds one that is sought."""
    subject = translator.text(given[0])
    if len(given) == 3:
        old, new = spelled_out(translator, given[1]), spelled_out(translator, given[2])
        if not (old + new).isascii():
            raise CannotSay("strtr() changes bytes, not characters")
        pairs = dict(zip(old, new, strict=False))
    else:
        table = translator.value(given[1])
        if not isinstance(table, Array):
            raise CannotSay("the texts of strtr() must be spelled out")
        pairs = dict(zip([str(key) for key, _ in table.items], texts(table), strict=True))
    if any(len(old) != 1 or old in new for old in pairs for new in pairs.values()):
        raise CannotSay("texts that strtr() changes only once have no counterpart")
    for old, new in pairs.items():
        subject = _replaced_one(subject, old, new, ignore_case=False)
    return _text(subject)


@function("sprintf", arguments=(1, 12))
def formatted(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    """`%s` alone."""
    pieces = spelled_out(translator, given[0]).replace("%%", "\0").split("%s")
    if len(pieces) != len(given) or any("%" in piece for piece in pieces):
        raise CannotSay("sprintf() with anything else than %s has no counterpart")
    parts: list[Term] = [Text(pieces[0].replace("\0", "%"))]
    for value, piece in zip(given[1:], pieces[1:], strict=True):
        parts += [translator.text(value), Text(piece.replace("\0", "%"))]
    return _text(simplify.concat(*parts))


@function("addslashes", "addcslashes", arguments=(1, 2))
def escaped(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    """What made a value fit for JSON: here values are no JSON."""
    translator.note(Kind.ESCAPES, node)
    return _text(translator.text(given[0]))


@function("strval", arguments=(1, 1))
def as_it_is(translator: Translator, given: Sequence[Node], node: Node) -> Value:
    return _text(translator.text(given[0]))
