"""Dates from text and to text, by formats such as `DD.MM.YYYY`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache

from pbx_rules.functions.registry import Example, Function, Parameter
from pbx_rules.runtime.limits import Cost
from pbx_rules.runtime.text import text_or_blank
from pbx_rules.types import DATE, TEXT

_PARTS = {"YYYY": r"(?P<y>\d{4})", "YY": r"(?P<y>\d{2})", "MM": r"(?P<m>\d{2})", "M": r"(?P<m>\d{1,2})"} | {
    "DD": r"(?P<d>\d{2})",
    "D": r"(?P<d>\d{1,2})",
}
_SHOW: dict[str, Callable[[date], str]] = {
    "YYYY": lambda day: f"{day.year:04}",
    "YY": lambda day: f"{day.year % 100:02}",
    "MM": lambda day: f"{day.month:02}",
    "M": lambda day: str(day.month),
    "DD": lambda day: f"{day.day:02}",
    "D": lambda day: str(day.day),
}
_TOKEN = re.compile(r"Y+|M+|D+|[^YMD]+")
_PIVOT = 70
"""Two-digit years from here on are of the last century."""


def _likely(layout: str) -> str:
    """Excel does not mind small letters, and writes a German date with T and J."""
    meant = layout.upper().translate({ord("T"): "D", ord("J"): "Y"})
    known = meant != layout and all(token in _PARTS or token[0] not in "YMD" for token in _TOKEN.findall(meant))
    return f'did you mean "{meant}"?' if known and not re.search("[A-CE-LN-XZ]", meant) else "YYYY, YY, MM, M, DD, D"


def _tokens(layout: str) -> list[str]:
    """Raises ValueError if the format has letters that mean nothing."""
    if len(layout) > 50:
        raise ValueError("a date format has at most 50 characters")
    found: list[str] = _TOKEN.findall(layout)
    for token in found:
        if token[0] in "YMD" and token not in _PARTS:
            raise ValueError(f"{token} is no part of a date format: YYYY, YY, MM, M, DD, D")
        if re.search(r"[a-zA-Z]", token) and token not in _PARTS:
            raise ValueError(f"{token.strip()!r} is no part of a date format: {_likely(layout)}")
    if not any(token in _PARTS for token in found):
        raise ValueError("a date format has YYYY, YY, MM, M, DD or D")
    return found


@lru_cache(maxsize=500)
def _reader(layout: str) -> re.Pattern[str]:
    tokens = _tokens(layout)
    letters = [token[0] for token in tokens if token in _PARTS]
    if sorted(letters) != ["D", "M", "Y"]:
        raise ValueError("to read a date, its format needs year, month and day, each once")
    return re.compile("".join(_PARTS.get(token) or re.escape(token) for token in tokens), re.ASCII)


@lru_cache(maxsize=500)
def _writer(layout: str) -> Callable[[date], str]:
    tokens = _tokens(layout)
    return lambda day: "".join(_SHOW[token](day) if token in _SHOW else token for token in tokens)


def _date(text: str, layout: re.Pattern[str]) -> date | None:
    found = layout.fullmatch(text.strip()) if len(text) < 200 else None
    if found is None:
        return None
    year = int(found["y"])
    if len(found["y"]) == 2:
        year += 1900 if year >= _PIVOT else 2000
    try:
        return date(year, int(found["m"]), int(found["d"]))
    except ValueError:
        return None


def _format(day: date, layout: Callable[[date], str]) -> str | None:
    return text_or_blank(layout(day))


FUNCTIONS = (
    Function(
        "date",
        "dates",
        "The date that a text shows in the given format; blank if it shows none.",
        (Parameter("text"), Parameter("format", literal=True, prepare=_reader, code="R0310")),
        DATE,
        _date,
        cost=Cost(call=600, longest=200),
        examples=(
            Example('format(date("24.12.1990", "DD.MM.YYYY"), "YYYY-MM-DD")', '"1990-12-24"'),
            Example('date("31.02.1990", "DD.MM.YYYY")', "blank"),
        ),
    ),
    Function(
        "format",
        "dates",
        "A date as text in the given format.",
        (Parameter("date", "date"), Parameter("format", literal=True, prepare=_writer, code="R0310")),
        TEXT.not_blank(),
        _format,
        cost=Cost(call=400),
        examples=(Example('format(date("24.12.1990", "DD.MM.YYYY"), "D.M.YY")', '"24.12.90"'),),
    ),
)
