"""Says what was expected where the parser stopped, in the words of the language; called by `parser`."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lark import Token

from pbx_rules.syntax.repairs import repaired
from pbx_rules.syntax.tokens import Complain, grammar, place_of
from pbx_rules.syntax.tree import At

_VALUES = {"FIELD", "NAME", "TEXT", "NUMBER"}
_OPERATORS = {"_IS", "_CONTAINS"}
_COMPARED = {
    "_CONTAINS": ("contains", "does not contain"),
    "_STARTS_WITH": ("starts with", "does not start with"),
    "_ENDS_WITH": ("ends with", "does not end with"),
    "_MATCHES": ("matches", "does not match"),
}
"""What stands alone, without `is` before it."""


def explain(token: Token, tokens: Sequence[Token], accepts: Collection[str], complain: Complain) -> None:
    """`token`, one of `tokens` or their end, is what the parser did not accept."""
    at = place_of(token)
    if token.type == "$END":
        at = place_of(tokens[-1]) if tokens else at
        at = At(at.end, at.end + 1)
    found = "the end" if token.type == "$END" else f"`{token}`"
    number = next((number for number, other in enumerate(tokens) if other is token), 0)
    before = tokens[number - 1] if number else None
    wanted, hint = _wanted(token, before, tokens, accepts)
    hint = (number and repaired(tokens, number, grammar())) or hint
    complain("R0101", f"{found} cannot stand here", at, f"expected {wanted}", hint)


def _wanted(token: Token, before: Token | None, tokens: Sequence[Token], accepts: Collection[str]) -> tuple[str, str]:
    """What was expected, and a hint."""
    if tokens and token is tokens[0]:
        return "`Name = …`, `keep when …` or `skip when …`", _first_word(token)
    if len(tokens) > 1 and token is tokens[1] and "_EQUALS" in accepts:
        return "`=`", "a statement is `Name = expression`; a name is one word, or several joined by _"
    if before is not None and before.type in ("_IS", "_IS_NOT") and token.type in _COMPARED:
        form = _COMPARED[token.type][before.type == "_IS_NOT"]
        return "a value", f"write {form} instead of {before} {token}"
    if set(accepts) >= _VALUES:
        return "a value", 'a field [Name], a variable, "text", a number or a function'
    if set(accepts) & _OPERATORS:
        return "an operator or the end", _between(token, before)
    words = sorted(_WORDS[kind] for kind in accepts if kind in _WORDS)
    return " or ".join(words) or "something else", _after(before, token)


def _first_word(token: Token) -> str:
    if token.type in ("_OPEN", "TEXT", "FIELD", "NUMBER"):
        return "give the value a name: Name = …"
    return f"`{token}` is a word of the language and cannot name a variable" if token.isalpha() else ""


def _after(before: Token | None, token: Token) -> str:
    """What the word before asks for."""
    match before.type if before else "":
        case "_KEEP" | "_SKIP":
            return f"write {str(before).lower()} when …"
        case "_BECAUSE":
            return 'a reason is a text in quotes: because "…"'
        case "_IN" | "_NOT_IN" if token.type == "FIELD":
            return f'plain values stand in parentheses: in ("a", "b"); for a list, turn it around: {token} is …'
        case "_IN" | "_NOT_IN":
            return 'write in ("a", "b")'
        case "_EACH":
            return "write each x in … give x"
    return ""


def _between(token: Token, before: Token | None) -> str:
    if token.type == "NAME" and token.lower() in _MEANT:
        return f"write {_MEANT[token.lower()]}"
    if token.type == "_NOT":
        return "write is not, does not contain, does not start with, does not end with or does not match"
    if before is not None and before.type == "NAME" and before.lower() == "if":
        return "write if(condition, a, b)"
    if token.type == "_OPEN" and before is not None and before.type == "PART":
        return f"a function stands before what it works on: {before[1:]}(…)"
    if before is not None and before.type == "NAME" and token.type in ("FIELD", "NAME", "TEXT", "NUMBER"):
        return f"a function has parentheses: {before}(…); texts are joined with `&`"
    if token.type in ("FIELD", "NAME", "TEXT", "NUMBER"):
        return "join texts with `&`, divide arguments with `,`"
    if token.type == "PATTERN":
        return "a pattern stands after `matches` or in a function; there is no division"
    if token.type in ("_KEEP", "_SKIP"):
        return "a statement begins in the first column of a line of its own"
    return ""


_MEANT = {
    "has": "contains",
    "have": "contains",
    "includes": "contains",
    "include": "contains",
    "like": "contains, starts with or ends with",
    "equals": "is",
    "equal": "is",
    "eq": "is",
    "isnot": "is not",
    "ne": "is not",
    "startswith": "starts with",
    "endswith": "ends with",
    "match": "matches",
    "then": "if(condition, a, b)",
    "between": "a >= 1 and a <= 2",
    "enthält": "contains",
    "ist": "is",
}
"""Words that people put between two values, and what they are here."""

_WORDS = {
    "_EQUALS": "`=`",
    "_WHEN": "`when`",
    "_IN": "`in`",
    "_OPEN": "`(`",
    "_CLOSE": "`)`",
    "_CLOSE_RECORD": "`}`",
    "_COMMA": "`,`",
    "_COLON": "`:`",
    "_GIVE": "`give`",
    "_WHERE": "`where`",
    "NAME": "a name",
    "TEXT": "a text",
    "$END": "the end",
}
