"""Microsoft 365 as the run pipeline sees it: books, their rows, and direct answers to "is it really gone?".

Opened by `pbx_microsoft365.plugin`; finds books with `address_books` and reads them as `FolderBook` and `PeopleBook`.
Every exception that leaves here is one of ours (`pbx_microsoft365.error_mapping`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Protocol

from pbx_connector.api import Book, BookGone, BookUnknown, Problem, SourceContext, StreamItem
from pbx_microsoft365.address_books.location import BookFinder, BookLocation, switched_off
from pbx_microsoft365.address_books.mailboxes import PersonalFinder, SharedFinder
from pbx_microsoft365.address_books.people import DIRECTORY, ORG_CONTACTS, PeopleFinder
from pbx_microsoft365.connection import connect
from pbx_microsoft365.error_catalog import OUT_OF_SIGHT
from pbx_microsoft365.error_mapping import translated
from pbx_microsoft365.fields import CONTACT, ORG_CONTACT, USER
from pbx_microsoft365.folder_book import FolderBook
from pbx_microsoft365.folder_reader import PARENT, FolderReader
from pbx_microsoft365.people_book import JUDGED_BY, PeopleBook, Population, wants_user
from pbx_microsoft365.rows import RowReader
from pbx_microsoft365.settings import Microsoft365Settings
from pbx_microsoft365.wire.client import GraphClient


class BookReader(Protocol):
    def changes(self, since: str | None, known: Iterable[tuple[str, str]]) -> Iterator[StreamItem]: ...
    def confirm_gone(self, keys: Sequence[str]) -> Iterator[str]: ...


class Microsoft365Source:
    def __init__(self, client: GraphClient, settings: Microsoft365Settings, context: SourceContext) -> None:
        self._client = client
        self._settings = settings
        self._fields = context.fields
        self._contacts = RowReader(CONTACT, context.fields, always=(PARENT,))
        finders: tuple[BookFinder, ...] = (
            SharedFinder(client, settings),
            PeopleFinder(DIRECTORY, settings),
            PeopleFinder(ORG_CONTACTS, settings),
            PersonalFinder(client, settings, context.accounts),
        )
        self._finders = {finder.kind: finder for finder in finders}
        self._places: dict[str, BookLocation] = {}

    def books(self) -> Iterator[Book | BookUnknown | Problem]:
        for finder in self._finders.values():
            for found in finder.find():
                yield self._noted(found)
            yield from finder.warnings()

    def look(self, book: Book) -> Book | BookGone | BookUnknown:
        finder = self._finders.get(book.kind)
        folder = _folder_of(book)
        if finder is None or not folder:
            return switched_off(book)
        with translated(book.title):
            found = finder.look(book, folder)
        return found if isinstance(found, BookGone) else self._noted(found)

    def changes(self, book: Book, since: str | None, known: Iterable[tuple[str, str]]) -> Iterator[StreamItem]:
        with translated(book.title):
            yield from self._reader(book).changes(since, known)

    def confirm_gone(self, book: Book, keys: Sequence[str]) -> Iterator[str]:
        with translated(book.title):
            yield from self._reader(book).confirm_gone(keys)

    def _reader(self, book: Book) -> BookReader:
        place = self._place(book)
        extra = {name: value for name, value in place.extra.items() if name in self._fields or name == "local_id"}
        if not place.mailbox:
            return self._people(place, extra)
        reader = FolderReader(self._client, place.mailbox, place.folder, self._contacts, extra, place.book.title)
        return FolderBook(
            self._client,
            place.mailbox,
            place.folder,
            reader,
            place.book.title,
            full_after_days=self._settings.full_after_days,
            has_delta=self._settings.has_contact_delta,
        )

    def _people(self, place: BookLocation, extra: dict[str, str]) -> PeopleBook:
        directory, org_contacts = self._settings.directory, self._settings.org_contacts
        if place.book.kind == DIRECTORY.kind:
            people = Population("users", partial(wants_user, directory), directory.groups)
            rows = RowReader(USER, self._fields, always=JUDGED_BY)
        else:
            people = Population("contacts", lambda contact: True, org_contacts.groups)
            rows = RowReader(ORG_CONTACT, self._fields)
        return PeopleBook(self._client, people, rows, extra, place.book.title)

    def _noted(self, found: BookLocation | BookUnknown) -> Book | BookUnknown:
        if isinstance(found, BookUnknown):
            return found
        self._places[found.book.id] = found
        return found.book

    def _place(self, book: Book) -> BookLocation:
        if book.id not in self._places:
            self.look(book)
        place = self._places.get(book.id)
        if place is None:
            raise OUT_OF_SIGHT.error(book.title)
        return place


@contextmanager
def open_microsoft365(settings: Microsoft365Settings, context: SourceContext) -> Iterator[Microsoft365Source]:
    """Raises `SourceError` if the server cannot be reached or does not know us."""
    with connect(settings) as client:
        yield Microsoft365Source(client, settings, context)


def _folder_of(book: Book) -> str:
    """Ids are `kind:folder`, or `kind:whose:folder`; a folder's id has no colon."""
    return book.id.rpartition(":")[2]
