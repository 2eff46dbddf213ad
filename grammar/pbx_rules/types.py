"""The types that the checker reasons with: what kind a value is, and whether it may be blank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from pbx_rules.schema import SourceField

Kind: TypeAlias = Literal["text", "number", "yes/no", "date", "list", "record", "blank", "any", "unknown"]
"""`blank`: always blank. `any`: known only at run time. `unknown`: after a mistake, so no more is said about it."""


@dataclass(frozen=True, slots=True)
class Type:
    """What a field, a parameter or a result is, and whether it can be blank."""

    kind: Kind
    maybe_blank: bool = True
    of: Type | None = None
    """The elements of a list, which are never blank and never lists; None: anything."""
    parts: Mapping[str, Type] | None = field(default=None, hash=False)
    """The parts of a record; None: unknown."""

    def __str__(self) -> str:
        return "list of " + _PLURAL[self.of.kind] if self.kind == "list" and self.of else self.kind

    def or_blank(self, maybe_blank: bool = True) -> Type:
        return replace(self, maybe_blank=self.maybe_blank or maybe_blank)

    def not_blank(self) -> Type:
        return replace(self, maybe_blank=False)

    @property
    def element(self) -> Type:
        """What `each` sees: the elements of a list, or the value itself, which serves as a list of one."""
        if self.kind == "list":
            return self.of or ANY.not_blank()
        return self.not_blank()


TEXT = Type("text")
"""A `str`, which may be blank: None."""
NUMBER = Type("number")
"""A `Decimal`, which may be blank."""
BOOLEAN = Type("yes/no", maybe_blank=False)
"""A `bool`, never blank."""
DATE = Type("date")
"""A `date` without a time, which may be blank."""
LIST = Type("list")
"""A `tuple` of anything, which may be blank."""
RECORD = Type("record")
BLANK = Type("blank")
ANY = Type("any")
"""A value of whatever type, which may be blank."""
UNKNOWN = Type("unknown")

_PLURAL = {
    "text": "texts",
    "number": "numbers",
    "yes/no": "yes/no",
    "date": "dates",
    "list": "lists",
    "record": "records",
    "blank": "blanks",
    "any": "anything",
    "unknown": "anything",
}


def of_field(known: SourceField) -> Type:
    """Every field may be blank."""
    parts = None if known.of is None else {name: Type(kind) for name, kind in known.of.items()}
    if known.type == "list":
        return Type("list", of=None if parts is None else Type("record", maybe_blank=False, parts=parts))
    return Type(known.type, parts=parts if known.type == "record" else None)


def either(first: Type, second: Type) -> Type:
    """The type of a value that comes from one or the other."""
    if first.kind == "blank":
        return second.or_blank()
    if second.kind == "blank":
        return first.or_blank()
    if "unknown" in (first.kind, second.kind):
        return UNKNOWN
    blank = first.maybe_blank or second.maybe_blank
    if first.kind != second.kind:
        return Type("any", blank)
    return Type(first.kind, blank, _either_element(first.of, second.of), _either_parts(first, second))


def _either_element(first: Type | None, second: Type | None) -> Type | None:
    if first is None or second is None:
        return None
    joined = either(first, second)
    return None if joined.kind in ("any", "unknown") else joined


def _either_parts(first: Type, second: Type) -> Mapping[str, Type] | None:
    """A part that only one of the records has is blank in the other."""
    if first.parts is None or second.parts is None:
        return None
    names = {**first.parts, **second.parts}
    return {name: either(first.parts.get(name, BLANK), second.parts.get(name, BLANK)) for name in names}
