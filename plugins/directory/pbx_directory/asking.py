"""What a device asks, and what it is answered: without HTTP, which is the server's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlencode

from pbx_connector.api import (
    Condition,
    Every,
    Key,
    Labelled,
    PhoneBook,
    Position,
    Some,
    Substrings,
)
from pbx_directory.characters import one_line
from pbx_directory.dialing import DialForm, Form, beginnings
from pbx_directory.words import Words, words

NUMBERS = (Key.PHONE, Key.MOBILE, Key.HOME_PHONE, Key.FAX)
NAMES = (Key.DISPLAY_NAME, Key.FIRST_NAME, Key.SURNAME, Key.ORGANISATION)
LONGEST_TERM = 100
LONGEST_LABEL = 300
"""Characters; no name and no label has more, and nobody types as many."""
FEWEST_DIGITS = 3
"""With fewer, a part of a number would be in everybody's."""


class Asker(Protocol):
    """The device that asks."""

    @property
    def id(self) -> str: ...
    @property
    def account(self) -> str | None: ...
    @property
    def owners(self) -> tuple[str | None, ...]:
        """Whose entries it sees; None is the company."""
        ...

    @property
    def dial_form(self) -> str: ...
    @property
    def region(self) -> str | None: ...
    @property
    def outside_line(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content_type: str
    body: Iterable[bytes]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a request; a phone may add some that mean nothing here."""

    pairs: tuple[tuple[str, str], ...]

    def __contains__(self, name: str) -> bool:
        return any(known == name for known, _ in self.pairs)

    def get(self, name: str) -> str:
        return next((value for known, value in self.pairs if known == name), "")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of a device, and what it is answered from."""

    query: Query
    book: PhoneBook
    device: Asker
    url: str
    """The device's own address, without parameters."""
    title: str = ""
    """What phones show above the list; empty: the word for it."""
    store: str = ""
    """Which phone book it is, for ids that others keep of its entries."""

    @property
    def form(self) -> DialForm:
        return DialForm(Form(self.device.dial_form), self.device.region or None, self.device.outside_line)

    @property
    def words(self) -> Words:
        return words(self.query.get("lang"))

    @property
    def shown_title(self) -> str:
        return self.title or self.words.title

    def link(self, **parameters: str) -> str:
        """The same address with other parameters; language and labels are kept."""
        kept = {name: self.query.get(name) for name in ("lang", "label") if name in self.query}
        query = urlencode({name: value for name, value in (kept | parameters).items() if value or name == "term"})
        return f"{self.url}?{query}" if query else self.url

    @property
    def condition(self) -> Condition:
        """Which entries are asked for, whatever they are wanted for."""
        wanted = [self._labelled] if self.query.get("label") else []
        return Every((*wanted, *(self._has(word) for word in self.query.get("term").split())))

    @property
    def is_hopeless(self) -> bool:
        """What is asked for is longer than any name."""
        return len(self.query.get("term")) > LONGEST_TERM or len(self.query.get("label")) > LONGEST_LABEL

    @property
    def _labelled(self) -> Labelled:
        name, _, value = self.query.get("label").partition("=")
        return Labelled(name, value or None)

    def _has(self, word: str) -> Condition:
        """Words in any order, each somewhere in a name, or a part of a number as the device dials it."""
        text = word.strip("*")
        names = (Substrings(key, within=(text,)) for key in NAMES)
        return Some((*names, *number_condition(text, self.form).conditions)) if text else Every()


def number_condition(text: str, form: DialForm) -> Some:
    """A part of a number, or its beginning in the dial form."""
    digits = "".join(sign for sign in text if sign in "0123456789*#")
    if len(digits) < FEWEST_DIGITS or any(sign.isalpha() for sign in text):
        return Some()
    begun = (Substrings(key, initial=begin) for begin in beginnings(text, form) for key in NUMBERS)
    return Some((*begun, *(Substrings(key, within=(digits,)) for key in NUMBERS)))


def query(parameters: Sequence[tuple[str, str]] | Mapping[str, str]) -> Query:
    """What no phone can have typed, control characters and halves of characters, is a blank."""
    pairs = parameters.items() if isinstance(parameters, Mapping) else parameters
    return Query(tuple((one_line(name), one_line(value)) for name, value in pairs))


def written(place: Position) -> str:
    """A position as a parameter."""
    return f"{place.id}-{place.name}"


def position_of(text: str) -> Position | None:
    """What `written` wrote; None for anything else."""
    number, dash, name = text.partition("-")
    known = dash and number.isascii() and number.isdecimal() and len(number) < 19 and len(name) <= LONGEST_LABEL
    return Position(name, int(number)) if known else None
