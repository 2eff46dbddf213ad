"""One snippet of PHP, as the expression that it comes to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tree_sitter import Node

from pbx_convert import simplify
from pbx_convert.findings import CannotSay, Kind, Note, Unsaid
from pbx_convert.php import literals, operators  # noqa: F401 # they register themselves
from pbx_convert.php.functions import asking, lists, text  # noqa: F401 # likewise
from pbx_convert.php.statements import returned
from pbx_convert.php.syntax import parse
from pbx_convert.php.translator import Translator, as_list, as_text
from pbx_convert.php.values import Position, Scalar, Value
from pbx_convert.terms import Call, Term, Text, TooLarge, walk


@dataclass(frozen=True, slots=True)
class Said:
    term: Term
    notes: tuple[Note, ...]


def variable(what: str, php: str, taken: frozenset[str] = frozenset()) -> Said | Unsaid:
    """The value of a variable; `taken` are names that `each` must not use."""
    return _translated(Translator(what, taken), php, _result)


def pre_filter(php: str, taken: frozenset[str] = frozenset()) -> Said | Unsaid:
    """The condition under which a row is kept."""
    return _translated(Translator("pre filter", taken), php, _asked)


def _translated(translator: Translator, php: str, finish: Callable[[Translator, Value, Node], Term]) -> Said | Unsaid:
    try:
        program = parse(php)
        value = returned(translator, program)
        term = finish(translator, value, program)
        _check(term)
        return Said(term, tuple(translator.notes))
    except CannotSay as why:
        return Unsaid(translator.what, max(1, why.line), why.reason, php)
    except TooLarge:
        return Unsaid(translator.what, 1, "it would be too long as one rule: divide it", php)


def _result(translator: Translator, value: Value, program: Node) -> Term:
    match value:
        case Scalar(term, "boolean" | "flag"):
            translator.note(Kind.YES_NO, program)
            return simplify.if_(term, Text("1"), simplify.BLANK)
        case Scalar(term, "is-list"):
            return Call("is_list", (term,))
        case Scalar() | Position():
            return as_text(value)
    return as_list(value).term


def _asked(translator: Translator, value: Value, program: Node) -> Term:
    return translator.truth(value, program)


def _check(term: Term) -> None:
    for found in walk(term):
        if isinstance(found, Call) and found.function == "is_list":
            raise CannotSay("whether a field has one value or a list makes no difference in a rule")
        if isinstance(found, Text) and any(ord(sign) < 32 for sign in found.value):
            raise CannotSay("a line break or tab cannot be written in a rule")
