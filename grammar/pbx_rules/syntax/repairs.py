"""Puts right what the parser could not read, where one change makes it readable: the hint is then what to type.

Works on tokens, as there is no tree; what comes out has been parsed. Called by `expected` and `tokens`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lark import Token
from lark.exceptions import UnexpectedToken

from pbx_rules.functions.builtin import BUILTIN
from pbx_rules.syntax import printer
from pbx_rules.syntax.nodes import build
from pbx_rules.syntax.tokens import computes

LONGEST = 100
"""Tokens of an expression that is put right."""

Tokens = list[Token]

_BEGINS = {"FIELD", "NAME", "TEXT", "NUMBER"}
_ENDS = {*_BEGINS, "PART", "_CLOSE", "TRUE", "FALSE", "BLANK"}


def repaired(tokens: Sequence[Token], at: int, grammar: Any) -> str:
    """`write …` with the whole expression, whose token number `at` was not accepted; empty if nothing helps."""
    start, end = _expression(tokens)
    inner = list(tokens[start:end])
    if not start < at < end or len(inner) > LONGEST or computes(inner):
        return ""
    written = (_printed(candidate, grammar) for candidate in _candidates(inner, at - start))
    return next((f"write {text}" for text in written if text), "")


def choice(tokens: Sequence[Token], grammar: Any) -> str:
    """`write if(…)` for `condition ? a : b`."""
    start, end = _expression(tokens)
    inner = list(tokens[start:end])
    asked, otherwise = _outside(inner, "_QUESTION"), _outside(inner, "_COLON")
    if len(inner) > LONGEST or computes(inner) or not 0 < asked < otherwise:
        return ""
    text = _printed(_call("if", inner[:asked], inner[asked + 1 : otherwise], inner[otherwise + 1 :]), grammar)
    return text and f"write {text}"


def _expression(tokens: Sequence[Token]) -> tuple[int, int]:
    """Where the expression of a statement begins and ends."""
    kinds = [token.type for token in tokens]
    start = 2 if kinds[:2] in (["NAME", "_EQUALS"], ["_KEEP", "_WHEN"], ["_SKIP", "_WHEN"]) else 0
    return start, kinds.index("_BECAUSE") if "_BECAUSE" in kinds else len(kinds)


def _candidates(tokens: Tokens, at: int) -> Iterator[Tokens]:
    token, before = tokens[at], tokens[at - 1]
    if token.type == "_OPEN" and before.type == "PART":
        yield from _method(tokens, at)
    elif before.type in ("_IN", "_NOT_IN") and token.type in ("FIELD", "NAME"):
        yield from _turned(tokens, at)
    elif before.type == "NAME" and before.lower() == "if":
        yield from _if_then(tokens, at)
    elif token.type in _BEGINS and before.type == "NAME" and BUILTIN.get(before):
        end = _end_of_operand(tokens, at)
        yield [*tokens[:at], _open(), *tokens[at:end], _close(), *tokens[end:]]
    elif token.type in _BEGINS and before.type in _ENDS and not _inside(tokens, at):
        yield [*tokens[:at], Token("_AND_TEXT", "&"), *tokens[at:]]


def _method(tokens: Tokens, at: int) -> Iterator[Tokens]:
    """`[Name].upper()`"""
    start, end = _start_of_operand(tokens, at - 1), _end_of_brackets(tokens, at)
    given, rest = tokens[start : at - 1], tokens[at + 1 : end - 1]
    name = Token("NAME", tokens[at - 1].lstrip(".").strip())
    comma = [Token("_COMMA", ",")] if rest else []
    yield [*tokens[:start], name, _open(), *given, *comma, *rest, _close(), *tokens[end:]]


def _turned(tokens: Tokens, at: int) -> Iterator[Tokens]:
    """`"VIP" in [Categories]`"""
    start, end = _start_of_operand(tokens, at - 1), _end_of_operand(tokens, at)
    word = Token("_IS", "is") if tokens[at - 1].type == "_IN" else Token("_IS_NOT", "is not")
    yield [*tokens[:start], *tokens[at:end], word, *tokens[start : at - 1], *tokens[end:]]


def _if_then(tokens: Tokens, at: int) -> Iterator[Tokens]:
    """`if [A] is "x" then 1 else 2`"""
    then = next((number for number, token in enumerate(tokens) if token.lower() == "then"), len(tokens))
    otherwise = _outside(tokens, "_ELSE")
    if at < then < otherwise:
        yield [*tokens[: at - 1], *_call("if", tokens[at:then], tokens[then + 1 : otherwise], tokens[otherwise + 1 :])]


def _open() -> Token:
    return Token("_OPEN", "(")


def _close() -> Token:
    return Token("_CLOSE", ")")


def _call(name: str, *arguments: Tokens) -> Tokens:
    made = [Token("NAME", name), _open(), *arguments[0]]
    for argument in arguments[1:]:
        made += [Token("_COMMA", ","), *argument]
    return [*made, _close()]


def _depths(tokens: Tokens) -> list[int]:
    """How many brackets are open before each token."""
    depth, found = 0, []
    for token in tokens:
        depth -= token.type in ("_CLOSE", "_CLOSE_RECORD")
        found.append(depth)
        depth += token.type in ("_OPEN", "_OPEN_RECORD")
    return found


def _inside(tokens: Tokens, at: int) -> bool:
    return _depths(tokens)[at] > 0


def _outside(tokens: Tokens, kind: str) -> int:
    """The first token of that kind outside all brackets; -1 if there is none."""
    depths = _depths(tokens)
    return next((at for at, token in enumerate(tokens) if token.type == kind and not depths[at]), -1)


def _end_of_brackets(tokens: Tokens, at: int) -> int:
    depths = _depths(tokens)
    return next((end + 1 for end in range(at + 1, len(tokens)) if depths[end] == depths[at]), len(tokens))


def _end_of_operand(tokens: Tokens, at: int) -> int:
    end = at + 1
    if end < len(tokens) and tokens[end].type == "_OPEN":
        end = _end_of_brackets(tokens, end)
    while end < len(tokens) and tokens[end].type == "PART":
        end += 1
    return end


def _start_of_operand(tokens: Tokens, end: int) -> int:
    """Where the operand begins that ends before the token number `end`."""
    start, depths = end - 1, _depths(tokens)
    while start > 0 and tokens[start].type == "PART":
        start -= 1
    if tokens[start].type == "_CLOSE":
        start = next((at for at in range(start - 1, -1, -1) if depths[at] == depths[start]), 0)
        start -= start > 0 and tokens[start - 1].type == "NAME"
    return start


def _printed(tokens: Tokens, grammar: Any) -> str:
    parser = grammar.parse_interactive(start="expression")
    try:
        for token in tokens:
            parser.feed_token(token)
        return printer.expression(build(parser.feed_token(Token("$END", ""))))
    except UnexpectedToken:
        return ""
