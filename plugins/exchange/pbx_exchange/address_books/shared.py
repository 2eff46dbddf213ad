"""Shared address books: folders of other mailboxes, with rights on these folders only.

The mailbox's root stays closed, so the owner's contacts are asked for by their well-known name, once; from then on by
the id that came back. (exchangelib rewrites the owner in that name to the caller after it was resolved, and silently
reads the caller's own contacts; should a server do the like, it is noticed here.)
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from exchangelib import errors as ews

from pbx_connector.api import Account, Book, BookGone, BookUnknown, PatternUse, Pool, ProtocolViolation
from pbx_exchange.address_books.location import (
    CLOSED_ABOVE,
    NO_LONGER_THERE,
    NOT_READABLE,
    BookLocation,
    is_graph_id,
    is_refusal,
    judge,
    judge_graph_id,
    judge_unlisted,
    switched_off,
    unknown,
)
from pbx_exchange.connection import Connection
from pbx_exchange.error_catalog import NO_SUCH_FOLDER, WRONG_OWNER
from pbx_exchange.error_mapping import FOREIGN, NO_SUCH_MAILBOX
from pbx_exchange.folders import (
    Folder,
    get_folders,
    is_not_there,
    look_into,
    open_contacts,
    try_to_read,
    walk_shared,
)
from pbx_exchange.settings import ExchangeSettings
from pbx_exchange.wire.services import folder_id

_NOT_LISTED: tuple[type[Exception], ...] = (*FOREIGN, ProtocolViolation)
_NOTHING_THERE = (*NO_SUCH_MAILBOX, ews.ErrorFolderNotFound, ews.ErrorItemNotFound)
_NOTHING_SHARED = (*_NOTHING_THERE, ews.ErrorAccessDenied)


class SharedFinder:
    kind = "shared"

    def __init__(self, connection: Connection, settings: ExchangeSettings, accounts: Sequence[Account]) -> None:
        self._connection = connection
        self._settings = settings.shared
        self.patterns = PatternUse(self.kind, settings.shared, NO_SUCH_FOLDER)
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
        if is_graph_id(folder):
            return self._look_by_graph_id(book, owner, folder)
        try:
            found = look_into(self._connection.delegate(owner), folder_id(folder))
        except ews.ErrorAccessDenied:
            return BookGone(book.id, NOT_READABLE)
        except FOREIGN as error:
            return self._gone(book, owner) if is_not_there(error) else unknown(book, error)
        return judge(book, found) or self._look_where(book, owner, found)

    def _look_by_graph_id(self, book: Book, owner: str, folder: str) -> BookGone | BookUnknown:
        try:
            return judge_graph_id(book, folder, self._list(owner))
        except _NOT_LISTED as error:
            return unknown(book, error)

    def _look_where(self, book: Book, owner: str, found: Folder) -> BookLocation | BookGone | BookUnknown:
        """Among the owner's contacts, the only place from which it is read; its path may be another by now."""
        try:
            listed = self._list(owner)
        except ews.ErrorAccessDenied:
            return BookGone(book.id, CLOSED_ABOVE)
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
            open_contacts(self._connection.delegate(owner), owner)
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
        wanted = [folder for folder in folders if folder.holds_contacts and self._settings.wants(folder.path)]
        return list(self._confirmed(owner, wanted))

    def _confirmed(self, owner: str, folders: Sequence[Folder]) -> Iterator[BookLocation | BookUnknown]:
        """One that is listed as closed may be open all the same: it is asked for directly, and tried."""
        mailbox = self._connection.delegate(owner)
        closed = [folder.id for folder in folders if not folder.readable]
        answers = try_to_read(mailbox, get_folders(mailbox, [folder_id(one) for one in closed]))
        told = dict(zip(closed, answers, strict=True))
        for folder in folders:
            answer = told.get(folder.id, folder)
            if isinstance(answer, Folder):
                if answer.readable:
                    yield self._place(owner, folder, folder.path)
            elif not is_refusal(answer):
                yield unknown(self._book(owner, folder, folder.path), answer)

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
                    self._own = open_contacts(self._connection.service).id
                except _NOTHING_THERE:
                    self._own = ""
            return self._own

    def _place(self, owner: str, folder: Folder, path: str) -> BookLocation:
        extra = {"FolderPath": path, "Mailbox": owner}
        return BookLocation(
            self._book(owner, folder, path), self._connection.delegate(owner), folder.id, extra, has_delta=True
        )

    def _book(self, owner: str, folder: Folder, path: str) -> Book:
        return Book(f"shared:{owner}:{folder.id}", f"{owner}: {path}", self.kind)


def _owner_of(book: Book) -> str:
    return book.id.split(":")[1]
