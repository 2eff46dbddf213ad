"""Words that the language has taken, and words of other languages with what to write instead."""

from __future__ import annotations

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
    "erstewert": "switch",
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
    "matches": "{0} matches /…/",
    "each": "each x in {0} give x",
}
"""How an operator is written around the arguments of the foreign function."""

_SWAPPED = frozenset({"search", "find", "suchen"})
"""Functions that take what is sought first."""


def rewritten(name: str, arguments: list[str]) -> str | None:
    """The user's own call in the words of this language; None if the name is no known foreign one."""
    meant = FOREIGN_FUNCTIONS.get(name.lower())
    if meant is None:
        return None
    texts = [*arguments, "…", "…"]
    if name.lower() in _SWAPPED:
        texts[:2] = texts[1], texts[0]
    if meant not in _WRITTEN:
        return f"{meant}({', '.join(arguments)})"
    if meant in ("else", "and", "or", "&") and len(arguments) > 2:
        return f" {meant} ".join(arguments)
    return _WRITTEN[meant].format(*texts)
