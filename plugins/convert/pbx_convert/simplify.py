"""Terms as a person would write them: each form is made here, in the shortest way that says the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pbx_convert.terms import (
    And,
    Blank,
    Boolean,
    Call,
    Case,
    Compare,
    Concat,
    Each,
    Else,
    Member,
    Name,
    Not,
    Number,
    Or,
    Pattern,
    Term,
    Text,
    uses,
)

_OPPOSITE = {
    "is": "is not",
    "contains": "does not contain",
    "starts with": "does not start with",
    "ends with": "does not end with",
    "matches": "does not match",
}
_OPPOSITE |= {negative: positive for positive, negative in _OPPOSITE.items()}
_OF_ANY_ELEMENT = ("is", "contains", "starts with", "ends with", "matches")
"""Comparisons that hold for a list when they hold for any element."""
_KEEPS_VALUE = ("left", "right", "upper", "lower", "title", "trim")
"""Functions that give a value for every value; but for a cut that leaves only white space."""

YES: Term = Boolean(True)
NO: Term = Boolean(False)
BLANK: Term = Blank()


def is_blank(term: Term) -> Term:
    if isinstance(term, Blank) or (isinstance(term, Text) and not term.value.strip()):
        return YES
    return NO if never_blank(term) else Compare("is", term, BLANK)


def has_value(term: Term) -> Term:
    return not_(is_blank(term))


def never_blank(term: Term) -> bool:
    match term:
        case Text(value):
            return bool(value.strip())
        case Number() | Boolean() | Compare() | Member() | Not() | And() | Or():
            return True
        case Call("count"):
            return True
        case Call("if", (_, then, otherwise)):
            return never_blank(then) and never_blank(otherwise)
        case Concat(parts) | Else(parts):
            return any(map(never_blank, parts))
        case _:
            return False


def not_(term: Term) -> Term:
    match term:
        case Boolean(value):
            return Boolean(not value)
        case Not(operand):
            return operand
        case Compare(operator, left, right) if operator in _OPPOSITE:
            return Compare(_OPPOSITE[operator], left, right)
        case Member():
            return replace(term, negated=not term.negated)
        case _:
            return Not(term)


def and_(*terms: Term) -> Term:
    operands = _flat(terms, And)
    if NO in operands:
        return NO
    operands = [term for term in operands if term != YES]
    if any(not_(term) in operands for term in operands):
        return NO
    return And(tuple(operands)) if len(operands) > 1 else operands[0] if operands else YES


def or_(*terms: Term) -> Term:
    operands = _flat(terms, Or)
    if YES in operands:
        return YES
    operands = _members([term for term in operands if term != NO])
    return Or(tuple(operands)) if len(operands) > 1 else operands[0] if operands else NO


def _flat(terms: Iterable[Term], of: type[And] | type[Or]) -> list[Term]:
    flat: list[Term] = []
    for term in terms:
        for part in term.operands if isinstance(term, of) else (term,):
            if part not in flat:
                flat.append(part)
    return flat


def _members(operands: list[Term]) -> list[Term]:
    """`x is "a" or x is "b"` is `x in ("a", "b")`."""
    made: list[Term] = []
    for term in operands:
        before, now = _asked_of(made[-1]) if made else None, _asked_of(term)
        if before and now and before[0] == now[0]:
            made[-1] = Member(now[0], tuple(dict.fromkeys((*before[1], *now[1]))))
        else:
            made.append(term)
    return made


def concat(*terms: Term) -> Term:
    parts: list[Term] = []
    for term in terms:
        for part in term.parts if isinstance(term, Concat) else (term,):
            if isinstance(part, Text) and parts and isinstance(parts[-1], Text):
                parts[-1] = Text(parts[-1].value + part.value)
            elif part not in (BLANK, Text("")):
                parts.append(part)
    return Concat(tuple(parts)) if len(parts) > 1 else parts[0] if parts else BLANK


def else_(*terms: Term) -> Term:
    options: list[Term] = []
    for term in terms:
        for option in term.options if isinstance(term, Else) else (term,):
            if isinstance(option, Blank) or option in options or (options and never_blank(options[-1])):
                continue
            options.append(option)
    return Else(tuple(options)) if len(options) > 1 else options[0] if options else BLANK


def condition(asked: Term, then: Term, otherwise: Term) -> Term:
    """`if` between conditions."""
    if asked == then:
        return or_(asked, otherwise)
    if isinstance(then, Boolean):
        return or_(asked, otherwise) if then.value else and_(not_(asked), otherwise)
    if isinstance(otherwise, Boolean):
        return or_(not_(asked), then) if otherwise.value else and_(asked, then)
    return if_(asked, then, otherwise)


def if_(asked: Term, then: Term, otherwise: Term) -> Term:
    """`if`, or what says the same without it."""
    if isinstance(asked, Boolean):
        return then if asked.value else otherwise
    if then == otherwise:
        return then
    match asked:
        case Not(operand):
            return if_(operand, otherwise, then)
        case Compare("is", subject, Blank()):
            return if_(Compare("is not", subject, BLANK), otherwise, then)
        case Compare("is not", subject, Blank()) if keeps_value(then, subject):
            return else_(then, otherwise)
    match asked, then, otherwise:
        case Compare("matches", subject, sought), Call("extract", (same, pattern)), Blank():
            if same == subject and pattern == sought:
                return then
    if cut := _cut(asked, then, otherwise):
        return cut
    if chosen := _switch(asked, then, otherwise):
        return chosen
    return Call("if", (asked, then)) if otherwise == BLANK else Call("if", (asked, then, otherwise))


def keeps_value(term: Term, subject: Term) -> bool:
    """Whether it is blank exactly where `subject` is."""
    if term == subject:
        return True
    match term:
        case Call(name, (first, *others)) if name in _KEEPS_VALUE:
            return keeps_value(first, subject) and all(isinstance(n, Number) and n.value > 0 for n in others)
    return False


def _cut(asked: Term, then: Term, otherwise: Term) -> Term | None:
    """`if(length(x) <= 80, x, left(x, 80))` is `left(x, 80)`."""
    match asked:
        case Compare("<=", measured, Number(most)):
            whole, cut = then, otherwise
        case Compare(">", measured, Number(most)):
            whole, cut = otherwise, then
        case _:
            return None
    lengths = (Call("length", (whole,)), else_(Call("length", (whole,)), Number(0)))
    return cut if measured in lengths and cut == Call("left", (whole, Number(most))) else None


def _switch(asked: Term, then: Term, otherwise: Term) -> Term | None:
    """From the second comparison of one value on."""
    found = _asked_of(asked)
    if found is None:
        return None
    subject, keys = found
    others = _cases(subject, otherwise)
    if not any(case.key for case in others):
        return None
    return Call("switch", (subject, *_distinct([*(Case(key, then) for key in keys), *others])))


def _cases(subject: Term, term: Term) -> list[Case]:
    """Of what a chain of `if` does where the comparisons before do not hold."""
    match term:
        case Call("switch", (same, *more)) if same == subject:
            return [case for case in more if isinstance(case, Case)]
        case Call("if", (asked, value, *rest)) if (found := _asked_of(asked)) and found[0] == subject:
            return [*(Case(key, value) for key in found[1]), *(_cases(subject, rest[0]) if rest else [])]
    return [] if term == BLANK else [Case(None, term)]


def _distinct(cases: list[Case]) -> list[Case]:
    """The first of each key: a second one is never reached."""
    seen: set[str] = set()
    kept = []
    for case in cases:
        key = case.key.value.casefold() if isinstance(case.key, Text) else "" if case.key is None else str(case.key)
        if key not in seen:
            kept.append(case)
        seen.add(key)
    return kept


def _asked_of(asked: Term) -> tuple[Term, tuple[Term, ...]] | None:
    match asked:
        case Compare("is", subject, Text() as key) if key.value.strip():
            return subject, (key,)
        case Member(subject, options, False) if len(options) < 8:
            return subject, options
    return None


def any_of(name: str, over: Term, where: Term) -> Term:
    """Whether a condition holds for any element of a list."""
    if isinstance(where, Boolean):
        return has_value(over) if where.value else NO
    match where:
        case Compare(operator, Name(subject), right) if operator in _OF_ANY_ELEMENT and subject == name:
            if not uses(right, name) and not isinstance(right, Blank):
                return Compare(operator, over, right)
        case Member(Name(subject), _, False) if subject == name:
            return replace(where, left=over)
        case Or(operands):
            return or_(*(any_of(name, over, operand) for operand in operands))
    return Compare("is not", Each(name, over, where, Name(name)), BLANK)


def each(name: str, over: Term, where: Term, give: Term) -> Term:
    kept = None if where == YES else where
    if kept is None and give == Name(name):
        return over
    return Each(name, over, kept, give)


def literal_pattern(text: str) -> str:
    """A pattern's source that matches just this text."""
    return "".join(_ESCAPES.get(sign) or sign for sign in text)


_ESCAPES = {sign: f"\\{sign}" for sign in r"\.+*?()|[]{}^$/"} | {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def replaced(subject: Term, old: Term, new: Term) -> Term:
    return Call("replace", (subject, old, new))


def extracted(subject: Term, source: str) -> Term:
    return Call("extract", (subject, Pattern(source)))
