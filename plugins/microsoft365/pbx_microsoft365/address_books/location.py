"""What the finders have in common: a book with its location, and how a direct look is judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pbx_connector.api import Book, BookGone, BookUnknown, Problem
from pbx_microsoft365.error_catalog import OUT_OF_SIGHT
from pbx_microsoft365.error_mapping import problem
from pbx_microsoft365.folders import Folder

SWITCHED_OFF = "switched off in the settings"
NO_LONGER_THERE = "the folder is no longer there"
READ_ANEW = "the same folder is read over Microsoft Graph now"
NO_CONTACTS = "no longer a folder of contacts"
MOVED_AWAY = "moved away from the contacts, as deleted folders are"


@dataclass(frozen=True, slots=True)
class BookLocation:
    """A book, and where to read it."""

    book: Book
    mailbox: str
    """The name by which Graph knows it; empty for the directory."""
    folder: str
    extra: Mapping[str, str]
    """Values that every row of the book has."""


class BookFinder(Protocol):
    kind: str

    def find(self) -> Iterator[BookLocation | BookUnknown]:
        """All books that can be seen now."""
        ...

    def look(self, book: Book, folder: str) -> BookLocation | BookGone | BookUnknown:
        """A book of an earlier run, by its folder's id."""
        ...

    def warnings(self) -> Iterator[Problem]:
        """What is odd about the settings, once `find` has come to its end."""
        ...


def switched_off(book: Book) -> BookGone:
    """It may well be there; nobody asked."""
    return BookGone(book.id, SWITCHED_OFF, unwanted=True)


def judge(book: Book, folder: Folder) -> BookGone | None:
    """What a folder that is there may still lack."""
    return None if folder.holds_contacts else BookGone(book.id, NO_CONTACTS)


def judge_unlisted(book: Book, folder: Folder, listed: Sequence[Folder]) -> BookGone | BookUnknown:
    """A folder that is there, but not among those that are listed: Outlook moves what it deletes, under the same id.

    Should it lie right below one that is listed, it moved or was left out just now.
    """
    if any(folder.parent == one.id for one in listed):
        return BookUnknown(book, OUT_OF_SIGHT.problem(book.title))
    return BookGone(book.id, MOVED_AWAY)


def unknown(book: Book, error: Exception) -> BookUnknown:
    return BookUnknown(book, problem(error, book.title))
