"""What an entry must be like to be found, as a value: the question of a directory, put to any store.

Texts are compared as they are searched for: without case and accents, white space squeezed. Numbers are compared as
`+`, digits, `*` and `#`, as far as they are told apart for certain; whose number it is, `Lookup.lookup` alone knows.
Logic has two values: what an entry lacks is false, and `Not` of it true.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from pbx_connector.stores.normalization import digits_asked, fold, found_by, key_of, keys

if TYPE_CHECKING:
    from pbx_connector.stores.values import Entry


class Key(StrEnum):
    """What entries are compared by; named like the field, but for `SURNAME`."""

    DISPLAY_NAME = "display_name"
    FIRST_NAME = "first_name"
    SURNAME = "surname"
    """The last name, or else the organisation, or else the display name: everybody has one."""
    ORGANISATION = "organisation"
    EMAIL = "email"
    PHONE = "phone"
    MOBILE = "mobile"
    HOME_PHONE = "home_phone"
    FAX = "fax"


@dataclass(frozen=True, slots=True)
class Every:
    """All conditions hold; of none: always."""

    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Some:
    """One of the conditions holds; of none: never."""

    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Equal:
    """The text of the key, as it is compared, is that of the value."""

    key: Key
    value: str


@dataclass(frozen=True, slots=True)
class Substrings:
    """Begins with one part, ends with another, and has others in between, in this order and apart."""

    key: Key
    initial: str = ""
    within: tuple[str, ...] = ()
    final: str = ""


@dataclass(frozen=True, slots=True)
class AtLeast:
    """By code points of the text as it is compared."""

    key: Key
    value: str


@dataclass(frozen=True, slots=True)
class AtMost:
    """By code points of the text as it is compared."""

    key: Key
    value: str


@dataclass(frozen=True, slots=True)
class Present:
    """The entry says something there."""

    key: Key


@dataclass(frozen=True, slots=True)
class Says:
    """Says the text somewhere, as `search` looks for it: in names, organisation, e-mail or numbers."""

    text: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """Carries a label: any, one of a name, one of a value. Names without case and accents, values as written."""

    name: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Identified:
    """Is one of these entries."""

    ids: frozenset[int]


Condition = Every | Some | Not | Equal | Substrings | AtLeast | AtMost | Present | Says | Labelled | Identified
"""What entries are asked for by."""


@dataclass(frozen=True, slots=True)
class Order:
    """By which field entries are sorted."""

    key: Key
    descending: bool = False
    """What an entry lacks counts as the largest, as in RFC 2891: last, or first if descending."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the order of display names, which stays where it is if its entry goes."""

    name: str
    """The display name as it is compared."""
    id: int


def position(entry: Entry) -> Position:
    """Where an entry stands in the order of display names."""
    return Position(key_of(Key.DISPLAY_NAME, entry.content.fields["display_name"]), entry.id)


def sorted_entries(entries: Iterable[Entry], order: Sequence[Order]) -> list[Entry]:
    """As every store sorts them; the one in memory asks this."""
    found = sorted(entries, key=lambda entry: entry.id)
    for each in reversed(order):
        place = tuple(Key).index(each.key)
        texts = {entry.id: keys(entry.content.fields)[place] for entry in found}
        found.sort(key=lambda entry: (texts[entry.id] is None, texts[entry.id] or ""), reverse=each.descending)
    return found


def parts(condition: Substrings) -> Iterator[str]:
    """As they are compared, none of them empty but the first and the last."""
    pieces = (condition.initial, *condition.within, condition.final)
    folded = [piece_of(condition.key, piece) for piece in pieces]
    yield folded[0]
    yield from filter(None, folded[1:-1])
    yield folded[-1]


def piece_of(key: Key, text: str) -> str:
    """A part of a text: one blank at its end means one in the text."""
    if key in NUMBERS:
        return key_of(key, text)
    folded = fold(text)
    squeezed = " ".join(folded.split())
    if not squeezed:
        return " " if folded else ""
    return (" " if folded[0].isspace() else "") + squeezed + (" " if folded[-1].isspace() else "")


NUMBERS = (Key.PHONE, Key.MOBILE, Key.HOME_PHONE, Key.FAX)


def holds(condition: Condition, entry: Entry, apart: Sequence[Entry] = ()) -> bool:
    """What every store answers; the one in memory asks this. `apart` are the entries that are shown as this one: what
    the first lacks is the next one's."""
    held: dict[Key, str | None] = {}
    shown_as = apart or (entry,)
    for one in reversed(shown_as):
        held |= {key: text for key, text in zip(Key, keys(one.content.fields), strict=True) if text is not None}
    return _holds(condition, shown_as, dict.fromkeys(Key) | held, entry)


def says(entry: Entry, text: str) -> bool:
    """A number is found however it is written: by its digits, beside the text as it stands."""
    searched = found_by(entry.content.fields)[-1] or ""
    numeric = digits_asked(text)
    return fold(text.strip()) in searched or (bool(numeric) and numeric in searched)


def _holds(condition: Condition, apart: Sequence[Entry], held: Mapping[Key, str | None], entry: Entry) -> bool:
    match condition:
        case Every(conditions):
            return all(_holds(each, apart, held, entry) for each in conditions)
        case Some(conditions):
            return any(_holds(each, apart, held, entry) for each in conditions)
        case Not(negated):
            return not _holds(negated, apart, held, entry)
        case Says(said):
            return any(says(one, said) for one in apart)
        case Identified(ids):
            return entry.id in ids
        case Labelled(name, value):
            labels = entry.content.labels.items()
            return any((name is None or fold(name) == fold(key)) and value in (None, text) for key, text in labels)
        case Equal() | Substrings() | AtLeast() | AtMost() | Present():
            text = held[condition.key]
            return text is not None and _fits(condition, text)
    assert_never(condition)


def _fits(condition: Equal | Substrings | AtLeast | AtMost | Present, text: str) -> bool:
    match condition:
        case Present():
            return True
        case Substrings():
            return _has_parts(text, [*parts(condition)])
        case Equal(key, value):
            return text == key_of(key, value)
        case AtLeast(key, value):
            return text >= key_of(key, value)
        case AtMost(key, value):
            return text <= key_of(key, value)
    assert_never(condition)


def _has_parts(text: str, wanted: list[str]) -> bool:
    initial, *within, final = wanted
    if not text.startswith(initial):
        return False
    begin, end = len(initial), len(text) - len(final)
    for part in within:
        found = text.find(part, begin, end)
        if found < 0:
            return False
        begin = found + len(part)
    return begin <= end and text.endswith(final)
