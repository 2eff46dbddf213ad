"""Shared address books: folders of other mailboxes, with rights on these folders only.

The mailbox's root stays closed, so the owner's contacts are asked for by their well-known name, once; from then on by
the id that came back. (exchangelib rewrites the owner in that name to the caller after it was resolved, and silently
reads the caller's own contacts; should a server do the like, it is noticed here.)
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from exchangelib import errors as ews

from pbx_connector.api import Account, Book, BookGone, BookUnknown, Pool, ProtocolViolation
from pbx_exchange.address_books.location import (
    NO_LONGER_THERE,
    NOT_READABLE,
    BookLocation,
    judge,
    judge_unlisted,
    switched_off,
    unknown,
)
from pbx_exchange.connection import Connection
from pbx_exchange.error_catalog import WRONG_OWNER
from pbx_exchange.error_mapping import FOREIGN
from pbx_exchange.folders import Folder, get_folder, is_not_there, walk_shared
from pbx_exchange.patterns import PatternUse
from pbx_exchange.settings import ExchangeSettings
from pbx_exchange.wire.services import distinguished, folder_id

_NOT_LISTED: tuple[type[Exception], ...] = (*FOREIGN, ProtocolViolation)
_NOTHING_SHARED = (ews.ErrorAccessDenied, ews.ErrorNonExistentMailbox, ews.ErrorFolderNotFound, ews.ErrorItemNotFound)


class SharedFinder:
    kind = "shared"

    def __init__(self, connection: Connection, settings: ExchangeSettings, accounts: Sequence[Account]) -> None:
        self._connection = connection
        self._settings = settings.shared
        self.patterns = PatternUse(self.kind, settings.shared)
        self._threads = settings.connections
        self._service = settings.email.lower()
        named = {owner.lower(): True for owner in settings.shared.owners}
        tried = {account.email.lower(): False for account in accounts if account.email and settings.shared.discover}
        self._owners = {owner: is_named for owner, is_named in (tried | named).items() if owner != self._service}
        self._own: str | None = None
        self._lock = threading.Lock()

    def find(self) -> Iterator[BookLocation | BookUnknown]:
        if not self._settings.enabled or not self._owners:
            return
        with Pool(self._threads, thread_name_prefix="owners") as pool:
            for places in pool.map(self._of_owner, self._owners):
                yield from places

    def look(self, book: Book, folder: str) -> BookLocation | BookGone | BookUnknown:
        owner = _owner_of(book)
        if not self._settings.enabled or owner not in self._owners:
            return switched_off(book)
        try:
            found = get_folder(self._connection.delegate(owner), folder_id(folder))
        except ews.ErrorAccessDenied:
            return BookGone(book.id, NOT_READABLE)
        except FOREIGN as error:
            return self._gone(book, owner) if is_not_there(error) else unknown(book, error)
        return judge(book, found) or self._look_where(book, owner, found)

    def _look_where(self, book: Book, owner: str, found: Folder) -> BookLocation | BookGone | BookUnknown:
        """Among the owner's contacts, the only place from which it is read; its path may be another by now."""
        try:
            listed = self._list(owner)
        except _NOT_LISTED as error:
            return unknown(book, error)
        folder = next((one for one in listed if one.id == found.id), None)
        if folder is None:
            return judge_unlisted(book, found, listed)
        if not self._settings.wants(folder.path):
            return switched_off(book)
        return self._place(owner, folder, folder.path)

    def _gone(self, book: Book, owner: str) -> BookGone | BookUnknown:
        """The mailbox itself may be what was not found: it has to answer before its folder counts as gone."""
        try:
            get_folder(self._connection.delegate(owner), distinguished("contacts", owner))
        except ews.ErrorAccessDenied:
            pass
        except FOREIGN as error:
            return unknown(book, error)
        return BookGone(book.id, NO_LONGER_THERE)

    def _of_owner(self, owner: str) -> list[BookLocation | BookUnknown]:
        of_owner = Book(f"shared:{owner}", f"Contacts of {owner}", self.kind)
        try:
            folders = self._list(owner)
        except _NOT_LISTED as error:
            unasked = isinstance(error, _NOTHING_SHARED) and not self._owners[owner]
            return [] if unasked else [unknown(of_owner, error)]
        self.patterns.note((folder.path, folder.holds_contacts) for folder in folders)
        wanted = [one for one in folders if one.readable and one.holds_contacts and self._settings.wants(one.path)]
        return [self._place(owner, folder, folder.path) for folder in wanted]

    def _list(self, owner: str) -> list[Folder]:
        folders = list(walk_shared(self._connection.delegate(owner), owner))
        if any(folder.id == self._own_contacts() for folder in folders):
            raise WRONG_OWNER.error("")
        return folders

    def _own_contacts(self) -> str:
        """The id of the service user's own contacts folder; empty if it has no mailbox."""
        with self._lock:
            if self._own is None:
                try:
                    self._own = get_folder(self._connection.service, distinguished("contacts")).id
                except (ews.ErrorNonExistentMailbox, ews.ErrorFolderNotFound, ews.ErrorItemNotFound):
                    self._own = ""
            return self._own

    def _place(self, owner: str, folder: Folder, path: str) -> BookLocation:
        book = Book(f"shared:{owner}:{folder.id}", f"{owner}: {path}", self.kind)
        extra = {"FolderPath": path, "Mailbox": owner}
        return BookLocation(book, self._connection.delegate(owner), folder.id, extra, has_delta=True)


def _owner_of(book: Book) -> str:
    return book.id.split(":")[1]
