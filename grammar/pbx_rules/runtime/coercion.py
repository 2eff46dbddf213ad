"""Reads a row's values: whatever a source supplies becomes a value of the field's type, or blank.

Text arrives clean: no NUL, no half characters, nothing that is only white space, each accented letter in one piece (a
Mac writes ü in two), so that all functions find what `is` finds. Called once for each field that the
rules use, so the common case (a printable text in a text field) comes first and costs little.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import assert_never

from pbx_rules.runtime.limits import LONGEST_TEXT, MOST_ELEMENTS, RowRefused, check_elements, check_length
from pbx_rules.runtime.text import composed
from pbx_rules.types import ANY, Type
from pbx_rules.values import Value

Reader = Callable[[object], Value]

_UNCLEAN = re.compile("[\ud800-\udfff]")
_NUMBER = re.compile(r"\s*[+-]?\d{1,40}(?:\.\d{1,40})?\s*", re.ASCII)
_DATE = re.compile(r"\s*(\d{4}-\d\d-\d\d)(?:[T ].*)?\s*", re.ASCII | re.DOTALL)
_LARGEST = 10**40
_DEEPEST = 8
"""Records in lists in records ...; what lies deeper is blank."""


def reader(of: Type) -> Reader:
    """The function that reads values of that type."""
    match of.kind:
        case "text":
            return read_text
        case "number":
            return read_number
        case "date":
            return read_date
        case "yes/no":
            return read_boolean
        case "list":
            return partial(_read_list, of.of or ANY)
        case "record":
            return partial(_read_record, of)
        case "blank" | "any" | "unknown":
            return read_any
        case _:
            assert_never(of.kind)


def read_text(raw: object) -> str | None:
    if raw.__class__ is not str:
        return as_text(read_any(raw))
    text: str = raw
    if not text.isprintable() or len(text) > LONGEST_TEXT:
        text = _clean(text)
    if not text.isascii():
        text = composed(text)
    return None if not text or text.isspace() else text


def _clean(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise RowRefused("R0807", f"a value has {len(text)} characters, {LONGEST_TEXT} are allowed")
    return _UNCLEAN.sub("\N{REPLACEMENT CHARACTER}", text.replace("\0", ""))


def read_number(raw: object) -> Decimal | None:
    if raw.__class__ is bool:
        return None
    if isinstance(raw, int):
        return Decimal(raw) if -_LARGEST < raw < _LARGEST else None
    if isinstance(raw, float):
        return _number_from_text(repr(raw))
    if isinstance(raw, Decimal):
        return _tidy(raw)
    return _number_from_text(raw) if isinstance(raw, str) else None


def _number_from_text(text: str) -> Decimal | None:
    """Plain digits, as other programs write numbers; what people write is `number()`'s business."""
    if len(text) > LONGEST_TEXT or not (_NUMBER.fullmatch(text) or len(text) < 30):
        return None
    try:
        return _tidy(Decimal(text.strip()))
    except InvalidOperation:
        return None


def _tidy(number: Decimal) -> Decimal | None:
    """Without trailing zeros, so that equal numbers look equal; None if not finite or out of range."""
    if not number.is_finite() or not -40 < number.adjusted() < 40:
        return Decimal(0) if number == 0 else None
    return number.normalize() if number else Decimal(0)


def read_date(raw: object) -> date | None:
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    found = _DATE.fullmatch(raw) if isinstance(raw, str) and len(raw) < 100 else None
    if not found:
        return None
    try:
        return date.fromisoformat(found[1])
    except ValueError:
        return None


def read_boolean(raw: object) -> bool | None:
    if isinstance(raw, bool):
        return raw
    if not isinstance(raw, str):
        return None
    return {"true": True, "false": False}.get(raw[:20].strip().lower())


def read_any(raw: object, depth: int = 0) -> Value:
    """By its own type; what is no value of this language is blank."""
    if raw is None or depth > _DEEPEST:
        return None
    if isinstance(raw, str):
        return read_text(str(raw))
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, int | float | Decimal):
        return read_number(raw)
    if isinstance(raw, date):
        return read_date(raw)
    if isinstance(raw, Mapping):
        return _record({name: read_any(part, depth + 1) for name, part in raw.items() if isinstance(name, str)})
    if isinstance(raw, Sequence | set | frozenset) and not isinstance(raw, bytes | bytearray | memoryview):
        return _elements([read_any(element, depth + 1) for element in _bounded(raw)])
    return None


def _bounded(raw: Sequence[object] | set[object] | frozenset[object]) -> Sequence[object]:
    if len(raw) > MOST_ELEMENTS:
        raise RowRefused("R0807", f"a list has {len(raw)} elements, {MOST_ELEMENTS} are allowed")
    return raw if isinstance(raw, Sequence) else sorted(raw, key=repr)


def _read_list(of: Type, raw: object) -> Value:
    if isinstance(raw, Sequence | set | frozenset) and not isinstance(raw, str | bytes | bytearray | memoryview):
        read = reader(of)
        return _elements([read(element) for element in _bounded(raw)])
    only = reader(of)(raw)
    return None if only is None else _elements([only])


def _elements(values: list[Value]) -> tuple[Value, ...] | None:
    return flatten(values) or None


def flatten(values: Sequence[Value]) -> tuple[Value, ...]:
    """Without blanks, and without lists in lists."""
    if not any(value is None or value.__class__ is tuple for value in values):
        return tuple(values)
    check_elements(sum(len(value) if isinstance(value, tuple) else 1 for value in values))
    flat: list[Value] = []
    for value in values:
        if isinstance(value, tuple):
            flat += value
        elif value is not None:
            flat.append(value)
    return tuple(flat)


def _read_record(of: Type, raw: object) -> Value:
    if not isinstance(raw, Mapping):
        return None
    if of.parts is None:
        return read_any(raw)
    return _record({name: reader(part)(raw.get(name)) for name, part in of.parts.items()})


def _record(parts: Mapping[str, Value]) -> Mapping[str, Value] | None:
    """Only the parts with a value; a record without any is blank."""
    return {name: part for name, part in parts.items() if part is not None} or None


def as_text(value: Value) -> str | None:
    """yes/no as `true` and `false`, numbers in plain digits, dates in ISO form, lists and records joined by `, `."""
    if value is None or value.__class__ is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, Sequence):
        return join(", ", [text for element in value if (text := as_text(element)) is not None]) or None
    return str(value)


def join(separator: str, texts: Sequence[str]) -> str:
    """The texts with the separator in between. Raises `RowRefused` before the result grows too long."""
    check_length(sum(map(len, texts)) + len(separator) * (len(texts) - 1))
    return separator.join(texts)


def as_list(value: Value) -> tuple[Value, ...]:
    """A single value serves as a list of one, blank as a list of none."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)
