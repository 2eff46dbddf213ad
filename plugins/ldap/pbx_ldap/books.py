"""Address books out of settings: parts of the directory for the company, and each account's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pbx_connector.api import Account, Book, BookGone, BookUnknown
from pbx_ldap import dn
from pbx_ldap.directory import Session
from pbx_ldap.error_catalog import NO_BASE, NO_DEFAULT_BASE
from pbx_ldap.keys import locate
from pbx_ldap.people import Members, default_filter, members_of
from pbx_ldap.settings import LdapSettings, Part, Personal
from pbx_ldap.wire.entries import Wanted
from pbx_ldap.wire.filters import Filter, escape, parse_filter
from pbx_ldap.wire.messages import Scope, Search

_UNITS = parse_filter("(|(objectClass=organizationalUnit)(objectClass=container))")
_SCOPES = {"subtree": Scope.SUBTREE, "one level": Scope.ONE_LEVEL}
SWITCHED_OFF = "the settings do not ask for it any more"
NO_ACCOUNT = "its account is no user of the phone system"
NOT_THERE = "the directory does not have it"


@dataclass(frozen=True, slots=True)
class BookLocation:
    """A book and the part of the directory that it is."""

    book: Book
    base: str
    scope: Scope
    filter: Filter
    groups: Sequence[str] = ()
    extra: Mapping[str, str] = field(default_factory=dict)
    """Values that all its rows have."""

    def members(self, session: Session, nested: bool) -> Members:
        return members_of(session, self.groups, nested)

    def holds(self, name: str) -> bool:
        """Whether an entry of this name stands in that part."""
        if not dn.is_below(name, self.base):
            return False
        return self.scope is Scope.SUBTREE or dn.depth_below(name, self.base) == 1


class BookFinder:
    def __init__(self, settings: LdapSettings, accounts: Sequence[Account]) -> None:
        self._settings = settings
        self._accounts = accounts

    def find(self, session: Session) -> Iterator[BookLocation | BookUnknown]:
        if self._settings.company:
            for part in self._settings.parts:
                yield from self._of_part(session, part)
        if self._settings.personal:
            for account in self._accounts:
                yield from self._of_account(session, self._settings.personal, account)

    def look(self, session: Session, book: Book) -> BookLocation | BookGone | BookUnknown:
        kind, _, name = book.id.partition(":")
        if kind == "personal":
            return self._look_at_account(session, book)
        parts = {_company_id(part): part for part in self._settings.parts} if self._settings.company else {}
        if kind == "unit" and self._settings.by_unit and parts:
            return self._look_at_unit(session, book, name)
        if book.id not in parts or (kind == "company" and self._settings.by_unit):
            return self._look_at_rest(session, book, parts)
        return self._judged(session, book, self._company(session, parts[book.id]))

    # --- of the company --------------------------------------------------------------------------------------------

    def _of_part(self, session: Session, part: Part) -> Iterator[BookLocation | BookUnknown]:
        location = self._company(session, part)
        if not session.has(location.base):
            yield BookUnknown(location.book, NO_BASE.problem(location.book.title, location.base))
        elif self._settings.by_unit:
            yield from self._units(session, location)
            yield self._rest(location)
        else:
            yield location

    def _company(self, session: Session, part: Part) -> BookLocation:
        base = part.base or _default_base(session)
        book = Book(_company_id(part), part.title or base, kind="company")
        return BookLocation(book, base, _SCOPES[part.scope], self._filter(session, part.filter), part.groups)

    def _filter(self, session: Session, text: str | None) -> Filter:
        return parse_filter(text) if text else default_filter(self._settings, session.root.is_active_directory)

    def _units(self, session: Session, whole: BookLocation) -> Iterator[BookLocation]:
        key = session.kind.key
        wanted = Wanted({key: "key"}, binary=frozenset({key} if session.kind.is_binary else ()), dn=True)
        search = Search(whole.base, Scope.ONE_LEVEL, _UNITS, (key,))
        found = [(entry.dn, entry.values.get("key")) for entry in session.entries(search, wanted)]
        for name, value in sorted(found, key=lambda one: dn.normal(one[0])):
            if value:
                yield self._unit(whole, f"unit:{session.kind.key_text(value)}", name)

    @staticmethod
    def _unit(whole: BookLocation, book: str, name: str) -> BookLocation:
        title = f"{whole.book.title}: {dn.common_name(name)}"
        return BookLocation(Book(book, title, kind="company"), name, Scope.SUBTREE, whole.filter, whole.groups)

    @staticmethod
    def _rest(whole: BookLocation) -> BookLocation:
        """What stands right below the base, in no unit."""
        book = Book(f"rest:{whole.book.id}", whole.book.title, kind="company")
        return BookLocation(book, whole.base, Scope.ONE_LEVEL, whole.filter, whole.groups)

    def _look_at_rest(
        self, session: Session, book: Book, parts: Mapping[str, Part]
    ) -> BookLocation | BookGone | BookUnknown:
        part = parts.get(book.id.removeprefix("rest:")) if book.id.startswith("rest:") else None
        if part is None or not self._settings.by_unit:
            return BookGone(book.id, SWITCHED_OFF, unwanted=True)
        return self._judged(session, book, self._rest(self._company(session, part)))

    def _look_at_unit(self, session: Session, book: Book, key: str) -> BookLocation | BookGone | BookUnknown:
        (part,) = self._settings.parts
        whole = self._company(session, part)
        if not session.has(whole.base):
            return BookUnknown(book, NO_BASE.problem(book.title, whole.base))
        name = locate(session, whole.base, key)
        if name is None:
            return BookGone(book.id, NOT_THERE)
        if not dn.is_below(name, whole.base) or dn.depth_below(name, whole.base) != 1:
            return BookGone(book.id, "it was moved elsewhere")
        return self._unit(whole, book.id, name)

    # --- of accounts -----------------------------------------------------------------------------------------------

    def _of_account(
        self, session: Session, personal: Personal, account: Account
    ) -> Iterator[BookLocation | BookUnknown]:
        location = self._personal(session, personal, account)
        if location is None:
            return
        if session.has(location.base):
            yield location
        elif not session.is_authoritative(location.base):
            yield BookUnknown(location.book, NO_BASE.problem(location.book.title, location.base))

    def _personal(self, session: Session, personal: Personal, account: Account) -> BookLocation | None:
        """None for an account that lacks what its contacts are found by."""
        values = {"{id}": account.id, "{username}": account.username, "{email}": account.email}
        text = f"{personal.base or ''}{personal.filter or ''}"
        if not all(value for name, value in values.items() if name in text):
            return None
        base = personal.base or self._settings.base or _default_base(session)
        asked = personal.filter
        for name, value in values.items():
            base = base.replace(name, dn.escape_value(value))
            asked = asked.replace(name, escape(value)) if asked else None
        title = account.username or account.email or account.id
        book = Book(f"personal:{account.id}", title, kind="personal", account=account.id)
        extra = {"local_id": account.id}
        return BookLocation(book, base, _SCOPES[personal.scope], self._filter(session, asked), extra=extra)

    def _look_at_account(self, session: Session, book: Book) -> BookLocation | BookGone | BookUnknown:
        account = next((one for one in self._accounts if one.id == book.account), None)
        if self._settings.personal is None:
            return BookGone(book.id, SWITCHED_OFF, unwanted=True)
        location = self._personal(session, self._settings.personal, account) if account else None
        if location is None:
            return BookGone(book.id, NO_ACCOUNT)
        return self._judged(session, book, location)

    @staticmethod
    def _judged(session: Session, book: Book, location: BookLocation) -> BookLocation | BookGone | BookUnknown:
        """Gone only by the word of a server that has the tree around it."""
        if session.has(location.base):
            return location
        if session.is_authoritative(location.base):
            return BookGone(book.id, NOT_THERE)
        return BookUnknown(book, NO_BASE.problem(book.title, location.base))


def _company_id(part: Part) -> str:
    return f"company:{dn.normal(part.base or '')}" + (f"|{part.title}" if part.title else "")


def _default_base(session: Session) -> str:
    if not session.root.default_base:
        raise NO_DEFAULT_BASE.error("base:")
    return session.root.default_base
