"""Reads words, and corrects what people bring from other languages, so that one slip does not hide the next.

`corrected` reports each corrected token. `parser` gets only tokens of the language.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple

from lark import Lark, Token
from lark.load_grammar import Grammar

from pbx_rules.syntax.tree import At

_JOINING = ("&", "+", ".")

LONGEST_STATEMENT = 3_000
"""Tokens of one statement."""
DEEPEST = 32
"""Of brackets, of `not not ...`, of `a.b.c...`: the recursion of every later stage is bounded by it."""

_NO_CHARACTER = re.compile("[\0\ud800-\udfff]")
"""Files cannot have these, but text from elsewhere can."""

Complain = Callable[[str, str, At, str, str], None]
"""`complain(code, message, at, label, hint)`"""


class Correction(NamedTuple):
    """A token that was replaced; `corrected` reports it when the tree is known."""

    code: str
    message: str
    at: At
    hint: str
    """Where no better one can be found."""
    proposes: bool = True
    """Whether the language says the same in other words."""
    is_sum: bool = False
    """Of numbers it is none."""


@cache
def lexer() -> Lark:
    """Only the lexer: the parser's own would be built anew for every text."""
    return _build(resources.files("pbx_rules.syntax").joinpath("rules.lark").read_text(encoding="utf-8"), None)


@cache
def grammar() -> Lark:
    """The parser. Built without Lark's cache, which would be unpickled from a shared folder."""
    return _build(lexer().grammar, "lalr")


def _build(source: str | Grammar, parser: Literal["lalr"] | None) -> Lark:
    return Lark(
        source,
        parser=parser,
        lexer="basic",
        start=["statement", "expression", "loop", "foreign"],
        propagate_positions=True,
        maybe_placeholders=True,
    )


class Words(NamedTuple):
    """The words of one statement or expression."""

    tokens: list[Token] | None
    """None if it is beyond correction."""
    corrections: list[Correction]
    looked_at: int
    """How many."""


def read_tokens(text: str, offset: int, complain: Complain, *, is_statement: bool) -> Words:
    """Their positions are moved by `offset`."""
    broken = _NO_CHARACTER.search(text)
    if broken:
        place = At(broken.start() + offset, broken.end() + offset)
        complain("R0106", f"U+{ord(broken[0]):04X} is no character", place, "", "delete it")
        return Words(None, [], 0)
    correction = _Correction(complain, is_statement)
    tokens: list[Token] = []
    count = 0
    for count, raw in enumerate(lexer().lex(text), 1):
        place = At((raw.start_pos or 0) + offset, (raw.end_pos or 0) + offset)
        tokens += correction.correct(_token(raw.type, str(raw), place), len(tokens))
        if count > LONGEST_STATEMENT:
            message = f"more than {LONGEST_STATEMENT} words in one expression"
            complain("R0108", message, place, "", "divide it into variables")
            return Words(None, correction.made, count)
    if correction.questions:
        _report_choices(correction.questions, tokens, complain)
    tokens = [_as_function(token, before, after) for before, token, after in _with_neighbours(tokens)]
    readable = correction.readable and _bounded(tokens, complain)
    return Words(tokens if readable else None, correction.made, count)


def _report_choices(places: list[At], tokens: list[Token], complain: Complain) -> None:
    from pbx_rules.syntax.repairs import choice

    hint = choice(tokens, grammar()) or "write if(condition, a, b)"
    for at in places:
        complain("R0115", "`?` is no word of this language", at, "", hint)


def _with_neighbours(tokens: list[Token]) -> Iterable[tuple[Token | None, Token, Token | None]]:
    return zip([None, *tokens], tokens, [*tokens[1:], None], strict=False)


def _as_function(token: Token, before: Token | None, after: Token | None) -> Token:
    """`AND(a, b)` is a function elsewhere: where a value must come, the word cannot be the operator."""
    if token.type not in ("_AND", "_OR") or after is None or after.type != "_OPEN":
        return token
    begins = before is None or (before.type.startswith("_") and before.type not in ("_CLOSE", "_CLOSE_RECORD"))
    return _token("NAME", str(token), place_of(token)) if begins else token


def _token(kind: str, text: str, at: At) -> Token:
    return Token(kind, text, start_pos=at.start, end_pos=at.end)


def place_of(token: Token) -> At:
    return At(token.start_pos or 0, token.end_pos or 0)


def computes(tokens: Sequence[Token]) -> bool:
    """Whether they ask for arithmetic, so that no words of this language say the same; `+` may join texts."""
    sums = [at for at, token in enumerate(tokens) if token.type in ("ARITHMETIC", "_AND_TEXT")]
    return any(tokens[at] not in _JOINING or (tokens[at] == "+" and _beside_number(tokens, at)) for at in sums)


