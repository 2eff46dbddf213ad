"""The connection test: the way in, one step at a time, each with what was found or what to do about it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from pbx_carddav.accesses import Accesses
from pbx_carddav.book_reader import BookReader
from pbx_carddav.books import BookFinder, BookLocation
from pbx_carddav.error_catalog import UNVERIFIED
from pbx_carddav.error_mapping import FOREIGN, problem
from pbx_carddav.rows import RowReader
from pbx_carddav.settings import CardDavSettings
from pbx_connector.api import Account, BookUnknown, Check, ConnectorError, SourceContext, counted

_FAILURES: tuple[type[Exception], ...] = (*FOREIGN, ConnectorError)
_HOW = {"sync": "changes as the server tells them", "ctag": "changes by comparing, if there are any"}


def test_connection(settings: CardDavSettings, context: SourceContext) -> Iterator[Check]:
    """Ends with the first step that all others need. Raises nothing about the server; that is what checks say."""
    host = urlsplit(settings.url).hostname or ""
    try:
        yield Check("host name", detail=_addresses(host) if settings.proxy is None else f"{host}, through a proxy")
        accesses = Accesses(settings.model_copy(update={"patience": 0.0}))
    except _FAILURES as error:
        yield Check("host name", problem(error, "host name"))
        return
    try:
        yield from _Probe(BookFinder(accesses, settings, context.accounts), settings, context).checks()
    finally:
        accesses.close()


class _Probe:
    def __init__(self, finder: BookFinder, settings: CardDavSettings, context: SourceContext) -> None:
        self._finder = finder
        self._settings = settings
        self._context = context

    def checks(self) -> Iterator[Check]:
        if not self._settings.verify:
            yield Check("certificate", UNVERIFIED.warning("certificate"))
        if self._settings.company.enabled:
            yield from self._of(None, "address books")
        if self._settings.personal.enabled:
            for account in self._context.accounts:
                if account.id not in self._settings.personal.skip_accounts:
                    yield from self._of(account, f"address books of account {account.username or account.id}")
        yield from (Check(warning.where, warning) for warning in self._finder.warnings())

    def _of(self, account: Account | None, step: str) -> Iterator[Check]:
        found = self._finder.find_of(account)
        for one in found:
            if isinstance(one, BookUnknown):
                yield Check(step, one.problem)
                return
        yield Check(step, detail=f"{len(found)}" if found else "none")
        yield from (self._count(one) for one in found if isinstance(one, BookLocation))

    def _count(self, location: BookLocation) -> Check:
        title = location.book.title
        try:
            reader = BookReader(location, RowReader(()), frozenset(), self._settings.full_after_days)
            number, by = reader.count()
        except _FAILURES as error:
            return Check(title, problem(error, title))
        return Check(title, detail=f"{counted(number, 'card')}, {_HOW.get(by, 'changes by comparing')}")


def _addresses(host: str) -> str:
    return ", ".join(sorted({str(place[0]) for *_, place in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}))
