"""The three kinds of address books, each a shelf: what books it holds, and a direct look at one of them.

`pbx_exchange.source` asks every shelf; failures are contained here, so that what one mailbox or one folder says leaves
the others alone. The walks are in `pbx_exchange.folders`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from exchangelib import errors as ews

from pbx_connector.api import Account, Book, BookGone, BookUnknown
from pbx_exchange.connection import Connection
from pbx_exchange.folders import Folder, Unseen, get_folder, get_folders, is_not_there, walk_contacts, walk_public
from pbx_exchange.settings import ExchangeSettings
from pbx_exchange.trouble import FOREIGN, NAMELESS, problem
from pbx_exchange.wire.endpoint import Mailbox
from pbx_exchange.wire.services import folder_id

SWITCHED_OFF = "switched off in the settings"
NO_LONGER_THERE = "the folder is no longer there"
NO_CONTACTS = "no longer a folder of contacts"
NOT_READABLE = "the right to read it was withdrawn"


@dataclass(frozen=True, slots=True)
class Place:
    """A book, and where to read it."""

    book: Book
    mailbox: Mailbox
    folder: str
    extra: Mapping[str, str]
    """Values that every row of the book has."""
    has_delta: bool


class Shelf(Protocol):
    kind: str

    def find(self) -> Iterator[Place | BookUnknown]:
        """All books that can be seen now."""
        ...

    def look(self, book: Book, folder: str) -> Place | BookGone | BookUnknown:
        """A book of an earlier run, by its folder's id."""
        ...


class PublicShelf:
    kind = "public"

    def __init__(self, connection: Connection, settings: ExchangeSettings) -> None:
        self._mailbox = connection.public()
        self._settings = settings.public

    def find(self) -> Iterator[Place | BookUnknown]:
        if not self._settings.enabled:
            return
        try:
            yield from self._find()
        except ews.ErrorNoPublicFolderServerAvailable:
            return  # The organisation has none; books of earlier runs are looked at one by one all the same.
        except FOREIGN as error:
            yield _unknown(Book("public", "Public folders", self.kind), error)

    def look(self, book: Book, folder: str) -> Place | BookGone | BookUnknown:
        if not self._settings.enabled or not self._settings.wants(book.title):
            return BookGone(book.id, SWITCHED_OFF)
        try:
            found = get_folder(self._mailbox, folder_id(folder))
        except ews.ErrorAccessDenied:
            return BookGone(book.id, NOT_READABLE)
        except FOREIGN as error:
            return _absent_or_unknown(book, error)
        return _judged(book, found) or self._place(found, book.title)

    def _find(self) -> Iterator[Place | BookUnknown]:
        seen: list[Folder] = []
        for found in walk_public(self._mailbox):
            if isinstance(found, Unseen):
                if not _is_refusal(found.error):
                    yield _unknown(Book(f"public:{found.path}", found.path, self.kind), found.error)
            elif found.holds_contacts and self._settings.wants(found.path):
                seen.append(found)
        yield from self._confirmed(seen)

    def _confirmed(self, folders: Sequence[Folder]) -> Iterator[Place | BookUnknown]:
        """A folder that is listed may still be closed to us: each is asked for directly."""
        answers = get_folders(self._mailbox, [folder_id(folder.id) for folder in folders])
        for folder, answer in zip(folders, answers, strict=True):
            if isinstance(answer, Folder):
                if answer.readable:
                    yield self._place(folder, folder.path)
            elif not _is_refusal(answer):
                yield _unknown(self._book(folder, folder.path), answer)

    def _book(self, folder: Folder, title: str) -> Book:
        return Book(f"public:{folder.id}", title, self.kind)

    def _place(self, folder: Folder, title: str) -> Place:
        return Place(self._book(folder, title), self._mailbox, folder.id, {"FolderPath": title}, has_delta=False)


