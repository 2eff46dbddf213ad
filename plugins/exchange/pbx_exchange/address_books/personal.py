"""Personal address books: each account's own contacts, seen by impersonating its mailbox."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from exchangelib import errors as ews

from pbx_connector.api import Account, Book, BookGone, BookUnknown, PatternUse, Pool
from pbx_exchange.address_books.location import (
    NO_LONGER_THERE,
    BookLocation,
    is_graph_id,
    judge,
    judge_graph_id,
    judge_unlisted,
    switched_off,
    unknown,
)
from pbx_exchange.connection import Connection
from pbx_exchange.error_catalog import NAMELESS, NO_SUCH_FOLDER
from pbx_exchange.error_mapping import FOREIGN, NO_SUCH_MAILBOX
from pbx_exchange.folders import Folder, get_folder, is_not_there, walk_contacts
from pbx_exchange.settings import ExchangeSettings
from pbx_exchange.wire.endpoint import Mailbox
from pbx_exchange.wire.services import AliasUsed, folder_id


class PersonalFinder:
    """Each account's own contacts, by impersonation."""

    kind = "personal"

    def __init__(self, connection: Connection, settings: ExchangeSettings, accounts: Sequence[Account]) -> None:
        self._connection = connection
        self._settings = settings.personal
        self.patterns = PatternUse(self.kind, settings.personal, NO_SUCH_FOLDER)
        self._suffix = settings.personal.suffix or settings.mail_domain
        self._threads = settings.connections
        self._accounts = {account.id: account for account in accounts}

    def find(self) -> Iterator[BookLocation | BookUnknown]:
        if not self._settings.enabled:
            return
        with Pool(self._threads, thread_name_prefix="mailboxes") as pool:
            for places in pool.map(self._of_account, self._accounts.values()):
                yield from places

    def find_of(self, account: Account) -> Iterator[BookLocation | BookUnknown]:
        """Those of one account."""
        yield from self._of_account(account)

    def look(self, book: Book, folder: str) -> BookLocation | BookGone | BookUnknown:
        account = self._accounts.get(book.account or "")
        if account is None:
            return BookGone(book.id, "the account is no longer there")
        if not self._settings.enabled or account.id in self._settings.skip_accounts:
            return switched_off(book)
        try:
            mailbox, listed = self._open(account)
        except NoName as error:
            return BookUnknown(book, error.problem)
        except FOREIGN as error:
            return unknown(book, error)  # "not found" as well, which may be about the mailbox
        found = next((one for one in listed if one.id == folder), None)
        if found is None:
            return self._look_elsewhere(book, mailbox, folder, listed)
        if not self._settings.wants(found.path):
            return switched_off(book)
        return judge(book, found) or self._place(account, mailbox, found)

    def _look_elsewhere(
        self, book: Book, mailbox: Mailbox, folder: str, listed: Sequence[Folder]
    ) -> BookGone | BookUnknown:
        if is_graph_id(folder):
            return judge_graph_id(book, folder, listed)
        try:
            return judge_unlisted(book, get_folder(mailbox, folder_id(folder)), listed)
        except FOREIGN as error:
            return BookGone(book.id, NO_LONGER_THERE) if is_not_there(error) else unknown(book, error)

    def _of_account(self, account: Account) -> list[BookLocation | BookUnknown]:
        if account.id in self._settings.skip_accounts:
            return []
        of_account = Book(f"personal:{account.id}", f"Contacts of {_name(account)}", self.kind, account.id)
        try:
            mailbox, folders = self._open(account)
        except NoName as error:
            return [BookUnknown(of_account, error.problem)]
        except FOREIGN as error:
            return [unknown(of_account, error)]
        self.patterns.note((folder.path, folder.holds_contacts) for folder in folders)
        wanted = [folder for folder in folders if folder.holds_contacts and self._settings.wants(folder.path)]
        return [self._place(account, mailbox, folder) for folder in wanted]

    def _open(self, account: Account) -> tuple[Mailbox, list[Folder]]:
        """The first mailbox that answers to a name of the account, and its folders.

        Raises the last answer if none does; an answer about rights or trouble ends the search, as the name was right.
        """
        candidates = list(self._candidates(account))
        if not candidates:
            raise NoName(account)
        for mailbox in candidates[:-1]:
            try:
                return self._walk(mailbox)
            except _NOT_THIS_ONE:
                continue
        return self._walk(candidates[-1])

    def _walk(self, mailbox: Mailbox) -> tuple[Mailbox, list[Folder]]:
        """By the mailbox's primary address, if the one we have is another: Exchange takes no other, but tells it."""
        try:
            return mailbox, list(walk_contacts(mailbox))
        except AliasUsed as error:
            if not error.primary:
                raise
            mailbox = self._connection.impersonate(email=error.primary)
        return mailbox, list(walk_contacts(mailbox))

    def _candidates(self, account: Account) -> Iterator[Mailbox]:
        if account.email and self._settings.match in ("both", "email"):
            yield self._connection.impersonate(email=account.email)
        if account.username and self._settings.match in ("both", "username"):
            name = account.username
            yield self._connection.impersonate(principal=name if "@" in name else f"{name}@{self._suffix}")

    def _place(self, account: Account, mailbox: Mailbox, folder: Folder) -> BookLocation:
        title = f"{_name(account)}: {folder.path}"
        book = Book(f"personal:{account.id}:{folder.id}", title, self.kind, account.id)
        extra = {"local_id": account.id, "FolderPath": folder.path, "Mailbox": mailbox.anchor}
        return BookLocation(book, mailbox, folder.id, extra, has_delta=True)


class NoName(Exception):
    """The account has nothing to find its mailbox by."""

    def __init__(self, account: Account) -> None:
        super().__init__(account.id)
        self.problem = NAMELESS.problem(account.id)


_NOT_THIS_ONE = (*NO_SUCH_MAILBOX, ews.ErrorNonPrimarySmtpAddress)


def _name(account: Account) -> str:
    return account.username or account.email or account.id