def _beside_number(tokens: Sequence[Token], at: int) -> bool:
    return any(token.type == "NUMBER" for token in tokens[max(0, at - 1) : at + 2])


def end_of_code(text: str) -> int:
    """Where the last token ends; what follows is comments and white space."""
    return max((token.end_pos or 0 for token in lexer().lex(text)), default=0)


def has_inner_comment(code: str) -> bool:
    """Whether a comment stands between the tokens of a statement (which ends with its last token)."""
    ends = [(token.start_pos or 0, token.end_pos or 0) for token in lexer().lex(code)]
    return any("#" in code[end:start] for (_, end), (start, _) in itertools.pairwise(ends))


def quoted(value: str) -> str:
    """A text as the language writes it."""
    return '"' + value.replace('"', '""') + '"'


class _Correction:
    def __init__(self, complain: Complain, is_statement: bool) -> None:
        self._complain = complain
        self._is_statement = is_statement
        self._defined = False
        """Whether the `=` of a definition can no longer come."""
        self.made: list[Correction] = []
        self.questions: list[At] = []
        """Where `?` stands for a choice, which no other token can say."""
        self.readable = True

    def correct(self, token: Token, number: int) -> Iterable[Token]:
        """The tokens to parse in place of the `number`-th token."""
        if token.type == "_EQUALS" and self._is_statement and not self._defined:
            self._defined = True
            return [token]
        self._defined = self._defined or (number > 0 and token.type not in ("NAME", "_COLON"))
        if token.type == "_EQUALS":
            return self._replace(token, "R0111", "`=` names a variable, it does not compare", ("_IS", "is"))
        if token.type == "NAME" and token.lower() == "return" and number in (0, 2):
            self._complain("R0119", "`return` is not needed", place_of(token), "", "delete `return`")
            return []
        correct = _CORRECTIONS.get(token.type)
        return [token] if correct is None else correct(self, token)

    def _replace(self, token: Token, code: str, message: str, *replacements: tuple[str, str]) -> list[Token]:
        written = " ".join(text for _, text in replacements)
        self.made.append(Correction(code, message, place_of(token), f"write {written} instead of {token}"))
        return [_token(kind, text, place_of(token)) for kind, text in replacements]

    def double_equals(self, token: Token) -> list[Token]:
        return self._replace(token, "R0110", f"`{token}` is no word of this language", ("_IS", "is"))

    def unequal(self, token: Token) -> list[Token]:
        return self._replace(token, "R0112", f"`{token}` is no word of this language", ("_IS_NOT", "is not"))

    def arithmetic(self, token: Token) -> list[Token]:
        """`&` stands in for each operator, so that the rest is checked; it is proposed only where texts are joined."""
        message = "`.` joins nothing; `&` joins texts" if token.value == "." else _NO_ARITHMETIC[token.value == "+"]
        hint = _INSTEAD_OF_MINUS if token.value == "-" else INSTEAD_OF_ARITHMETIC
        hint = f"write & instead of {token}" if token.value in "+." else hint
        correction = Correction("R0113", message, place_of(token), hint, token.value in "+.", token.value == "+")
        self.made.append(correction)
        return [_token("_AND_TEXT", str(token), place_of(token))]

    def bar(self, token: Token) -> list[Token]:
        return self._replace(token, "R0114", f"`{token}` is no word of this language", ("_OR", "or"))

    def double_and(self, token: Token) -> list[Token]:
        return self._replace(token, "R0114", "`&&` is no word of this language", ("_AND", "and"))

    def bang(self, token: Token) -> list[Token]:
        return self._replace(token, "R0114", "`!` is no word of this language", ("_NOT", "not"))

    def question(self, token: Token) -> list[Token]:
        if token.value == "?":
            self.questions.append(place_of(token))
            self.readable = False
            return [_token("_QUESTION", "?", place_of(token))]
        return self._replace(token, "R0115", f"`{token}` is no word of this language", ("_ELSE", "else"))

    def single_quoted(self, token: Token) -> list[Token]:
        text = quoted(token[1:-1].replace("''", "'"))
        return self._replace(token, "R0116", "text stands in double quotes", ("TEXT", text))

    def typographic(self, token: Token) -> list[Token]:
        return self._replace(token, "R0117", "typographic quotes do not enclose text", ("TEXT", quoted(token[1:-1])))

    def php_row(self, token: Token) -> list[Token]:
        name = re.sub(r"[\[\]]", "", token[token.index("[") + 1 : -1].strip()[1:-1]).strip()
        return self._replace(token, "R0118", "a source field stands in brackets", ("FIELD", f"[{name or '?'}]"))

    def braces(self, token: Token) -> list[Token]:
        name = token.strip("{} \t")
        hint = f"a variable is written {name}, a source field [{name}]"
        self._complain("R0210", "braces stand in the structure, not in rules", place_of(token), "", hint)
        self.readable = False
        return []

    def php_variable(self, token: Token) -> list[Token]:
        if re.fullmatch(r"\$[^\W\d]\w*", token):
            return self._replace(token, "R0118", "a variable has no `$`", ("NAME", token[1:]))
        return self._unknown(token)

    def unclosed_text(self, token: Token) -> list[Token]:
        return self._unclosed("R0102", "the text that begins here has no closing quote", token, 'end it with "')

    def unclosed_pattern(self, token: Token) -> list[Token]:
        hint = r"end it with / (a slash inside is \/); there is no division"
        return self._unclosed("R0103", "the pattern that begins here has no closing slash", token, hint)

    def unclosed_field(self, token: Token) -> list[Token]:
        if token.endswith("]"):
            self._complain("R0104", "there is no field name between the brackets", place_of(token), "", "[FieldName]")
            self.readable = False
            return []
        return self._unclosed("R0104", "the field that begins here has no closing bracket", token, "end it with ]")

    def _unclosed(self, code: str, message: str, token: Token, hint: str) -> list[Token]:
        start = place_of(token).start
        self._complain(code, message, At(start, start + 1), "opened here", hint)
        self.readable = False
        return []

    def _unknown(self, token: Token) -> list[Token]:
        self._complain("R0106", f"`{token}` means nothing here", place_of(token), "", "delete it")
        return []


