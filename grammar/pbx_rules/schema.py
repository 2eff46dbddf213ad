"""What a profile's rules are checked against: the fields of a source and the tables of a target.

The language knows no phone books; whoever compiles a profile describes both ends with these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

FieldType: TypeAlias = Literal["text", "number", "yes/no", "date", "list", "record"]


@dataclass(frozen=True, slots=True)
class SourceField:
    name: str
    type: FieldType = "text"
    of: Mapping[str, FieldType] | None = None
    """For a record: its parts. For a list of records: the parts of each. None: plain values or unknown parts."""
    as_text: str = ""
    """For a record: the field that has it as a text, read where a text is wanted."""


@dataclass(frozen=True, slots=True)
class SourceFields:
    fields: tuple[SourceField, ...] = ()
    closed: bool = True
    """True: there are no others. False: rows may have any field, and one that is not listed can be of any type."""


@dataclass(frozen=True, slots=True)
class TargetField:
    name: str
    title: str = ""
    max_length: int | None = None
    """In characters as a reader counts them; a longer value is cut and reported."""
    blank: Literal["omit", "reject", "drop"] = "omit"
    """What a blank value does: leave the field out, reject the whole row as a problem, or drop this record silently."""
    numbers: bool = field(default=False, repr=False)
    """True: it holds telephone numbers, which are of the profile's region where they have no country code. No rule
    means anything else because of it."""
    native: bool = False
    """True: a value that is one placeholder keeps its type. False: every value arrives as text."""


@dataclass(frozen=True, slots=True)
class TargetTable:
    name: str
    fields: tuple[TargetField, ...]
    post: tuple[TargetTable, ...] = ()
    """The tables whose records belong to a record of this one."""
    unique: str = ""
    """Of a table whose records belong to others: the field that tells those of one record apart."""
