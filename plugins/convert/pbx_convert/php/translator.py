"""Follows a PHP program without running it: each variable stands for the term that it would hold."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Literal

from tree_sitter import Node

from pbx_convert import simplify
from pbx_convert.findings import CannotSay, Kind, Note
from pbx_convert.php.syntax import line_of, shortened, source
from pbx_convert.php.values import TEXTS, Array, Before, Found, Many, Pieces, Position, Scalar, Step, Unknown, Value
from pbx_convert.simplify import BLANK, NO, YES
from pbx_convert.terms import Blank, Boolean, Call, Compare, Concat, Else, Field, Not, Number, Pattern, Term, Text

Variables = dict[str, Value]
Evaluate = Callable[["Translator", Node], Value]

EXPRESSIONS: dict[str, Evaluate] = {}
"""By the type of a node."""


def expression(*types: str) -> Callable[[Evaluate], Evaluate]:
    """Registers what evaluates nodes of these types."""

    def register(evaluate: Evaluate) -> Evaluate:
        EXPRESSIONS.update(dict.fromkeys(types, evaluate))
        return evaluate

    return register


class Translator:
    """Follows one snippet; `notes` tells what may differ."""

    def __init__(self, what: str, taken: frozenset[str] = frozenset()) -> None:
        self.what = what
        self.variables: Variables = {}
        self.notes: list[Note] = []
        self.maybe = 0
        """How many branches deep an expression is that PHP may not reach: nothing may be assigned there."""
        self._taken = set(taken)
        self._most_steps = 20_000

    def value(self, node: Node) -> Value:
        """Raises `CannotSay` if there is no counterpart."""
        self._most_steps -= 1
        evaluate = EXPRESSIONS.get(node.type)
        if evaluate is None or self._most_steps < 0:
            raise CannotSay(f"`{shortened(source(node))}` has no counterpart", line_of(node))
        try:
            return evaluate(self, node)
        except CannotSay as why:
            why.line = why.line or line_of(node)
            raise

    def maybe_value(self, node: Node) -> Value:
        self.maybe += 1
        try:
            return self.value(node)
        finally:
            self.maybe -= 1

    def note(self, kind: Kind, node: Node) -> None:
        note = Note(kind, self.what, line_of(node))
        if note not in self.notes:
            self.notes.append(note)

    def assign(self, name: str, value: Value) -> None:
        if self.maybe:
            raise CannotSay("an assignment inside an expression that PHP may not reach has no counterpart")
        self.variables[name] = value

    def variable(self, name: str) -> Value | None:
        """None if nothing was assigned."""
        found = self.variables.get(name)
        if isinstance(found, Unknown):
            raise CannotSay(found.reason)
        if isinstance(found, Before | Step):
            raise CannotSay(f"${found.variable} is used in the loop that makes it")
        return found

    def fresh(self, name: str) -> str:
        """A name for `each`, like PHP's own but no word of the language and no variable."""
        plain = "".join(sign for sign in name.lower() if sign.isascii() and (sign.isalnum() or sign == "_")).strip("_")
        plain = plain if plain[:1].isalpha() else "one"
        number, made = 1, plain
        while made.lower() in WORDS or made in self._taken:
            number += 1
            made = f"{plain}{number}"
        self._taken.add(made)
        return made

    def free(self, name: str) -> None:
        self._taken.discard(name)

    def text(self, node: Node) -> Term:
        return as_text(self.value(node))

    def condition(self, node: Node) -> Term:
        return self.truth(self.value(node), node)

    def truth(self, value: Value, node: Node) -> Term:
        """What `if` takes it for."""
        match value:
            case Scalar(term, "boolean" | "flag" | "is-list"):
                return term if value.kind != "is-list" else Call("is_list", (term,))
            case Scalar(_, "null"):
                return NO
            case Scalar(term, "number"):
                return at_least(term, 1)
            case Scalar(term):
                return self._has_value(term, node)
            case Position(subject, sought, ignore_case):
                found = self.contains(subject, sought, node, ignore_case=ignore_case)
                return simplify.and_(found, simplify.not_(self.starts(subject, sought, node, ignore_case=ignore_case)))
            case Array(items):
                return Boolean(bool(items))
            case Many(term):
                return simplify.has_value(term)
            case Pieces():
                return YES
        raise CannotSay("this cannot be asked")

    def _has_value(self, term: Term, node: Node) -> Term:
        match term:
            case Text(value):
                return Boolean(value not in ("", "0"))
            case Call("count") | Else((_, Number(0))):
                return at_least(term, 1)
            case Call("if", (asked, then, otherwise)) if simplify.never_blank(term):
                return simplify.condition(asked, self._has_value(then, node), self._has_value(otherwise, node))
        if simplify.is_blank(term) != YES and not _never_zero(term):
            self.note(Kind.EMPTY, node)
        return simplify.has_value(term)

    def contains(self, subject: Term, sought: Term, node: Node, *, ignore_case: bool) -> Term:
        return self._find("contains", subject, sought, node, ignore_case=ignore_case)

    def starts(self, subject: Term, sought: Term, node: Node, *, ignore_case: bool) -> Term:
        return self._find("starts with", subject, sought, node, ignore_case=ignore_case)

    def ends(self, subject: Term, sought: Term, node: Node) -> Term:
        return self._find("ends with", subject, sought, node, ignore_case=False)

    def _find(self, operator: str, subject: Term, sought: Term, node: Node, *, ignore_case: bool) -> Term:

        if isinstance(sought, Text) and not sought.value:
            return YES
        if not isinstance(sought, Text):
            raise CannotSay("what is looked for is no text that is spelled out")
        if isinstance(subject, Text | Blank):
            raise CannotSay("a constant is asked")
        if not ignore_case and has_case(sought):
            self.note(Kind.CASE, node)
        return Compare(operator, subject, one_line(sought))


