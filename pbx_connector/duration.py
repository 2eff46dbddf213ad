"""Spans of time as people write them, `15m` or `1h30m`: for the configuration, schedules and what is told to people."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_FORM = re.compile(r"(?:[0-9]{1,6}[dhms])+")


def parse_duration(text: str) -> timedelta:
    """`90s`, `15m`, `26h`, `14d` or several of them in a row. Raises `ValueError`."""
    compact = text.replace(" ", "").lower()
    if not _FORM.fullmatch(compact):
        raise ValueError("write a duration as 30s, 15m, 26h or 14d")
    return timedelta(seconds=sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"(\d+)([dhms])", compact)))


def in_words(span: timedelta) -> str:
    """As `parse_duration` reads it, to the second: `1d2h`, `15m`, `0s`."""
    return "".join(_parts(span)) or "0s"


def roughly(span: timedelta) -> str:
    """The two largest units, for people."""
    return "".join(_parts(span)[:2]) or "0s"


def _parts(span: timedelta) -> list[str]:
    seconds = max(round(span.total_seconds()), 0)
    parts = []
    for unit, size in _UNITS.items():
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return parts


def _parsed(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


Duration = Annotated[
    timedelta,
    BeforeValidator(_parsed),
    PlainSerializer(in_words, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^([0-9]{1,6}[dhms])+$", "examples": ["15m", "26h"]}),
]
"""For settings: a timedelta that is written as text."""


def at_least(text: str) -> AfterValidator:
    """For `Annotated[Duration, at_least("1s")]`."""
    shortest = parse_duration(text)

    def long_enough(span: timedelta) -> timedelta:
        if span < shortest:
            raise ValueError(f"this is at least {text}")
        return span

    return AfterValidator(long_enough)
