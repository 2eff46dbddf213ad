"""What a format is: the limits of a family of phones, and how its rows and what stands around them are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pbx_connector.api import Exporter
from pbx_directory.asking import Answer, Asked
from pbx_directory.listing import Layout, Listed, Menu, Page, SearchForm

XML = "text/xml; charset=utf-8"


class Entrance(StrEnum):
    """What a phone sees first, at the address without a question."""

    LIST = "list"
    MENU = "menu"
    """All entries, or a search."""
    FORM = "form"
    """A search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A way in which phones, or phone systems, read the phone book; a row of the table `FORMATS`."""

    name: str
    title: str
    """For people."""
    content_type: str = XML
    file_name: str = ""
    """What a phone asks for below the address it was given; empty: the address itself."""
    file_ending: str = "xml"
    url_query: str = ""
    """What the address ends with in the phone's configuration, such as `?term=#SEARCH`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows(Format):
    """Row after row, so that a book of any size passes through."""

    head: Callable[[Page], str]
    row: Callable[[Listed, int], str]
    """A row, and which one of the answer it is, from 1 on."""
    tail: Callable[[Page], str]
    menu: Callable[[Menu], str] | None = None
    """Parts of a book that exceeds `most_entries`, or the entrance."""
    form: Callable[[SearchForm], str] | None = None
    layout: Layout = field(default_factory=Layout)
    page_size: int | None = None
    """Rows of one answer; others are on the next page."""
    most_entries: int | None = None
    """Rows that the phone takes in all."""
    most_bytes: int | None = None
    distinct: bool = False
    """The phone takes no number twice."""
    numbered: bool = True
    """Whether entries without a number are left out."""
    entrance: Entrance = Entrance.LIST


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported(Format):
    """A format of `phonebook export`, as it is, with numbers in the dial form."""

    exporter: Exporter
    variant: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol(Format):
    """Questions and answers that a family has rules of its own for."""

    answer: Callable[[Asked], Answer]
    question: Callable[[str], Sequence[tuple[str, str]]]
    """How a phone asks for a name, or for a number that calls."""
    unavailable: Callable[[], Answer]
    """While the phone book cannot be read."""