def has_case(*terms: Term) -> bool:
    """Whether case makes a difference when they are compared; unless they are spelled out, it does."""
    return any(not isinstance(term, Text) or term.value.lower() != term.value.upper() for term in terms)


def one_line(term: Text) -> Text:
    if any(ord(sign) < 32 for sign in term.value):
        raise CannotSay("a line break or tab cannot be written in a rule")
    return term


def _never_zero(term: Term) -> bool:
    match term:
        case Text(value):
            return value != "0"
        case Concat(parts):
            return any(isinstance(part, Text) and part.value.strip("0") for part in parts)
        case Call("if", (_, *ways)) | Else(ways):
            return all(way == BLANK or _never_zero(way) for way in ways)
    return False


def as_text(value: Value) -> Term:
    """As PHP makes a text of it. Raises `CannotSay` for lists."""
    match value:
        case Scalar(Boolean(known), "boolean" | "flag"):
            return Text("1") if known else (BLANK if value.kind == "boolean" else Text("0"))
        case Scalar(term, "boolean"):
            return simplify.if_(term, Text("1"), BLANK)
        case Scalar(term, "flag"):
            return simplify.if_(term, Text("1"), Text("0"))
        case Scalar(_, "null") | Scalar(Text(""), _):
            return BLANK
        case Scalar(Number(known), "number"):
            return Text(str(known))
        case Scalar(term, kind) if kind in (*TEXTS, "number"):
            return term
    raise CannotSay(f"{_NAMES.get(type(value), 'this')} stands where a text is needed")


_NAMES = {
    Array: "an array",
    Many: "a list",
    Pieces: "a list",
    Position: "a position in a text",
    Found: "a list of hits",
}


def as_list(value: Value) -> Many:
    match value:
        case Many():
            return value
        case Scalar(term, "field"):
            return Many(term)
        case Array(()):
            return Many(BLANK, sure=True)
        case Array(items):
            elements = tuple(as_text(item) for _, item in items)
            if len(elements) == 1:
                return Many(elements[0], sure=simplify.never_blank(elements[0]))
            return Many(Call("list", elements), sure=all(map(simplify.never_blank, elements)))
        case Pieces(separator, subject, False):
            return Many(Call("split", (subject, separator_of(separator))), sure=True)
    raise CannotSay("no list that can be gone through")


def separator_of(separator: str) -> Term:
    if any(ord(sign) < 32 for sign in separator):
        return Pattern(simplify.literal_pattern(separator))
    return Text(separator)


def at_least(term: Term, least: int) -> Term:
    """Whether a number is; without the `else 0` of a length where it does not matter."""

    if isinstance(term, Number):
        return Boolean(term.value >= least)
    if least <= 0:
        return YES
    bare = without_zero(term)
    if least == 1 and isinstance(bare, Call):
        return simplify.has_value(bare.arguments[0])
    return Compare(">=", bare, Number(least))


def without_zero(term: Term) -> Term:

    match term:
        case Else((bare, Number(0))):
            return bare
    return term


def field(name: str) -> Field:
    if not name.strip() or any(sign in "[]" or ord(sign) < 32 for sign in name):
        raise CannotSay(f"a field cannot be called {name!r}")
    return Field(name)


