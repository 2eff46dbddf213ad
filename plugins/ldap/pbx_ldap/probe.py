"""The connection test: the way in, one step at a time, each with what was found or what to do about it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

from pbx_connector.api import BookUnknown, Check, ConnectorError, SourceContext, counted
from pbx_ldap.book_reader import BookReader
from pbx_ldap.books import BookFinder, BookLocation
from pbx_ldap.delta import present_state
from pbx_ldap.directory import Session
from pbx_ldap.error_catalog import EXPIRES_SOON, UNVERIFIED
from pbx_ldap.error_mapping import FOREIGN, MAPPING, problem
from pbx_ldap.servers import Entrance, shown_address
from pbx_ldap.settings import PORTS, Address, LdapSettings
from pbx_ldap.wire.connection import Connection

_SOON = 14 * 24 * 3600


def test_connection(settings: LdapSettings, context: SourceContext) -> Iterator[Check]:
    """Goes on until a step fails that all others need. Raises nothing about the server; that is what checks say."""
    probe = _Probe(settings, context)
    try:
        for name, step in probe.steps():
            check = Check.of(name, step, MAPPING)
            yield check
            if check.failed:
                return
        yield from probe.look_around()
    finally:
        probe.close()


class _Probe:
    _entrance: Entrance
    _address: Address
    _session: Session

    def __init__(self, settings: LdapSettings, context: SourceContext) -> None:
        self._settings = settings
        self._context = context
        self._connection: Connection | None = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def steps(self) -> Iterator[tuple[str, Callable[[], str | Check]]]:
        yield "servers", self._locate
        yield "host name", self._resolve
        yield {"ldaps": "TLS", "starttls": "StartTLS", "none": "connection"}[self._settings.security], self._knock
        yield "log-in", self._log_in
        yield "directory", self._introduce

    def look_around(self) -> Iterator[Check]:
        """What can be read; a failure here is one of that book alone."""
        finder = BookFinder(self._settings, self._context.accounts)
        try:
            found = list(finder.find(self._session))
        except (ConnectorError, *FOREIGN) as error:
            yield Check("address books", problem(error, "address books"))
            return
        if not found:
            yield Check("address books", detail="none for these settings and accounts")
        for location in found:
            if isinstance(location, BookUnknown):
                yield Check(location.book.title, location.problem)
            else:
                yield self._count(location)

    def _locate(self) -> str:
        self._entrance = Entrance(self._settings)
        return ", ".join(map(shown_address, self._entrance.addresses))

    def _resolve(self) -> str:
        """The first server that has an address here."""
        failure: OSError | None = None
        for address in self._entrance.addresses:
            try:
                port = address.port or PORTS[self._settings.security]
                found = socket.getaddrinfo(address.host, port, type=socket.SOCK_STREAM)
            except OSError as error:
                failure = failure or error
                continue
            self._address = address
            return ", ".join(sorted({str(place[0]) for *_, place in found}))
        raise failure or OSError("no address")

    def _knock(self) -> Check:
        name = {"ldaps": "TLS", "starttls": "StartTLS", "none": "connection"}[self._settings.security]
        self._connection = self._entrance.knock(self._address)
        version, ends = self._connection.certificate
        if not version:
            return Check(name, detail="not protected")
        if not self._settings.verify or ends is None:
            return Check(name, UNVERIFIED.warning(name), version)
        detail = f"{version}, certificate valid until {time.strftime('%Y-%m-%d', time.gmtime(ends))}"
        return Check(name, EXPIRES_SOON.warning(name) if ends - time.time() < _SOON else None, detail)

    def _log_in(self) -> str:
        assert self._connection is not None  # noqa: S101 - the step before opened it
        self._entrance.log_in(self._connection)
        return f"as {self._settings.username}" if self._settings.username else "as nobody"

    def _introduce(self) -> str:
        assert self._connection is not None  # noqa: S101 - two steps before opened it
        self._session = Session(self._connection, self._settings)
        return f"{self._session.kind.title}, {', '.join(self._session.root.contexts) or 'which names no trees'}"

    def _count(self, location: BookLocation) -> Check:
        title = location.book.title
        try:
            reader = BookReader(self._session, location, frozenset(), self._settings)
            number = sum(1 for _ in reader.list_all_keys())
            state = present_state(reader) if self._settings.changes == "auto" else None
        except (ConnectorError, *FOREIGN) as error:
            return Check(title, problem(error, title))
        how = (
            {"dirsync": "changes by DirSync", "usn": "changes by number"}[state.by] if state else "changes by comparing"
        )
        return Check(title, detail=f"{counted(number, 'entry')}, {how}")