class PersonalShelf:
    """Each account's own contacts, by impersonation."""

    kind = "personal"

    def __init__(self, connection: Connection, settings: ExchangeSettings, accounts: Sequence[Account]) -> None:
        self._connection = connection
        self._settings = settings.personal
        self._suffix = settings.personal.suffix or settings.mail_domain
        self._threads = settings.connections
        self._accounts = {account.id: account for account in accounts}

    def find(self) -> Iterator[Place | BookUnknown]:
        if not self._settings.enabled:
            return
        wanted = [account for id, account in self._accounts.items() if id not in self._settings.skip_accounts]
        with ThreadPoolExecutor(self._threads, thread_name_prefix="mailboxes") as pool:
            for places in pool.map(self._of_account, wanted):
                yield from places

    def look(self, book: Book, folder: str) -> Place | BookGone | BookUnknown:
        account = self._accounts.get(book.account or "")
        if account is None:
            return BookGone(book.id, "the account is no longer there")
        if not self._is_wanted(account, book):
            return BookGone(book.id, SWITCHED_OFF)
        try:
            mailbox = self._open(account)[0]
            found = get_folder(mailbox, folder_id(folder))
        except NoName as error:
            return BookUnknown(book, error.problem)
        except FOREIGN as error:
            # The mailbox itself may be what was not found: only with its contacts in sight the folder can be gone.
            return _unknown(book, error) if not is_not_there(error) else self._gone(book, account)
        return _judged(book, found) or self._place(account, mailbox, found, book.title)

    def _is_wanted(self, account: Account, book: Book) -> bool:
        path = book.title.partition(": ")[2] or book.title
        skipped = account.id in self._settings.skip_accounts
        return self._settings.enabled and not skipped and self._settings.wants(path)

    def _gone(self, book: Book, account: Account) -> BookGone | BookUnknown:
        try:
            self._open(account)
        except FOREIGN as error:
            return _unknown(book, error)
        return BookGone(book.id, NO_LONGER_THERE)

    def _of_account(self, account: Account) -> list[Place | BookUnknown]:
        unknown = Book(f"personal:{account.id}", f"Contacts of {_name(account)}", self.kind, account.id)
        try:
            mailbox, folders = self._open(account)
        except NoName as error:
            return [BookUnknown(unknown, error.problem)]
        except FOREIGN as error:
            return [_unknown(unknown, error)]
        wanted = [folder for folder in folders if folder.holds_contacts and self._settings.wants(folder.path)]
        return [self._place(account, mailbox, folder, f"{_name(account)}: {folder.path}") for folder in wanted]

    def _open(self, account: Account) -> tuple[Mailbox, list[Folder]]:
        """The first mailbox that answers to a name of the account, and its folders.

        Raises the last answer if none does; an answer about rights or trouble ends the search, as the name was right.
        """
        candidates = list(self._candidates(account))
        if not candidates:
            raise NoName(account)
        for mailbox in candidates[:-1]:
            try:
                return mailbox, list(walk_contacts(mailbox))
            except _NO_SUCH_MAILBOX:
                continue
        return candidates[-1], list(walk_contacts(candidates[-1]))

    def _candidates(self, account: Account) -> Iterator[Mailbox]:
        if account.email and self._settings.match in ("both", "email"):
            yield self._connection.impersonate(email=account.email)
        if account.username and self._settings.match in ("both", "username"):
            name = account.username
            yield self._connection.impersonate(principal=name if "@" in name else f"{name}@{self._suffix}")

    def _place(self, account: Account, mailbox: Mailbox, folder: Folder, title: str) -> Place:
        book = Book(f"personal:{account.id}:{folder.id}", title, self.kind, account.id)
        extra = {"local_id": account.id, "FolderPath": folder.path, "Mailbox": mailbox.anchor}
        return Place(book, mailbox, folder.id, extra, has_delta=True)


class NoName(Exception):
    """The account has nothing to find its mailbox by."""

    def __init__(self, account: Account) -> None:
        super().__init__(account.id)
        self.problem = NAMELESS.problem(account.id)


_NO_SUCH_MAILBOX = (
    ews.ErrorNonExistentMailbox,
    ews.ErrorNonPrimarySmtpAddress,
    ews.ErrorInvalidUserPrincipalName,
    ews.ErrorInvalidSmtpAddress,
)


def _name(account: Account) -> str:
    return account.username or account.email or account.id


def _is_refusal(error: Exception) -> bool:
    """Nothing to see here for us: a folder of which we may not know, or one that went away just now."""
    return isinstance(error, ews.ErrorAccessDenied) or is_not_there(error)


def _judged(book: Book, folder: Folder) -> BookGone | None:
    if not folder.readable:
        return BookGone(book.id, NOT_READABLE)
    return None if folder.holds_contacts else BookGone(book.id, NO_CONTACTS)


def _absent_or_unknown(book: Book, error: Exception) -> BookGone | BookUnknown:
    return BookGone(book.id, NO_LONGER_THERE) if is_not_there(error) else _unknown(book, error)


def _unknown(book: Book, error: Exception) -> BookUnknown:
    return BookUnknown(book, problem(error, book.title))
