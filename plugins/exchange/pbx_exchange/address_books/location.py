"""What the finders have in common: a book with its location, and how a direct look is judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from exchangelib import errors as ews

from pbx_connector.api import Book, BookGone, BookUnknown, PatternUse
from pbx_exchange.error_catalog import OUT_OF_SIGHT
from pbx_exchange.error_mapping import problem
from pbx_exchange.folders import Folder, is_not_there
from pbx_exchange.wire.endpoint import Mailbox

SWITCHED_OFF = "switched off in the settings"
NO_LONGER_THERE = "the folder is no longer there"
NO_CONTACTS = "no longer a folder of contacts"
NOT_READABLE = "the right to read it was withdrawn"
CLOSED_ABOVE = "the right to see the folder above it was withdrawn"
MOVED_AWAY = "moved away from the contacts, as deleted folders are"
READ_ANEW = "the same folder is read over Exchange Web Services now"
NOT_READ_HERE = "it was read over Microsoft Graph, and is not among the folders that are read now"
_GRAPH = "graph."
"""What the source of Microsoft 365 writes before the id of a folder."""
_LETTERS = str.maketrans("-_+", "///")
"""In Graph's ids others stand for two of Exchange's."""


@dataclass(frozen=True, slots=True)
class BookLocation:
    """A book, and where to read it."""

    book: Book
    mailbox: Mailbox
    folder: str
    extra: Mapping[str, str]
    """Values that every row of the book has."""
    has_delta: bool


class BookFinder(Protocol):
    kind: str
    patterns: PatternUse
    """Complete once `find` has come to its end."""

    def find(self) -> Iterator[BookLocation | BookUnknown]:
        """All books that can be seen now."""
        ...

    def look(self, book: Book, folder: str) -> BookLocation | BookGone | BookUnknown:
        """A book of an earlier run, by its folder's id."""
        ...


def switched_off(book: Book) -> BookGone:
    """It may well be there; nobody asked."""
    return BookGone(book.id, SWITCHED_OFF, unwanted=True)


def is_refusal(error: Exception) -> bool:
    """Nothing to see here for us: a folder of which we may not know, or one that vanished just now."""
    return isinstance(error, ews.ErrorAccessDenied) or is_not_there(error)


def judge(book: Book, folder: Folder) -> BookGone | None:
    """What a folder that is there may still lack."""
    if not folder.readable:
        return BookGone(book.id, NOT_READABLE)
    return None if folder.holds_contacts else BookGone(book.id, NO_CONTACTS)


def judge_unlisted(book: Book, folder: Folder, listed: Sequence[Folder]) -> BookGone | BookUnknown:
    """A folder that is there, but not among those that are listed: Outlook moves what it deletes, under the same id.

    Should it lie right below one that is listed, it moved or was left out just now.
    """
    if any(folder.parent == one.id for one in listed):
        return BookUnknown(book, OUT_OF_SIGHT.problem(book.title))
    return BookGone(book.id, MOVED_AWAY)


def is_graph_id(folder: str) -> bool:
    """Whether it is of a profile that read over Microsoft Graph: no server of Exchange takes such an id."""
    return folder.startswith(_GRAPH)


def judge_graph_id(book: Book, folder: str, listed: Sequence[Folder]) -> BookGone:
    """Among all folders that are read here. The server cannot be asked for this id, and nobody wants it any more."""
    wanted = folder.removeprefix(_GRAPH).translate(_LETTERS)
    if any(wanted == one.id.translate(_LETTERS) for one in listed):
        return BookGone(book.id, READ_ANEW, unwanted=True)
    return BookGone(book.id, NOT_READ_HERE, unwanted=True)


def unknown(book: Book, error: Exception) -> BookUnknown:
    return BookUnknown(book, problem(error, book.title))
