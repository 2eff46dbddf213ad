"""Says in this language what was written in the words of another: trees in, trees out, so that the printer can set
every parenthesis and no text is cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache

from pbx_rules.check.scope import Scope
from pbx_rules.check.vocabulary import FOREIGN_FUNCTIONS, FOREIGN_NAMES, LOOKUPS
from pbx_rules.diagnostics import Findings
from pbx_rules.document import verbatim
from pbx_rules.syntax import tree

Arguments = Sequence[tree.Expression]
Rewrite = Callable[[Arguments], "tree.Expression | None"]

MISSING = tree.Name("…")
"""A gap that people fill in."""
_FORMS = {
    "else": "a else b",
    "is blank": "a is blank",
    "is not blank": "a is not blank",
    "and": "a and b",
    "or": "a or b",
    "not": "not a",
    "is": "a is b",
    "in": "b is a",
    "contains": "a contains b",
    "matches": "b matches a",
    "each": "each x in a give x",
    "&": "a & b",
    "lookup": "lookup(b, a)",
}
"""How an operator is written around the arguments `a`, `b` … of the foreign function."""
_CALLS = {
    "suchen": "b contains a",
    "search": "b contains a",
    "find": "b contains a",
    "preg_grep": "each x in b where x matches a give x",
    "str_replace": "replace(c, a, b)",
    "preg_replace": "replace(c, a, b)",
    "explode": "split(b, a)",
    "array_map": "each x in b give x",
    "zahlenwert": "number(a, decimal: b)",
    "numbervalue": "number(a, decimal: b)",
}
"""Functions that take their arguments in an order of their own."""
_FROM_ZERO = frozenset({"substr", "mb_substr", "substring"})
_PATTERN = re.compile(r"(?P<quote>[/#~])(?P<source>.*)(?P=quote)(?P<flags>[a-z]*)", re.DOTALL)
"""As PHP writes one: a text with slashes in it."""


def native(node: tree.Expression, scope: Scope) -> tree.Expression:
    """The node without words of other languages, as far as these are known."""
    return tree.mapped(node, lambda part: _native(part, scope))


def _native(part: tree.Expression, scope: Scope) -> tree.Expression:
    match part:
        case tree.Call(function) if scope.names.functions.get(function) is None:
            return rewritten(part) or part
        case tree.Name(name) if not scope.knows(name) and FOREIGN_NAMES.get(name.lower()) in ("blank", "true", "false"):
            return _parsed(FOREIGN_NAMES[name.lower()])
    return tree.without_empty_text(part)


def rewritten(call: tree.Call) -> tree.Expression | None:
    """The user's own call in the words of this language; None if the name is no known foreign one."""
    name = call.function.lower()
    meant = FOREIGN_FUNCTIONS.get(name)
    if meant is None:
        return None
    given = [argument.value for argument in call.arguments]
    if name in _SPECIAL:
        return _SPECIAL[name](given)
    if name.startswith("preg_"):
        given = [as_pattern(value) for value in given]
    if meant in _CHAINS and len(given) != 2:
        return _CHAINS[meant](tuple(given)) if len(given) > 1 else next(iter(given), None)
    form = _CALLS.get(name) or _FORMS.get(meant)
    return _filled(form, given) if form else _call(meant, given)


def _call(function: str, arguments: Arguments) -> tree.Call:
    return tree.Call(function, tuple(map(tree.Argument, arguments)))


def _filled(form: str, given: Arguments) -> tree.Expression:
    values = dict(zip("abcd", [*given, *[MISSING] * 4], strict=False))

    def put(part: tree.Expression) -> tree.Expression:
        return values.get(part.name, part) if isinstance(part, tree.Name) else part

    return tree.mapped(_parsed(form), put)


@cache
def _parsed(form: str) -> tree.Expression:
    from pbx_rules.syntax.parser import parse_expression

    parsed = parse_expression(verbatim(form), Findings(""))
    assert parsed is not None, form  # noqa: S101 - the forms are those above
    return parsed


_CHAINS: dict[str, Callable[[tuple[tree.Expression, ...]], tree.Expression]] = {
    "else": tree.Else,
    "and": tree.And,
    "or": tree.Or,
    "&": tree.Concat,
}


def as_pattern(value: tree.Expression) -> tree.Expression:
    """A text with slashes in it, as PHP writes patterns, as a pattern."""
    found = _PATTERN.fullmatch(value.value) if isinstance(value, tree.Text) else None
    return tree.Pattern(found["source"].replace("\\/", "/"), found["flags"]) if found else value


def _text_join(given: Arguments) -> tree.Expression:
    """Whether blanks are left out is no question here: they are."""
    return _call("join", [*given[:1], *given[2:]])


def _middle(given: Arguments) -> tree.Expression | None:
    """PHP counts from zero, and from the end where the number is negative."""
    match given:
        case [text, tree.Number(start), *rest] if start >= 0:
            return _call("mid", [text, tree.Number(start + 1), *(rest or [tree.Number(Decimal(1000))])])
        case [text, tree.Number(start)]:
            return _call("right", [text, tree.Number(-start)])
    return _call("mid", given)


def _replaced_by_place(given: Arguments) -> tree.Expression | None:
    match given:
        case [text, tree.Number(start), tree.Number(count), new] if start >= 1:
            rest = _call("mid", [text, tree.Number(start + count), tree.Number(Decimal(1000))])
            head = (_call("left", [text, tree.Number(start - 1)]),) if start > 1 else ()
            return tree.Concat((*head, new, rest))
        case [_, _, _]:
            return _call("replace", given)
    return None


def _counted(given: Arguments) -> tree.Expression:
    return _call("count", given if len(given) == 1 else [_call("list", given)])


def _has_key(given: Arguments) -> tree.Expression:
    """`array_key_exists("Phone", $row)` asks about a field."""
    match given:
        case [tree.Text(name), *_] if name.strip() and not set("[]\n") & set(name):
            return tree.Compare("is not", tree.Field(name.strip()), tree.Blank())
    return _filled("a is not blank", given)


def _looked_up(given: Arguments) -> tree.Expression:
    return _filled("lookup(b, a) else d" if len(given) > 3 else "lookup(b, a)", given)


def _chosen(given: Arguments) -> tree.Expression:
    """`IFS` has conditions, so it becomes one `if` in another."""
    last = given[-1] if len(given) % 2 else tree.Blank()
    for condition, result in reversed(list(zip(given[:-1:2], given[1::2], strict=False))):
        last = _call("if", [condition, result, last])
    return last


def _switched(given: Arguments) -> tree.Expression:
    subject, rest = given[:1], given[1:]
    cases = [tree.Argument(value, key) for key, value in zip(rest[:-1:2], rest[1::2], strict=False)]
    last = rest[-1] if len(rest) % 2 else tree.Blank()
    return tree.Call("switch", (*map(tree.Argument, subject), *cases, tree.Argument(last, is_else=True)))


_SPECIAL: dict[str, Rewrite] = {
    **dict.fromkeys(_FROM_ZERO, _middle),
    **dict.fromkeys(("textjoin", "textverketten"), _text_join),
    **dict.fromkeys(("ifs", "wenns"), _chosen),
    **dict.fromkeys(("xlookup", "xverweis"), _looked_up),
    **dict.fromkeys(("anzahl", "anzahl2", "counta"), _counted),
    "ersterwert": _switched,
    "ersetzen": _replaced_by_place,
    "array_key_exists": _has_key,
}


def is_lookup(call: tree.Call) -> bool:
    return call.function.lower() in LOOKUPS
