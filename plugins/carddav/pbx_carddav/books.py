"""Which address books are read: those that the profile's log-in sees for the company, each account's own for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urljoin

from pbx_carddav.accesses import PARALLEL, Accesses, NoFile
from pbx_carddav.discovery import AddressBook, Discovery, decoded_path
from pbx_carddav.error_catalog import NO_SUCH_BOOK, OUT_OF_SIGHT
from pbx_carddav.error_mapping import FOREIGN, confirms_absence, problem
from pbx_carddav.settings import CardDavSettings
from pbx_carddav.wire.client import DavClient
from pbx_connector.api import (
    Account,
    Book,
    BookGone,
    BookUnknown,
    ConnectorError,
    FolderSettings,
    MachineError,
    PatternUse,
    Pool,
    Problem,
)

COMPANY, PERSONAL = "company", "personal"
_SWITCHED_OFF = "switched off in the settings"
_ELSEWHERE = "the settings name another place"
_NO_LONGER_THERE = "the address book is no longer there"
_NO_ACCOUNT = "the account is no longer there"
_NO_PASSWORD = "no password of the account is in the folder"  # noqa: S105 - a reason
_FAILURES: tuple[type[Exception], ...] = (*FOREIGN, ConnectorError)
_SAFE = "/@:!$&'()*+,;=~"


@dataclass(frozen=True, slots=True)
class BookLocation:
    """A book, and where to read it."""

    book: Book
    client: DavClient
    address_book: AddressBook
    extra: Mapping[str, str]
    """Values that every row of the book has."""


class BookFinder:
    def __init__(self, accesses: Accesses, settings: CardDavSettings, accounts: Sequence[Account]) -> None:
        self._accesses = accesses
        self._settings = settings
        self._accounts = {account.id: account for account in accounts}
        self._patterns = {
            COMPANY: PatternUse(COMPANY, settings.company, NO_SUCH_BOOK),
            PERSONAL: PatternUse(PERSONAL, settings.personal, NO_SUCH_BOOK),
        }
        self._begun: tuple[Discovery, list[AddressBook]] | None = None

    def begin(self) -> None:
        """Find the company's books, for the next `find`. Raises what stands in the way."""
        discovery = self._accesses.discovery()
        self._begun = discovery, discovery.find()

    def find(self) -> Iterator[BookLocation | BookUnknown]:
        """All that can be seen now. What fails is one `BookUnknown` for all books of that log-in."""
        whose: list[Account | None] = [None] if self._settings.company.enabled else []
        if self._settings.personal.enabled:
            skipped = self._settings.personal.skip_accounts
            whose += [account for account in self._accounts.values() if account.id not in skipped]
        with Pool(PARALLEL, thread_name_prefix="carddav") as pool:
            for found in pool.map(self.find_of, whose):
                yield from found

    def find_of(self, account: Account | None) -> list[BookLocation | BookUnknown]:
        """Those of one account; None: the company's."""
        try:
            discovery, listed = self._discovered(account)
        except NoFile:
            return []
        except MachineError:
            raise
        except _FAILURES as error:
            book = Book(_identity(account, ""), self._title(account, ""), _kind(account), _owner(account))
            return [BookUnknown(book, _problem(error, book.title))]
        wanted = [one for one in listed if self._wants(account, one)]
        return [self._location(discovery.client, account, one) for one in wanted]

    def look(self, book: Book) -> BookLocation | BookGone | BookUnknown:
        """A book of an earlier run."""
        account = self._accounts.get(book.account) if book.account is not None else None
        if (gone := self._unwanted(book, account)) is not None:
            return gone
        try:
            return self._look(book, account, *self._discovered(account))
        except NoFile:
            return BookGone(book.id, _NO_PASSWORD, unwanted=True)
        except MachineError:
            raise
        except _FAILURES as error:
            return BookUnknown(book, _problem(error, book.title))

    def warnings(self) -> Iterator[Problem]:
        """What is odd about the settings, once `find` has come to its end."""
        for patterns in self._patterns.values():
            yield from patterns.warnings()

    def _look(
        self, book: Book, account: Account | None, discovery: Discovery, listed: Sequence[AddressBook]
    ) -> BookLocation | BookGone | BookUnknown:
        path = book.id.removeprefix(_identity(account, ""))
        found = next((one for one in listed if one.path == path), None)
        if found is None:
            place = next(
                (one for one in discovery.places if path.startswith(decoded_path(one).rstrip("/") + "/")), None
            )
            if place is None:
                return BookGone(book.id, _ELSEWHERE, unwanted=True)
            try:
                found = discovery.look(urljoin(place, quote(path, safe=_SAFE)))
            except FOREIGN as error:
                if confirms_absence(error):
                    return BookGone(book.id, _NO_LONGER_THERE)
                raise
        if found is None:
            return BookUnknown(book, OUT_OF_SIGHT.problem(book.title))
        if not self._wants(account, found):
            return BookGone(book.id, _SWITCHED_OFF, unwanted=True)
        return self._location(discovery.client, account, found)

    def _unwanted(self, book: Book, account: Account | None) -> BookGone | None:
        if book.kind == PERSONAL and account is None:
            return BookGone(book.id, _NO_ACCOUNT)
        personal = self._settings.personal
        off = book.kind not in (COMPANY, PERSONAL) or (
            not self._settings.company.enabled
            if account is None
            else not personal.enabled or account.id in personal.skip_accounts
        )
        return BookGone(book.id, _SWITCHED_OFF, unwanted=True) if off else None

    def _discovered(self, account: Account | None) -> tuple[Discovery, list[AddressBook]]:
        """An account of which the server knows nothing has no address books."""
        begun, self._begun = (self._begun, None) if account is None else (None, self._begun)
        if begun is None:
            discovery = self._accesses.discovery() if account is None else self._accesses.discovery_of(account)
            try:
                begun = discovery, discovery.find()
            except FOREIGN as error:
                if account is None or not self._settings.personal.url or not confirms_absence(error):
                    raise
                begun = discovery, []
        discovery, listed = begun
        self._patterns[_kind(account)].note((name, True) for one in listed for name in _names(one))
        return discovery, list({one.path: one for one in listed}.values())

    def _wants(self, account: Account | None, book: AddressBook) -> bool:
        """By what people call it, or by the last part of its address, which stays the same in every language."""
        settings: FolderSettings = self._settings.company if account is None else self._settings.personal
        included = not settings.include or any(settings.wants(name) for name in _names(book))
        return included and not any(settings.leaves_out(name) for name in _names(book))

    def _location(self, client: DavClient, account: Account | None, found: AddressBook) -> BookLocation:
        owner = _owner(account)
        book = Book(_identity(account, found.path), self._title(account, found.name), _kind(account), owner)
        extra = {"FolderPath": f"/{found.name}"} | ({"local_id": owner} if owner is not None else {})
        return BookLocation(book, client, found, extra)

    def _title(self, account: Account | None, name: str) -> str:
        if account is None:
            return name or "Address books of the company"
        of = account.username or account.email or account.id
        return f"{of}: {name}" if name else f"Address books of {of}"


def _identity(account: Account | None, path: str) -> str:
    return f"{COMPANY}:{path}" if account is None else f"{PERSONAL}:{account.id}:{path}"


def _kind(account: Account | None) -> str:
    return COMPANY if account is None else PERSONAL


def _owner(account: Account | None) -> str | None:
    return account.id if account is not None else None


def _names(book: AddressBook) -> list[str]:
    return list(dict.fromkeys((f"/{book.name}", f"/{book.slug}")))


def _problem(error: Exception, where: str) -> Problem:
    if isinstance(error, ConnectorError):
        return Problem(error.code, error.message, where, error.hint)
    return problem(error, where)
