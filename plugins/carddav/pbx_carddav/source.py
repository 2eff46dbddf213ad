"""CardDAV as the run pipeline sees it: books, their rows, and direct answers to "is it really gone?".

Opened by `pbx_carddav.plugin`; finds books with `books` and reads them with `book_reader`. Every exception that leaves
here is one of ours (`pbx_carddav.error_mapping`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from pbx_carddav.accesses import Accesses
from pbx_carddav.book_reader import BookReader
from pbx_carddav.books import BookFinder, BookLocation
from pbx_carddav.error_catalog import OUT_OF_SIGHT
from pbx_carddav.error_mapping import translated
from pbx_carddav.rows import RowReader
from pbx_carddav.settings import CardDavSettings
from pbx_connector.api import Book, BookGone, BookUnknown, Problem, SourceContext, StreamItem


class CardDavSource:
    def __init__(self, finder: BookFinder, settings: CardDavSettings, context: SourceContext) -> None:
        self._finder = finder
        self._fields = context.fields
        self._rows = RowReader(context.fields)
        self._full_after_days = settings.full_after_days
        self._locations: dict[str, BookLocation] = {}

    def books(self) -> Iterator[Book | BookUnknown | Problem]:
        for found in self._finder.find():
            yield self._noted(found)
        yield from self._finder.warnings()

    def look(self, book: Book) -> Book | BookGone | BookUnknown:
        with translated(book.title):
            found = self._finder.look(book)
        return found if isinstance(found, BookGone) else self._noted(found)

    def changes(self, book: Book, since: str | None, known: Iterable[tuple[str, str]]) -> Iterator[StreamItem]:
        with translated(book.title):
            yield from self._reader(book).changes(since, known)

    def confirm_gone(self, book: Book, keys: Sequence[str]) -> Iterator[str]:
        with translated(book.title):
            yield from self._reader(book).confirm_gone(keys)

    def _reader(self, book: Book) -> BookReader:
        if book.id not in self._locations:
            self.look(book)
        location = self._locations.get(book.id)
        if location is None:
            raise OUT_OF_SIGHT.error(book.title)
        return BookReader(location, self._rows, self._fields, self._full_after_days)

    def _noted(self, found: BookLocation | BookUnknown) -> Book | BookUnknown:
        if isinstance(found, BookUnknown):
            return found
        self._locations[found.book.id] = found
        return found.book


@contextmanager
def open_carddav(settings: CardDavSettings, context: SourceContext) -> Iterator[CardDavSource]:
    """Raises `SourceError` if the server cannot be reached at all, or refuses the log-in of the profile."""
    accesses = Accesses(settings)
    try:
        finder = BookFinder(accesses, settings, context.accounts)
        if settings.company.enabled and not settings.personal.enabled:
            with translated():
                finder.begin()
        yield CardDavSource(finder, settings, context)
    finally:
        accesses.close()
