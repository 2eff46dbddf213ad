"""The LDAP source as the run pipeline sees it: books, their rows, and direct answers to "is it really gone?".

Opened by `pbx_ldap.plugin`; finds books with `books` and reads them with `book_reader`. Every exception that leaves
here is one of ours (`pbx_ldap.error_mapping`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from pbx_connector.api import Book, BookGone, BookUnknown, End, KnownRows, SourceContext, StreamItem
from pbx_ldap.book_reader import BookReader
from pbx_ldap.books import BookFinder, BookLocation
from pbx_ldap.delta import Changed, Checkpoint, State, changes_since, present_state, read_checkpoint
from pbx_ldap.directory import Directory, Session
from pbx_ldap.error_catalog import OUT_OF_SIGHT
from pbx_ldap.settings import LdapSettings


class LdapSource:
    def __init__(self, directory: Directory, context: SourceContext) -> None:
        self._directory = directory
        self._settings = directory.settings
        self._fields = context.fields
        self._finder = BookFinder(directory.settings, context.accounts)

    def books(self) -> Iterator[Book | BookUnknown]:
        with self._directory.session() as session:
            found = list(self._finder.find(session))
        yield from (one.book if isinstance(one, BookLocation) else one for one in found)

    def look(self, book: Book) -> Book | BookGone | BookUnknown:
        with self._directory.session(book.title) as session:
            found = self._finder.look(session, book)
        return found.book if isinstance(found, BookLocation) else found

    def changes(self, book: Book, since: str | None, known: Iterable[tuple[str, str]]) -> Iterator[StreamItem]:
        with self._directory.session(book.title) as session:
            yield from self._changes(self._reader(session, book), since, known)

    def confirm_gone(self, book: Book, keys: Sequence[str]) -> Iterator[str]:
        with self._directory.session(book.title) as session:
            yield from self._reader(session, book).confirm_absent(keys)

    def _reader(self, session: Session, book: Book) -> BookReader:
        location = self._finder.look(session, book)
        if not isinstance(location, BookLocation):
            raise OUT_OF_SIGHT.error(book.title)
        return BookReader(session, location, self._fields, self._settings)

    def _changes(self, reader: BookReader, since: str | None, known: Iterable[tuple[str, str]]) -> Iterator[StreamItem]:
        now = time.time()
        can_tell = self._settings.changes == "auto"
        held = read_checkpoint(since, reader.mark) if can_tell else None
        changed = None
        if held is not None and not held.is_due(self._settings.full_after_days, now):
            changed = changes_since(reader, held.state)
        if held is not None and changed is not None:
            yield from _news(reader, changed, known)
            yield End(_checkpoint(reader, changed.state, held.listed), full=False)
            return
        state = present_state(reader) if can_tell else None
        yield from reader.list_all(KnownRows(known))
        yield End(_checkpoint(reader, state, now), full=True)


def _news(reader: BookReader, changed: Changed, known: Iterable[tuple[str, str]]) -> Iterator[StreamItem]:
    left = set(changed.keys)
    for item in reader.read_keys(changed.keys):
        left.discard(item.key)
        yield item
    yield from reader.tell_gone(left, known)


def _checkpoint(reader: BookReader, state: State | None, listed: float) -> str | None:
    return Checkpoint(reader.mark, state, listed).write() if state else None


@contextmanager
def open_ldap(settings: LdapSettings, context: SourceContext) -> Iterator[LdapSource]:
    """Raises `SourceError` if no server can be reached, or none knows us."""
    directory = Directory(settings)
    try:
        with directory.session():
            pass
        yield LdapSource(directory, context)
    finally:
        directory.close()
