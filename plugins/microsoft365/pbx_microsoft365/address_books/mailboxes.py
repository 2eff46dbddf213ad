"""Address books of mailboxes: each account's own contacts for that account, those of shared mailboxes for all.

Both are read alike: the default folder of contacts and all below it. What differs is by which names a mailbox is looked
for, and whose its contacts are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence

from pbx_connector.api import (
    Account,
    Book,
    BookGone,
    BookUnknown,
    FolderSettings,
    PatternUse,
    Pool,
    Problem,
    SourceError,
)
from pbx_microsoft365.address_books.location import (
    NO_LONGER_THERE,
    READ_ANEW,
    BookLocation,
    judge,
    judge_unlisted,
    switched_off,
    unknown,
)
from pbx_microsoft365.error_catalog import NAMELESS, NO_SUCH_FOLDER, OUT_OF_SIGHT
from pbx_microsoft365.error_mapping import FOREIGN, Meaning, confirms_absence, meaning
from pbx_microsoft365.folders import Folder, get_folder, translated_id, walk_contacts
from pbx_microsoft365.settings import Microsoft365Settings
from pbx_microsoft365.wire.answers import GraphError
from pbx_microsoft365.wire.client import GraphClient

_FAILURES: tuple[type[Exception], ...] = (*FOREIGN, SourceError)
_NOT_THIS_NAME = (Meaning.NO_OBJECT, Meaning.NO_MAILBOX)
GRAPH = "graph."
"""Stands before a folder's id in that of its book: Exchange Web Services may call the folder the same, but the contacts
in it have other ids over them, so that the book is another one."""


class _MailboxFinder(ABC):
    kind: str

    def __init__(self, client: GraphClient, settings: FolderSettings, threads: int) -> None:
        self._client = client
        self._folders = settings
        self._patterns = PatternUse(self.kind, settings, NO_SUCH_FOLDER)
        self._threads = threads

    def find(self) -> Iterator[BookLocation | BookUnknown]:
        whose = list(self._wanted()) if self._folders.enabled else []
        if not whose:
            return
        with Pool(self._threads, thread_name_prefix=self.kind) as pool:
            for places in pool.map(self._of_one, whose):
                yield from places

    def look(self, book: Book, folder: str) -> BookLocation | BookGone | BookUnknown:
        whose = self._whose(book)
        if (gone := self._unwanted(book, whose)) is not None:
            return gone
        try:
            mailbox, listed = self._open(whose)
        except Nameless as error:
            return BookUnknown(book, error.problem)
        except _FAILURES as error:
            return unknown(book, error)  # "not found" as well, which is about the mailbox
        if not folder.startswith(GRAPH):
            return self._look_by_exchange_id(book, mailbox, folder, listed)
        found = next((one for one in listed if one.id == folder.removeprefix(GRAPH)), None)
        if found is None:
            return self._look_elsewhere(book, mailbox, folder.removeprefix(GRAPH), listed)
        if not self._folders.wants(found.path):
            return switched_off(book)
        return judge(book, found) or self._place(whose, mailbox, found)

    def warnings(self) -> Iterator[Problem]:
        return self._patterns.warnings()

    @abstractmethod
    def _wanted(self) -> Iterable[str]:
        """Whose mailboxes are read."""

    @abstractmethod
    def _whose(self, book: Book) -> str: ...

    @abstractmethod
    def _unwanted(self, book: Book, whose: str) -> BookGone | None:
        """Why a book of an earlier run is not read any more."""

    @abstractmethod
    def _names(self, whose: str) -> Sequence[str]:
        """The names to look for the mailbox by, the best first."""

    @abstractmethod
    def _book(self, whose: str, folder: Folder | None) -> Book:
        """None: of the mailbox as a whole, which cannot be seen."""

    def _of_one(self, whose: str) -> list[BookLocation | BookUnknown]:
        try:
            mailbox, folders = self._open(whose)
        except Nameless as error:
            return [BookUnknown(self._book(whose, None), error.problem)]
        except _FAILURES as error:
            return [unknown(self._book(whose, None), error)]
        self._patterns.note((folder.path, folder.holds_contacts) for folder in folders)
        wanted = [folder for folder in folders if folder.holds_contacts and self._folders.wants(folder.path)]
        return [self._place(whose, mailbox, folder) for folder in wanted]

    def _open(self, whose: str) -> tuple[str, list[Folder]]:
        """The first name by which there is a mailbox, and its folders.

        Raises the last answer if there is none; an answer about rights or failures ends the search, as the name was
        right.
        """
        names = self._names(whose)
        if not names:
            raise Nameless(whose)
        for name in names[:-1]:
            try:
                return name, list(walk_contacts(self._client, name))
            except GraphError as error:
                if meaning(error) not in _NOT_THIS_NAME:
                    raise
        return names[-1], list(walk_contacts(self._client, names[-1]))

    def _look_by_exchange_id(
        self, book: Book, mailbox: str, folder: str, listed: Sequence[Folder]
    ) -> BookGone | BookUnknown:
        """For a book of a profile that read over Exchange Web Services."""
        try:
            folder = translated_id(self._client, mailbox, folder)
        except FOREIGN as error:
            return unknown(book, error)
        if any(folder == one.id for one in listed):
            return BookGone(book.id, READ_ANEW, unwanted=True)
        if not folder:
            return BookUnknown(book, OUT_OF_SIGHT.problem(book.title))
        return self._look_elsewhere(book, mailbox, folder, listed)

    def _look_elsewhere(
        self, book: Book, mailbox: str, folder: str, listed: Sequence[Folder]
    ) -> BookGone | BookUnknown:
        try:
            return judge_unlisted(book, get_folder(self._client, mailbox, folder), listed)
        except FOREIGN as error:
            return BookGone(book.id, NO_LONGER_THERE) if confirms_absence(error) else unknown(book, error)

    def _place(self, whose: str, mailbox: str, folder: Folder) -> BookLocation:
        book = self._book(whose, folder)
        extra = {"FolderPath": folder.path, "Mailbox": mailbox, "ContactSource": "Store"}
        owner = {"local_id": book.account} if book.account is not None else {}
        return BookLocation(book, mailbox, folder.id, extra | owner)


class PersonalFinder(_MailboxFinder):
    """Each account's own contacts."""

    kind = "personal"

    def __init__(self, client: GraphClient, settings: Microsoft365Settings, accounts: Sequence[Account]) -> None:
        super().__init__(client, settings.personal, settings.connections)
        self._settings = settings.personal
        self._domain = settings.mail_domain
        self._accounts = {account.id: account for account in accounts}

    def find_of(self, account: Account) -> Iterator[BookLocation | BookUnknown]:
        """Those of one account."""
        yield from self._of_one(account.id)

    def _wanted(self) -> Iterable[str]:
        return (account for account in self._accounts if account not in self._settings.skip_accounts)

    def _whose(self, book: Book) -> str:
        return book.account or ""

    def _unwanted(self, book: Book, whose: str) -> BookGone | None:
        if whose not in self._accounts:
            return BookGone(book.id, "the account is no longer there")
        off = not self._settings.enabled or whose in self._settings.skip_accounts
        return switched_off(book) if off else None

    def _names(self, whose: str) -> Sequence[str]:
        account, match = self._accounts[whose], self._settings.match
        names = [account.email] if match in ("both", "email") else []
        if account.username and match in ("both", "username"):
            names += [_principal(account.username, self._domain)]
        return list(dict.fromkeys(filter(None, names)))

    def _book(self, whose: str, folder: Folder | None) -> Book:
        account = self._accounts[whose]
        name = account.username or account.email or account.id
        if folder is None:
            return Book(f"personal:{whose}", f"Contacts of {name}", self.kind, whose)
        return Book(f"personal:{whose}:{GRAPH}{folder.id}", f"{name}: {folder.path}", self.kind, whose)


