"""Rows that people write, in the `tests:` of a profile and in files for `map`: checked against a source's fields.

A real source supplies values of the right type; here a text stands for any of them, a date in ISO form. What a rule
would silently read as blank is a mistake, so that nobody looks for it in the rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pbx_rules.runtime.coercion import reader
from pbx_rules.runtime.limits import RowRefused
from pbx_rules.schema import SourceField
from pbx_rules.suggest import nearest
from pbx_rules.types import of_field

from pbx_connector.model import Book
from pbx_connector.source import Field, FieldSet

ACCOUNT_FIELD = "local_id"
"""The field that sources with personal books set in each of their rows."""

_WRITTEN = {
    "date": "write it as YYYY-MM-DD",
    "number": "write plain digits, such as 12 or 12.5",
    "yes/no": "write true or false",
    "record": "write its parts, such as {Street: ...}",
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong with one value of a row. It names the field, never the value."""

    field: str
    unknown: bool
    """True: there is no such field. False: the value does not suit the field."""
    message: str
    hint: str = ""


def book_of(values: Mapping[str, Any], title: str) -> Book:
    """The book that a written row lies in: an account's own, where the row names an account."""
    account = values.get(ACCOUNT_FIELD)
    if account is None or not str(account).strip():
        return Book(title, title, "written")
    return Book(title, title, "personal", str(account).strip())


def mistakes(values: Mapping[str, Any], fields: FieldSet) -> Iterator[Mistake]:
    """What is wrong with a row's values."""
    known = {field.name: field for field in fields.fields}
    for name, value in values.items():
        field = known.get(name)
        if field is not None:
            yield from _unsuitable(field, value)
        elif fields.closed:
            close = nearest(name, known)
            yield Mistake(name, True, f"unknown field {name!r}", f"did you mean {close}?" if close else "")


def _unsuitable(field: Field, value: Any) -> Iterator[Mistake]:
    try:
        read = reader(of_field(SourceField(field.name, field.type, field.of)))(value)
    except RowRefused as refused:
        yield Mistake(field.name, False, f"{field.name}: {refused.message}", refused.hint)
        return
    if read is None and _says_something(value):
        yield Mistake(field.name, False, f"{field.name} is no {field.type}", _WRITTEN.get(field.type, ""))
    elif field.type == "record" and field.of and isinstance(value, Mapping):
        for name in sorted(value.keys() - field.of.keys()):
            close = nearest(str(name), field.of)
            hint = f"did you mean {close}?" if close else f"its parts: {', '.join(field.of)}"
            yield Mistake(field.name, False, f"{field.name} has no part {name!r}", hint)


def _says_something(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_says_something, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_says_something, value))
    return value is not None and bool(str(value).strip())
