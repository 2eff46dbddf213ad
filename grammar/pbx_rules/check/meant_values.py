"""What a text was meant to be that stands where a number, a date or a yes/no is compared."""

from __future__ import annotations

import re

from pbx_rules.check.vocabulary import FOREIGN_NAMES
from pbx_rules.runtime.coercion import read_date, read_number
from pbx_rules.syntax import tree

_DAY = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})", re.ASCII)


def literal(kind: str, text: str) -> tree.Expression | None:
    """The value of that kind as one writes it here; None if the text is none."""
    return _READERS[kind](text.strip()) if kind in _READERS and len(text) < 100 else None


def _number(text: str) -> tree.Expression | None:
    value = read_number(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    return None if value is None else tree.Number(value)


def _date(text: str) -> tree.Expression | None:
    found = _DAY.fullmatch(text)
    day = read_date(f"{found['year']}-{found['month']:>02}-{found['day']:>02}" if found else text)
    return tree.Text(day.isoformat()) if day else None


def _boolean(text: str) -> tree.Expression | None:
    word = FOREIGN_NAMES.get(text.lower())
    return tree.Boolean(word == "true") if word in ("true", "false") else None


_READERS = {"number": _number, "date": _date, "yes/no": _boolean}