_NO_ARITHMETIC = ("there is no arithmetic", "there is no arithmetic; `&` joins texts")
INSTEAD_OF_ARITHMETIC = "nothing is computed here; numbers are compared: is, <, <=, >, >="
_INSTEAD_OF_MINUS = 'nothing is computed here; a hyphen between texts is a text of its own: … & "-" & …'

_CORRECTIONS: dict[str, Callable[[_Correction, Token], list[Token]]] = {
    "DOUBLE_EQUALS": _Correction.double_equals,
    "UNEQUAL": _Correction.unequal,
    "ARITHMETIC": _Correction.arithmetic,
    "BAR": _Correction.bar,
    "DOUBLE_AND": _Correction.double_and,
    "BANG": _Correction.bang,
    "QUESTION": _Correction.question,
    "SINGLE_QUOTED": _Correction.single_quoted,
    "TYPOGRAPHIC": _Correction.typographic,
    "PHP_ROW": _Correction.php_row,
    "BRACES": _Correction.braces,
    "PHP_VARIABLE": _Correction.php_variable,
    "UNCLOSED_TEXT": _Correction.unclosed_text,
    "UNCLOSED_PATTERN": _Correction.unclosed_pattern,
    "UNCLOSED_FIELD": _Correction.unclosed_field,
    "UNKNOWN": _Correction._unknown,
}

_OPENING = {"_OPEN": "_CLOSE", "_OPEN_RECORD": "_CLOSE_RECORD"}


def _bounded(tokens: Iterable[Token], complain: Complain) -> bool:
    """Whether brackets match, and nesting stays within what recursion can bear."""
    opened: list[Token] = []
    run = loops = 0
    for token in tokens:
        run = run + 1 if token.type in ("_NOT", "PART") else 0
        loops += token.type == "_EACH"
        if token.type in _OPENING:
            opened.append(token)
        elif token.type in _OPENING.values() and not _closes(opened, token, complain):
            return False
        if max(len(opened), run, loops) > DEEPEST:
            complain("R0108", f"nested deeper than {DEEPEST}", place_of(token), "", "divide it into variables")
            return False
    return _all_closed(opened, complain)


def _closes(opened: list[Token], token: Token, complain: Complain) -> bool:
    if opened and _OPENING[opened[-1].type] == token.type:
        opened.pop()
        return True
    message = f"`{token}` closes nothing" if not opened else f"`{token}` does not close `{opened[-1]}`"
    complain("R0105", message, place_of(token), "", "delete it, or look for the one that is missing")
    return False


def _all_closed(opened: list[Token], complain: Complain) -> bool:
    for token in opened[-1:]:
        complain("R0105", f"`{token}` is never closed", place_of(token), "opened here", "close it")
    return not opened
