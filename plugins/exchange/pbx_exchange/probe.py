"""The connection test: the way in, one step at a time, each with what was found or what to do about it.

Called through `SourceType.test_connection`; tries what `pbx_exchange.connection` and the finders do in a run, in the
order in which an administrator would look for the mistake.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from pbx_connector.api import BookUnknown, Check, SourceContext
from pbx_exchange.address_books.location import BookFinder, BookLocation
from pbx_exchange.address_books.personal import PersonalFinder
from pbx_exchange.address_books.public import PublicFinder
from pbx_exchange.address_books.shared import SharedFinder
from pbx_exchange.connection import Connection, locate, open_unproven, transport_of
from pbx_exchange.error_catalog import ENDING, EXPIRES_SOON, UNVERIFIED
from pbx_exchange.error_mapping import FOREIGN, MAPPING, problem
from pbx_exchange.kerberos import principal
from pbx_exchange.settings import ExchangeSettings, is_online
from pbx_exchange.wire.adapter import TransportOptions
from pbx_exchange.wire.endpoint import RetryPolicy, offered_schemes

_SOON = 14 * 24 * 3600


def test_connection(settings: ExchangeSettings, context: SourceContext) -> Iterator[Check]:
    """Goes on until a step fails that all others need. Raises nothing about the server; that is what checks say."""
    probe = _Probe(settings, context)
    for name, step in probe.steps():
        check = Check.of(name, step, MAPPING)
        yield check
        if check.failed:
            return
    with closing(probe.connection):
        yield from probe.look_around()


class _Probe:
    connection: Connection
    _transport: TransportOptions

    def __init__(self, settings: ExchangeSettings, context: SourceContext) -> None:
        self._settings = settings
        self._context = context
        self._url = ""

    def steps(self) -> Iterator[tuple[str, Callable[[], str | Check]]]:
        yield "address of the server", self._locate
        if not self._settings.proxy:
            yield "host name", self._resolve
            if urlsplit(self._url).scheme == "https":
                yield "TLS", self._secure
        yield "web services", self._knock
        yield "log-in", self._log_in
        yield "version", self._version

    def look_around(self) -> Iterator[Check]:
        """What can be read; a failure here is one of that place alone."""
        settings, accounts = self._settings, self._context.accounts
        if settings.public.enabled:
            public = PublicFinder(self.connection, settings)
            yield from _read(public.find(), "public folders")
            yield from _patterns(public)
        if settings.personal.enabled:
            yield from self._look_at_accounts()
        if settings.shared.enabled and (settings.shared.owners or settings.shared.discover):
            shared = SharedFinder(self.connection, settings, accounts)
            yield from _read(shared.find(), "shared folders")
            yield from _patterns(shared)

    def _look_at_accounts(self) -> Iterator[Check]:
        accounts = self._context.accounts
        personal = PersonalFinder(self.connection, self._settings, accounts)
        for account in accounts:
            yield from _read(personal.find_of(account), f"contacts of account {account.username or account.id}")
        yield from _patterns(personal)

    def _locate(self) -> str:
        self._transport = transport_of(self._settings)
        self._url = locate(self._settings, self._transport).url
        self._settings = self._settings.model_copy(update={"url": self._url})
        return self._url

    def _resolve(self) -> str:
        host, port = _host(self._url)
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return ", ".join(sorted({str(address[0]) for *_, address in found}))

    def _secure(self) -> Check:
        trusted = self._transport.verify
        if trusted is False:
            return Check("TLS", UNVERIFIED.warning("TLS"))
        context = ssl.create_default_context(cafile=trusted if isinstance(trusted, str) else DEFAULT_CA_BUNDLE_PATH)
        host, port = _host(self._url)
        with (
            socket.create_connection((host, port), timeout=self._transport.seconds) as plain,
            context.wrap_socket(plain, server_hostname=host) as protected,
        ):
            return _judge(protected.getpeercert() or {}, protected.version() or "")

    def _knock(self) -> str:
        with self._transport.session() as session:
            response = session.post(self._url, data=b"", allow_redirects=False)
        if response.status_code != 401:
            RetryPolicy(0, 0).raise_response_errors(response)
            return "answers without a log-in"
        return "offers " + ", ".join(offered_schemes(response))

    def _log_in(self) -> str:
        self.connection = open_unproven(self._settings)
        self.connection.prove()
        return f"as {_name_of(self._settings)}"

    def _version(self) -> Check:
        detail = self.connection.service.server or "not told"
        if is_online(self._url):
            return Check("version", ENDING.warning("version"), detail)
        return Check("version", detail=detail)


def _name_of(settings: ExchangeSettings) -> str:
    if settings.oauth:
        return settings.oauth.client_id
    return principal() if settings.auth == "kerberos" else settings.login


def _judge(certificate: Any, version: str) -> Check:
    ends = ssl.cert_time_to_seconds(certificate["notAfter"])
    detail = f"{version}, certificate valid until {time.strftime('%Y-%m-%d', time.gmtime(ends))}"
    if ends - time.time() < _SOON:
        return Check("TLS", EXPIRES_SOON.warning("TLS"), detail)
    return Check("TLS", detail=detail)


def _patterns(finder: BookFinder) -> Iterator[Check]:
    return (Check(warning.where, warning) for warning in finder.patterns.warnings())


def _read(places: Iterator[BookLocation | BookUnknown], name: str) -> Iterator[Check]:
    """One check for what can be read, and one for each thing that cannot."""
    found: Counter[str] = Counter()
    try:
        for place in places:
            if isinstance(place, BookUnknown):
                yield Check(place.book.title, place.problem)
            found[type(place).__name__] += 1
    except FOREIGN as error:
        yield Check(name, problem(error, name))
        return
    if found["BookLocation"] or not found:
        yield Check(name, detail=f"folders with contacts: {found['BookLocation']}")


def _host(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
