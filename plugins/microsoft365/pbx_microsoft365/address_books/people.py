"""The directory and the organisational contacts: one company address book each, switched on by the settings."""

from __future__ import annotations

from collections.abc import Iterator

from pbx_connector.api import Book, BookGone, BookUnknown, Problem
from pbx_microsoft365.address_books.location import BookLocation, switched_off
from pbx_microsoft365.settings import Microsoft365Settings

DIRECTORY = Book("directory:users", "Directory", "directory")
ORG_CONTACTS = Book("org_contacts:contacts", "Organisational contacts", "org_contacts")


class PeopleFinder:
    """One of the two. Whether it can be read shows when it is."""

    def __init__(self, book: Book, settings: Microsoft365Settings) -> None:
        self.kind = book.kind
        self._book = book
        self._enabled = (settings.directory if book is DIRECTORY else settings.org_contacts).enabled

    def find(self) -> Iterator[BookLocation | BookUnknown]:
        if self._enabled:
            yield self._place()

    def look(self, book: Book, folder: str) -> BookLocation | BookGone | BookUnknown:
        return self._place() if self._enabled and book.id == self._book.id else switched_off(book)

    def warnings(self) -> Iterator[Problem]:
        yield from ()

    def _place(self) -> BookLocation:
        return BookLocation(self._book, "", "", {"ContactSource": "ActiveDirectory"})
