"""Says what was expected where the parser stopped, in the words of the language; called by `parser`."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lark import Token

from pbx_rules.syntax.tokens import Complain, place_of
from pbx_rules.syntax.tree import At

_VALUES = {"FIELD", "NAME", "TEXT", "NUMBER"}
_OPERATORS = {"_IS", "_CONTAINS"}


def explain(token: Token, tokens: Sequence[Token], accepts: Collection[str], complain: Complain) -> None:
    """`token`, one of `tokens` or their end, is what the parser did not accept."""
    at = place_of(token)
    if token.type == "$END":
        at = place_of(tokens[-1]) if tokens else at
        at = At(at.end, at.end + 1)
    found = "the end" if token.type == "$END" else f"`{token}`"
    wanted, hint = _wanted(token, tokens, accepts)
    complain("R0101", f"{found} cannot stand here", at, f"expected {wanted}", hint)


def _wanted(token: Token, tokens: Sequence[Token], accepts: Collection[str]) -> tuple[str, str]:
    """What was expected, and a hint."""
    if tokens and token is tokens[0]:
        return "`Name = …`, `keep when …` or `skip when …`", _first_word(token)
    if len(tokens) > 1 and token is tokens[1] and "_EQUALS" in accepts:
        return "`=`", "a statement is `Name = expression`; a name is one word, or several joined by _"
    if set(accepts) >= _VALUES:
        return "a value", 'a field [Name], a variable, "text", a number or a function'
    if set(accepts) & _OPERATORS:
        return "an operator or the end", _between(token)
    words = sorted(_WORDS[kind] for kind in accepts if kind in _WORDS)
    return " or ".join(words) or "something else", ""


def _first_word(token: Token) -> str:
    if token.type in ("_OPEN", "TEXT", "FIELD", "NUMBER"):
        return "give the value a name: Name = …"
    return f"`{token}` is a word of the language and cannot name a variable" if token.isalpha() else ""


def _between(token: Token) -> str:
    if token.type in ("FIELD", "NAME", "TEXT", "NUMBER"):
        return "join texts with `&`, divide arguments with `,`"
    if token.type == "PATTERN":
        return "a pattern stands after `matches` or in a function; there is no division"
    if token.type in ("_KEEP", "_SKIP"):
        return "a statement begins in the first column of a line of its own"
    return ""


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
