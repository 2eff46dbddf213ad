"""The one table of diagnostic codes.

R00 is the document, R01 syntax, R02 names, R03 types, R04 the structure, R05 tables, R08 what rows can show.

A code says *what kind* of mistake it is and how grave; the message says what exactly. Codes are never reused. The pages
that explain each code to administrators lie in grammar/diagnostics.md; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Severity = Literal["error", "warning"]

_TITLES = {
    # the document: YAML
    "R0001": "this is not YAML",
    "R0002": "a character that may not stand in a profile",
    "R0003": "a YAML tag or directive",
    "R0004": "a YAML anchor or alias",
    "R0005": "a YAML merge key",
    "R0006": "a key that stands twice",
    "R0007": "nested too deep",
    "R0008": "more than one document in a file",
    "R0009": "a profile that is too long",
    "R0010": "a key that is no text",
    # the text of rules and expressions
    "R0101": "something else was expected here",
    "R0102": "text without its closing quote",
    "R0103": "a pattern without its closing slash",
    "R0104": "a field without its closing bracket",
    "R0105": "a parenthesis or brace that is not closed",
    "R0106": "a character that means nothing here",
    "R0107": "an indented line before the first statement",
    "R0108": "an expression that is too deep or too long",
    "R0109": "too many statements or words",
    "R0110": "`==` for `is`",
    "R0111": "`=` for `is`",
    "R0112": "`<>` or `!=` for `is not`",
    "R0113": "arithmetic",
    "R0114": "`||`, `&&` or `!` for a word",
    "R0115": "`??` or `?:` for `else`",
    "R0116": "text in single quotes",
    "R0117": "typographic quotes",
    "R0118": "a PHP variable",
    "R0119": "`return`",
    "R0120": "a function or word of another language",
    "R0121": "rules that YAML has folded into one line",
    # names
    "R0201": "unknown field",
    "R0202": "unknown variable",
    "R0203": "unknown function",
    "R0204": "unknown table",
    "R0205": "a name that is defined twice",
    "R0206": "a variable that is used above its definition",
    "R0207": "a variable that nothing uses",
    "R0208": "a name that is taken by the language",
    "R0209": "unknown part of a record",
    "R0210": "brackets missing or too many",
    # types and arguments
    "R0301": "a wrong number of arguments",
    "R0302": "an argument of an unknown name",
    "R0303": "an argument of the wrong type",
    "R0304": "a condition that is no condition",
    "R0305": "a comparison that can never hold",
    "R0306": "an order between things that have none",
    "R0307": "something that must be spelled out",
    "R0308": "a pattern that cannot be used",
    "R0309": "an unknown region",
    "R0310": "a date format that cannot be used",
    "R0311": "a record where a text is needed",
    "R0312": "a pattern where none can stand",
    "R0313": "cases of a switch that do not fit together",
    "R0314": "`in` without plain values in parentheses",
    "R0315": "each inside each inside each",
    "R0316": "a part of something that has no parts",
    "R0317": "an argument that is given twice",
    "R0318": "a question about blank that has only one answer",
    "R0319": "numbers without a country",
    # the structure
    "R0401": "unknown target table",
    "R0402": "unknown target field",
    "R0403": "a required target field is missing",
    "R0404": "a structure of the wrong shape",
    "R0405": "a placeholder that names nothing",
    "R0406": "a block helper of the original",
    "R0407": "a placeholder that is not closed",
    "R0408": "`for` without `key`, or `key` without `for`",
    "R0409": "an expression that YAML has cut or twisted",
    "R0410": "a required target field that may come out blank",
    "R0411": "one name for several records",
    # tables and region
    "R0501": "a table of the wrong shape",
    "R0502": "a table's key that stands twice but for case",
    "R0503": "a name that cannot name a table",
    # what a row can show at run time
    "R0801": "a value longer than its field",
    "R0802": "a required value that is blank",
    "R0803": "two records of one row with the same key",
    "R0804": "a record whose key is blank",
    "R0805": "a row that makes too many records",
    "R0806": "a row that takes too much work",
    "R0807": "a value that is too long",
    "R0808": "a function that failed",
    "R0809": "a value that is not what it was taken for",
}

WARNINGS = frozenset({"R0207", "R0318", "R0319", "R0410", "R0411", "R0801", "R0809"})

TITLES: Mapping[str, str] = MappingProxyType(_TITLES)


def severity(code: str) -> Severity:
    """Raises KeyError for a code that is not in the table."""
    if code not in TITLES:
        raise KeyError(code)
    return "warning" if code in WARNINGS else "error"
