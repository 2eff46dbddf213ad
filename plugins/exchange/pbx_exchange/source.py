"""The Exchange source as the run pipeline sees it: books, their rows, and direct answers to "is it really gone?".

Opened by `pbx_exchange.plugin`; finds books with `address_books` and reads them with `folder_reader`.
Every exception that leaves here is one of ours (`pbx_exchange.error_mapping`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from pbx_connector.api import Book, BookGone, BookUnknown, End, KnownRows, Problem, SourceContext, StreamItem
from pbx_exchange.address_books.location import BookFinder, BookLocation, switched_off
from pbx_exchange.address_books.personal import PersonalFinder
from pbx_exchange.address_books.public import PublicFinder
from pbx_exchange.address_books.shared import SharedFinder
from pbx_exchange.connection import Connection, connect
from pbx_exchange.delta import Changed, Checkpoint, changes_after, read_changes, read_checkpoint
from pbx_exchange.error_catalog import FOLDER_LEFT, OUT_OF_SIGHT
from pbx_exchange.error_mapping import FOREIGN, translated
from pbx_exchange.folder_reader import FolderReader, confirm_absent
from pbx_exchange.folders import Folder, get_folder, is_not_there
from pbx_exchange.rows import RowReader
from pbx_exchange.settings import ExchangeSettings
from pbx_exchange.wire.services import folder_id


class ExchangeSource:
    def __init__(self, connection: Connection, settings: ExchangeSettings, context: SourceContext) -> None:
        zone = ZoneInfo(settings.timezone) if settings.timezone else None
        self._fields = context.fields
        self._full_after_days = settings.full_after_days
        self._rows = RowReader(context.fields, zone)
        finders: tuple[BookFinder, ...] = (
            PublicFinder(connection, settings),
            SharedFinder(connection, settings, context.accounts),
            PersonalFinder(connection, settings, context.accounts),
        )
        self._finders = {finder.kind: finder for finder in finders}
        self._places: dict[str, BookLocation] = {}

    def books(self) -> Iterator[Book | BookUnknown | Problem]:
        for finder in self._finders.values():
            for found in finder.find():
                yield self._noted(found)
            yield from finder.patterns.warnings()

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
            yield from self._changes(self._place(book), since, known)

    def confirm_gone(self, book: Book, keys: Sequence[str]) -> Iterator[str]:
        with translated(book.title):
            place = self._place(book)
            self._require_folder(place)
            yield from confirm_absent(place.mailbox, keys)

    def _changes(
        self, place: BookLocation, since: str | None, known: Iterable[tuple[str, str]]
    ) -> Iterator[StreamItem]:
        reader = self._reader(place)
        now = time.time()
        held = read_checkpoint(since, place.folder, reader.mark)
        if held is not None and held.is_due(self._full_after_days, now):
            held = None
        changed = changes_after(held, place.mailbox, place.folder) if place.has_delta else None
        if held is None or changed is None or self._is_doubtful(place, changed):
            yield from self._list_all(place, reader, known)
            yield End(_checkpoint(place, reader, changed, now), full=True)
        else:
            yield from read_changes(changed, reader)
            yield End(_checkpoint(place, reader, changed, held.listed), full=False)

    def _is_doubtful(self, place: BookLocation, changed: Changed) -> bool:
        """Whether the changes are better not trusted: a server that lost the state tells of every item anew."""
        if not changed.anything:
            return False
        folder = self._require_folder(place)
        return changed.needs_list or 0 < folder.total <= changed.created

    def _list_all(
        self, place: BookLocation, reader: FolderReader, known: Iterable[tuple[str, str]]
    ) -> Iterator[StreamItem]:
        empty = True
        for item in reader.list_all(KnownRows(known)):
            empty = False
            yield item
        if empty:
            self._require_folder(place)

    def _reader(self, place: BookLocation) -> FolderReader:
        extra = {name: value for name, value in place.extra.items() if name in self._fields or name == "local_id"}
        return FolderReader(place.mailbox, place.folder, self._rows, extra, place.book.title)

    def _require_folder(self, place: BookLocation) -> Folder:
        """A folder that was deleted lists nothing and finds nothing, without an error: only GetFolder tells."""
        try:
            return get_folder(place.mailbox, folder_id(place.folder))
        except FOREIGN as error:
            if not is_not_there(error):
                raise
            raise FOLDER_LEFT.error(place.book.title) from None

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
def open_exchange(settings: ExchangeSettings, context: SourceContext) -> Iterator[ExchangeSource]:
    """Raises `SourceError` if the server cannot be reached or does not know us."""
    with connect(settings) as connection:
        yield ExchangeSource(connection, settings, context)


def _checkpoint(place: BookLocation, reader: FolderReader, changed: Changed | None, listed: float) -> str | None:
    if changed is None:
        return None
    return Checkpoint(place.folder, reader.mark, changed.state, listed, changed.partial).write()


def _folder_of(book: Book) -> str:
    """Ids are `kind:folder`, or `kind:whose:folder`; a folder's id has no colon."""
    return book.id.rpartition(":")[2]