class SharedFinder(_MailboxFinder):
    """Mailboxes whose contacts are the company's."""

    kind = "shared"

    def __init__(self, client: GraphClient, settings: Microsoft365Settings) -> None:
        super().__init__(client, settings.shared, settings.connections)
        self._owners = dict.fromkeys(owner.lower() for owner in settings.shared.owners)

    def _wanted(self) -> Iterable[str]:
        return self._owners

    def _whose(self, book: Book) -> str:
        return book.id.split(":")[1]

    def _unwanted(self, book: Book, whose: str) -> BookGone | None:
        return None if self._folders.enabled and whose in self._owners else switched_off(book)

    def _names(self, whose: str) -> Sequence[str]:
        return [whose]

    def _book(self, whose: str, folder: Folder | None) -> Book:
        if folder is None:
            return Book(f"shared:{whose}", f"Contacts of {whose}", self.kind)
        return Book(f"shared:{whose}:{GRAPH}{folder.id}", f"{whose}: {folder.path}", self.kind)


class Nameless(Exception):
    """The account has nothing to find its mailbox by."""

    def __init__(self, account: str) -> None:
        super().__init__(account)
        self.problem = NAMELESS.problem(account)


def _principal(username: str, domain: str) -> str:
    """Empty where nobody knows what follows the name."""
    if "@" in username:
        return username
    return f"{username}@{domain}" if domain else ""
