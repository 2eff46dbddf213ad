"""Words that the language has taken, and words of other languages with what to write instead."""

from __future__ import annotations

import re
from collections.abc import Sequence

KEYWORDS = frozenset(
    {
        "and",
        "because",
        "blank",
        "contains",
        "does",
        "each",
        "else",
        "ends",
        "false",
        "give",
        "in",
        "is",
        "keep",
        "matches",
        "not",
        "or",
        "skip",
        "starts",
        "true",
        "when",
        "where",
    }
)

FOREIGN_NAMES = {
    "null": "blank",
    "none": "blank",
    "nil": "blank",
    "empty": "blank",
    "undefined": "blank",
    "leer": "blank",
    "yes": "true",
    "no": "false",
    "ja": "true",
    "nein": "false",
    "wahr": "true",
    "falsch": "false",
    "und": "and",
    "oder": "or",
    "nicht": "not",
    "sonst": "else",
}

FOREIGN_FUNCTIONS = {
    "wenn": "if",
    "iif": "if",
    "wennfehler": "else",
    "iferror": "else",
    "ifna": "else",
    "ifnull": "else",
    "coalesce": "else",
    "isblank": "is blank",
    "istleer": "is blank",
    "isempty": "is blank",
    "empty": "is blank",
    "is_null": "is blank",
    "isset": "is not blank",
    "array_key_exists": "is not blank",
    "und": "and",
    "oder": "or",
    "nicht": "not",
    "and": "and",
    "or": "or",
    "exact": "is",
    "identisch": "is",
    "strpos": "contains",
    "stripos": "contains",
    "str_contains": "contains",
    "in_array": "in",
    "suchen": "contains",
    "search": "contains",
    "find": "contains",
    "preg_match": "matches",
    "preg_grep": "matches",
    "links": "left",
    "rechts": "right",
    "teil": "mid",
    "substr": "mid",
    "mb_substr": "mid",
    "substring": "mid",
    "länge": "length",
    "len": "length",
    "strlen": "length",
    "mb_strlen": "length",
    "glätten": "trim",
    "gross": "upper",
    "groß": "upper",
    "strtoupper": "upper",
    "toupper": "upper",
    "klein": "lower",
    "strtolower": "lower",
    "tolower": "lower",
    "gross2": "title",
    "proper": "title",
    "ucwords": "title",
    "wechseln": "replace",
    "ersetzen": "replace",
    "substitute": "replace",
    "str_replace": "replace",
    "preg_replace": "replace",
    "verketten": "&",
    "concat": "&",
    "concatenate": "&",
    "textkette": "&",
    "textverketten": "join",
    "textjoin": "join",
    "implode": "join",
    "explode": "split",
    "textteilen": "split",
    "sverweis": "lookup",
    "vlookup": "lookup",
    "xlookup": "lookup",
    "xverweis": "lookup",
    "hlookup": "lookup",
    "wverweis": "lookup",
    "ersterwert": "switch",
    "ifs": "switch",
    "wenns": "switch",
    "anzahl": "count",
    "anzahl2": "count",
    "counta": "count",
    "foreach": "each",
    "array_map": "each",
    "array_filter": "each",
    "filter": "each",
    "datum": "date",
    "datwert": "date",
    "datevalue": "date",
    "strtotime": "date",
    "text": "format",
    "wert": "number",
    "value": "number",
    "intval": "number",
    "zahlenwert": "number",
    "numbervalue": "number",
}
"""By name in small letters: the function, operator or word of this language."""

_WRITTEN = {
    "else": "{0} else {1}",
    "is blank": "{0} is blank",
    "is not blank": "{0} is not blank",
    "and": "{0} and {1}",
    "or": "{0} or {1}",
    "not": "not {0}",
    "is": "{0} is {1}",
    "in": "{0} in ({1})",
    "contains": "{0} contains {1}",
    "&": "{0} & {1}",
    "matches": "{0} matches {1}",
    "each": "each x in {0} give x",
}
"""How an operator is written around the arguments of the foreign function."""

_CALLS = {
    "suchen": "{1} contains {0}",
    "search": "{1} contains {0}",
    "find": "{1} contains {0}",
    "preg_match": "{1} matches {0}",
    "preg_grep": "each x in {1} where x matches {0} give x",
    "in_array": "{1} is {0}",
    "array_key_exists": "{0} is not blank",
    "str_replace": "replace({2}, {0}, {1})",
    "preg_replace": "replace({2}, {0}, {1})",
    "explode": "split({1}, {0})",
    "array_map": "each x in {1} give x",
    "sverweis": "lookup({1}, {0})",
    "vlookup": "lookup({1}, {0})",
    "xlookup": "lookup({1}, {0})",
    "xverweis": "lookup({1}, {0})",
    "hlookup": "lookup({1}, {0})",
    "wverweis": "lookup({1}, {0})",
}
"""Functions that take their arguments in another order, and those of a look-up their column."""
_FROM_ZERO = frozenset({"substr", "mb_substr", "substring"})
_PATTERN = re.compile(r"""(["'])(/.*/[a-z]*)\1""", re.DOTALL)
"""As PHP writes one: a text with slashes in it."""


def rewritten(name: str, arguments: Sequence[str]) -> str | None:
    """The user's own call in the words of this language; None if the name is no known foreign one."""
    name = name.lower()
    meant = FOREIGN_FUNCTIONS.get(name)
    if meant is None:
        return None
    texts = [_as_pattern(text) for text in arguments] if name.startswith("preg_") else list(arguments)
    if meant == "switch":
        return _switch(name, texts)
    if name in ("textjoin", "textverketten"):
        del texts[1:2]
    if name in _FROM_ZERO and len(texts) > 1 and texts[1].isdecimal():
        texts[1] = str(int(texts[1]) + 1)
    if meant in ("else", "and", "or", "&") and len(texts) > 2:
        return f" {meant} ".join(texts)
    written = _CALLS.get(name) or _WRITTEN.get(meant)
    return written.format(*texts, "…", "…", "…") if written else f"{meant}({', '.join(texts)})"


def _as_pattern(text: str) -> str:
    found = _PATTERN.fullmatch(text)
    return found[2] if found else text


def _switch(name: str, texts: list[str]) -> str:
    """`IFS` has conditions, so it becomes one `if` in another; `SWITCH` has values."""
    head, rest = ([], texts) if name in ("ifs", "wenns") else (texts[:1], texts[1:])
    pairs = [(rest[at], rest[at + 1]) for at in range(0, len(rest) - 1, 2)]
    last = rest[-1] if len(rest) % 2 else "blank"
    if head:
        cases = [f"{value}: {result}" for value, result in pairs]
        return f"switch({', '.join([*head, *cases, f'else: {last}'])})"
    for condition, result in reversed(pairs):
        last = f"if({condition}, {result}, {last})"
    return last
