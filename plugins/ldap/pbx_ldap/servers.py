"""Which servers to ask, and how to get in: DNS, TLS, log-in. `pbx_ldap.directory` keeps what is opened here."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pbx_connector.api import (
    AuthenticationFailed,
    RefusalLimit,
    SourceError,
    UnreadableFile,
    is_protected,
    read_certificates,
)
from pbx_ldap import error_catalog as catalog
from pbx_ldap.error_mapping import FOREIGN, explain, explain_bind, translated
from pbx_ldap.settings import PORTS, Address, LdapSettings, read_address
from pbx_ldap.wire.connection import BrokenOff, Connection
from pbx_ldap.wire.messages import Refused

_RECORDS = ("_ldap._tcp.dc._msdcs.{}", "_ldap._tcp.{}")
"""Active Directory's own domain controllers, then directory servers of any kind (RFC 2782)."""
_MOST_TRIED = 10
_PROTOCOL_ERROR, _UNAVAILABLE = 2, 52


def addresses(settings: LdapSettings) -> Sequence[Address]:
    """In the order in which to try them. Raises `SourceError`."""
    if settings.servers:
        return [read_address(server) for server in settings.servers]
    domain = (settings.domain or "").strip().rstrip(".")
    found = _look_up(domain, settings)
    if not found:
        raise catalog.NO_SERVERS.error("domain:", domain)
    return found[:_MOST_TRIED]


def _look_up(domain: str, settings: LdapSettings) -> list[Address]:
    import dns.exception
    import dns.resolver

    for record in _RECORDS:
        try:
            answer = dns.resolver.resolve(
                record.format(domain), "SRV", search=False, lifetime=min(settings.timeout, 30)
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            continue
        except (dns.exception.DNSException, OSError, ValueError):
            raise catalog.NO_SERVERS.error("domain:", domain) from None
        ordered = sorted(answer, key=lambda one: (one.priority, -one.weight))
        # They name the port for StartTLS; LDAPS has one of its own, which no record names.
        ports = [0 if settings.security == "ldaps" else int(one.port) for one in ordered]
        hosts = [one.target.to_text(omit_final_dot=True) for one in ordered]
        return [Address(host, port) for host, port in zip(hosts, ports, strict=True)]
    return []


def tls_context(settings: LdapSettings) -> ssl.SSLContext:
    """Raises `SourceError` if the file of certificates is none."""
    try:
        if settings.ca_file is not None:
            read_certificates(settings.ca_file)
        context = ssl.create_default_context(cafile=settings.ca_file)
    except (UnreadableFile, OSError):
        raise catalog.UNREADABLE_CA.error("ca_file", str(settings.ca_file)) from None
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Entrance:
    """Opens connections for one run, all with the same credentials, which are not tried again and again."""

    def __init__(self, settings: LdapSettings) -> None:
        self._settings = settings
        self._tls = tls_context(settings) if settings.security != "none" else None
        self._name = settings.username or ""
        self._password = settings.password.reveal().get_secret_value() if settings.password else ""
        if self._name and not self._password:
            raise catalog.EMPTY_PASSWORD.error()
        self._limit = RefusalLimit(lambda error: isinstance(error, AuthenticationFailed))
        self._addresses = addresses(settings)

    @property
    def addresses(self) -> Sequence[Address]:
        return self._addresses

    def open(self) -> Connection:
        """To the first server that answers. Raises `SourceError`: what the first one said, if none does."""
        failures: list[SourceError] = []
        for address in self._addresses:
            try:
                return self.open_at(address)
            except AuthenticationFailed:
                raise  # all of them have the same users: a second try would only help to lock the account
            except SourceError as failure:
                failures.append(failure)
        raise failures[0]

    def open_at(self, address: Address) -> Connection:
        connection = self.knock(address)
        try:
            self.log_in(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def knock(self, address: Address) -> Connection:
        """Protected as the settings want it, and not logged in."""
        security = self._settings.security
        where = shown_address(address)
        with translated(where):
            connection = Connection(address.host, address.port or PORTS[security], self._settings.timeout)
        with translated(where), _closing_on_failure(connection):
            if security == "ldaps" and self._tls is not None:
                connection.secure(self._tls)
            elif security == "starttls" and self._tls is not None:
                connection.start_tls(self._tls)
        return connection

    def log_in(self, connection: Connection) -> None:
        """Raises `AuthenticationFailed`, and `SourceUnavailable` for a server that cannot say now."""
        if not self._name:
            return
        if self._tls is None and not is_protected(f"ldap://{connection.url_host}"):
            raise catalog.UNPROTECTED.error(connection.host)
        with self._limit.attempt():
            try:
                connection.bind(self._name, self._password)
            except Refused as refused:
                raise explain_bind(refused, connection.host) from None
            except FOREIGN as error:
                raise explain(error, connection.host) from None


@contextmanager
def _closing_on_failure(connection: Connection) -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        connection.close()
        if refused.result.code in (_PROTOCOL_ERROR, _UNAVAILABLE, 1, 53):
            raise catalog.NO_START_TLS.error(connection.host) from None
        raise
    except (ssl.SSLCertVerificationError, TimeoutError):
        connection.close()
        raise
    except (ssl.SSLError, ConnectionError, BrokenOff):
        connection.close()
        raise catalog.NO_TLS.error(connection.host) from None
    except BaseException:
        connection.close()
        raise


def shown_address(address: Address) -> str:
    return f"{address.host}:{address.port}" if address.port else address.host
