"""What a format is: the limits of a family of phones, and how its rows and what stands around them are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from ..listing import Layout, Listed, Menu, Page, SearchForm

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
    """One way to write a phone book; a row of the table `FORMATS`."""

    name: str
    title: str
    """For people."""
    head: Callable[[Page], str]
    row: Callable[[Listed, int], str]
    """A row, and which one of the answer it is, from 1 on. Rows have one number at least."""
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
    entrance: Entrance = Entrance.LIST
    content_type: str = XML
    file_name: str = ""
    """What a phone asks for below the address it was given."""
    file_ending: str = "xml"
    url_query: str = ""
    """What the address ends with in the phone's configuration, such as `?term=#SEARCH`."""
    separator: str = ""
    """Between rows."""
