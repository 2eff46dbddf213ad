"""Public folders: one tree for all, walked level by level; what may not be read is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from exchangelib import errors as ews

from pbx_connector.api import Book, BookGone, BookUnknown, PatternUse
from pbx_exchange.address_books.location import (
    CLOSED_ABOVE,
    MOVED_AWAY,
    NO_LONGER_THERE,
    NOT_READABLE,
    BookLocation,
    is_refusal,
    judge,
    switched_off,
    unknown,
)
from pbx_exchange.connection import Connection
from pbx_exchange.error_catalog import NO_SUCH_FOLDER
from pbx_exchange.error_mapping import FOREIGN
from pbx_exchange.folders import (
    ClosedAbove,
    Folder,
    Unseen,
    get_folders,
    is_not_there,
    look_into,
    public_path,
    try_to_read,
    walk_public,
)
from pbx_exchange.settings import ExchangeSettings
from pbx_exchange.wire.services import folder_id

_NONE_THERE = (ews.ErrorNoPublicFolderServerAvailable, ews.ErrorFolderNotFound, ews.ErrorItemNotFound)


class PublicFinder:
    kind = "public"

    def __init__(self, connection: Connection, settings: ExchangeSettings) -> None:
        self._connection = connection
        self._mailbox = connection.public()
        self._settings = settings.public
        self.patterns = PatternUse(self.kind, settings.public, NO_SUCH_FOLDER)

    def find(self) -> Iterator[BookLocation | BookUnknown]:
        if not self._settings.enabled:
            return
        try:
            yield from self._find()
        except _NONE_THERE:
            return  # The organisation has none; books of earlier runs are looked at one by one all the same.
        except FOREIGN as error:
            yield unknown(Book("public", "Public folders", self.kind), error)

    def look(self, book: Book, folder: str) -> BookLocation | BookGone | BookUnknown:
        if not self._settings.enabled:
            return switched_off(book)
        try:
            found = look_into(self._mailbox, folder_id(folder))
        except ews.ErrorAccessDenied:
            return BookGone(book.id, NOT_READABLE)
        except FOREIGN as error:
            return BookGone(book.id, NO_LONGER_THERE) if is_not_there(error) else unknown(book, error)
        return judge(book, found) or self._look_where(book, found)

    def _look_where(self, book: Book, found: Folder) -> BookLocation | BookGone | BookUnknown:
        try:
            path = public_path(self._mailbox, found)
        except ClosedAbove:
            return BookGone(book.id, CLOSED_ABOVE)
        except FOREIGN as error:
            if not is_refusal(error):
                return unknown(book, error)
            path = book.title  # the root is closed to us: the path known from before is the best there is
        if path is None:
            return BookGone(book.id, MOVED_AWAY)
        return self._place(found, path) if self._settings.wants(path) else switched_off(book)

    def _find(self) -> Iterator[BookLocation | BookUnknown]:
        seen: list[Folder] = []
        for found in walk_public(self._mailbox):
            self._note(found)
            if isinstance(found, Unseen):
                if not found.id:
                    raise found.error  # about the root, and so about all of them
                if not is_refusal(found.error) and not self._settings.leaves_out(found.path):
                    yield unknown(Book(f"below:{found.id}", f"below {found.path}", self.kind), found.error)
            elif found.holds_contacts and self._settings.wants(found.path):
                seen.append(found)
        yield from self._confirmed(seen)

    def _note(self, found: Folder | Unseen) -> None:
        if isinstance(found, Folder):
            self.patterns.note([(found.path, found.holds_contacts)])
        elif found.id and not is_refusal(found.error):
            self.patterns.note_unseen(found.path)

    def _confirmed(self, folders: Sequence[Folder]) -> Iterator[BookLocation | BookUnknown]:
        """A folder that is listed may still be closed to us, or open although it is listed as closed: each is asked
        for directly."""
        answers = try_to_read(self._mailbox, get_folders(self._mailbox, [folder_id(folder.id) for folder in folders]))
        for folder, answer in zip(folders, answers, strict=True):
            if isinstance(answer, Folder):
                if answer.readable:
                    yield self._place(answer, folder.path)
            elif not is_refusal(answer):
                yield unknown(self._book(folder, folder.path), answer)

    def _book(self, folder: Folder, title: str) -> Book:
        return Book(f"public:{folder.id}", title, self.kind)

    def _place(self, folder: Folder, title: str) -> BookLocation:
        mailbox = self._connection.public(folder.replica)
        return BookLocation(self._book(folder, title), mailbox, folder.id, {"FolderPath": title}, has_delta=False)