def merged(asked: Term, then: Value, otherwise: Value) -> Value:
    """The one value or the other. Raises `CannotSay` if they do not go together."""
    if then == otherwise:
        return then
    match asked:
        case Boolean(known):
            return then if known else otherwise
        case Call("is_list", (subject,)):
            return _one_or_many(subject, then, otherwise)
        case Not(Call("is_list", (subject,))):
            return _one_or_many(subject, otherwise, then)
    if isinstance(then, Before | Step) or isinstance(otherwise, Before | Step):
        return _merged_steps(asked, then, otherwise)
    return _merged_values(asked, then, otherwise)


def _one_or_many(subject: Term, many: Value, one: Value) -> Value:
    """A single value serves as a list of one, so that both ways must come to the same."""
    if isinstance(many, Scalar) and isinstance(one, Scalar) and many.kind == one.kind and many.term == one.term:
        return many
    if isinstance(many, Scalar) and isinstance(one, Scalar) and one.term == subject and _is_of_one(many.term, subject):
        return many
    try:
        as_one, as_many = as_list(one), as_list(many)
    except CannotSay:
        raise CannotSay("whether a field has one value or a list makes no difference in a rule") from None
    if as_one.term != as_many.term:
        raise CannotSay("whether a field has one value or a list makes no difference in a rule")
    return Many(as_many.term)


def _is_of_one(term: Term, subject: Term) -> bool:
    """Whether it gives, of a list of one, that one."""
    match term:
        case Call("first" | "last", (same,)) | Call("join", (_, same)):
            return same == subject
    return False


def _merged_values(asked: Term, then: Value, otherwise: Value) -> Value:
    kinds = {value.kind for value in (then, otherwise) if isinstance(value, Scalar)}
    if all(isinstance(value, Scalar) for value in (then, otherwise)):
        if kinds <= {"boolean", "null"} and "boolean" in kinds:
            return Scalar(simplify.condition(asked, _bool(then), _bool(otherwise)), "boolean")
        if kinds == {"number"}:
            return Scalar(simplify.if_(asked, as_text(then), as_text(otherwise)), "mixed")
        return Scalar(simplify.if_(asked, as_text(then), as_text(otherwise)), _merged_kind(kinds, then, otherwise))
    lists = [Many(BLANK, sure=True) if _is_nothing(value) else as_list(value) for value in (then, otherwise)]
    return Many(simplify.if_(asked, lists[0].term, lists[1].term), sure=lists[0].sure and lists[1].sure)


def _merged_kind(kinds: Set[str], *values: Value) -> Literal["field", "text", "maybe", "hit", "mixed"]:
    if kinds == {"text"}:
        return "text"
    if kinds <= {"field", "null"}:
        return "field"
    if kinds <= {"field", "null", "maybe", "text"}:
        return "maybe"
    is_false = all(value.term == NO for value in values if isinstance(value, Scalar) and value.kind == "boolean")
    return "hit" if kinds <= {"text", "hit", "boolean"} and is_false else "mixed"


def _bool(value: Value) -> Term:
    return value.term if isinstance(value, Scalar) and value.kind == "boolean" else NO


def _is_nothing(value: Value) -> bool:
    return isinstance(value, Scalar) and (value.kind == "null" or (value.kind == "boolean" and value.term == NO))


def _merged_steps(asked: Term, then: Value, otherwise: Value) -> Value:
    match then, otherwise:
        case Step(), Before():
            return Step(then.variable, then.how, then.give, simplify.and_(asked, then.where))
        case Before(), Step():
            where = simplify.and_(simplify.not_(asked), otherwise.where)
            return Step(otherwise.variable, otherwise.how, otherwise.give, where)
        case Step(), Step() if then.how == otherwise.how:
            where = simplify.condition(asked, then.where, otherwise.where)
            return Step(then.variable, then.how, merged(asked, then.give, otherwise.give), where)
        case Before(variable), value if not isinstance(value, Before | Step):
            return Step(variable, "set", value, simplify.not_(asked))
        case value, Before(variable) if not isinstance(value, Before | Step):
            return Step(variable, "set", value, asked)
    raise CannotSay("what this loop does to its variables has no counterpart")


WORDS = frozenset(
    (
        *("keep", "skip", "when", "because", "each", "where", "give", "else", "or", "and", "not", "in", "is", "with"),
        *("contains", "starts", "ends", "matches", "does", "contain", "start", "end", "match"),
        *("true", "false", "blank"),
    )
)
"""Of the language, which cannot name variables."""
