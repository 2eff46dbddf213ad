"""Real directory servers on loopback, and the source opened on them the way a run would open it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest
import trustme
from pbx_ldap.settings import LdapSettings
from pbx_ldap.source import LdapSource, open_ldap

from pbx_connector.api import Account, Book, End, Row, SourceContext, StreamItem

from .openldap import ADMIN, PASSWORD, OpenLdap, missing_programs, person
from .samba import PASSWORD as DOMAIN_PASSWORD
from .samba import PortsTaken, Samba, lacking_of_samba

Lacking = Callable[[str], NoReturn]

STANDARD = frozenset(
    {
        *("DisplayName", "GivenName", "Surname", "CompanyName", "Department", "EmailAddresses_EmailAddress1"),
        *("PhoneNumbers_BusinessPhone", "PhoneNumbers_MobilePhone", "otherTelephone", "local_id"),
    }
)


@pytest.fixture(scope="session")
def lacking() -> Lacking:
    """Servers are demanded where `.ci/run` has installed them; elsewhere a test is skipped, and says why."""

    def lacking(reason: str) -> NoReturn:
        if os.environ.get("PBX_DIRECTORY_SERVERS"):
            pytest.fail(f"{reason} (PBX_DIRECTORY_SERVERS is set, so this is no skip)", pytrace=False)
        pytest.skip(reason)

    return lacking


@pytest.fixture(scope="session")
def openldap_programs(lacking: Lacking) -> None:
    if missing := missing_programs():
        lacking(f"OpenLDAP is not installed (apt install slapd ldap-utils): {', '.join(missing)}")


@pytest.fixture
def openldap(openldap_programs: None, tmp_path: Path) -> Iterator[OpenLdap]:
    """A server of its own for each test."""
    with OpenLdap.start(tmp_path / "slapd") as server:
        yield server


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`ca.pem`, and `server.pem` with `server.key` for this machine."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "server.pem")
    issued.private_key_pem.write_to_path(folder / "server.key")
    return folder


@pytest.fixture
def protected(openldap_programs: None, certificates: Path, tmp_path: Path) -> Iterator[OpenLdap]:
    """One that speaks TLS as well, with one person."""
    tls = f"TLSCertificateFile {certificates}/server.pem\nTLSCertificateKeyFile {certificates}/server.key"
    with OpenLdap.start(tmp_path / "tls", tls) as server:
        server.add(person("Anna Berg"))
        yield server


class Office:
    """The source, opened on a server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, password: str = PASSWORD, **settings: Any) -> None:
        self.settings = settings
        self.accounts: list[Account] = []
        self.fields = STANDARD
        monkeypatch.setenv("LDAP_PASSWORD", password)

    def read_settings(self, **changes: Any) -> LdapSettings:
        values = {"password": {"env": "LDAP_PASSWORD"}, "timeout": 60, **self.settings, **changes}
        return LdapSettings.model_validate({name: value for name, value in values.items() if value is not None})

    @contextmanager
    def open(self, **changes: Any) -> Iterator[LdapSource]:
        with open_ldap(self.read_settings(**changes), SourceContext(self.accounts, self.fields)) as source:
            yield source

    def rows(self, **changes: Any) -> dict[str, list[Row]]:
        """All rows by the title of their book."""
        with self.open(**changes) as source:
            return {book.title: rows_of(source, book) for book in source.books() if isinstance(book, Book)}

    def names(self, **changes: Any) -> list[str]:
        """Of all books together."""
        found = self.rows(**changes).values()
        return sorted(str(row.values.get("DisplayName")) for rows in found for row in rows)


@pytest.fixture
def office(openldap: OpenLdap, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(
        monkeypatch, servers=openldap.address, security="none", username=ADMIN, base="ou=customers,dc=example,dc=test"
    )


@pytest.fixture(scope="session")
def samba_server(lacking: Lacking, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samba]:
    """One domain for all tests: it takes a while to make. Tests keep to units of their own."""
    if reason := lacking_of_samba():
        lacking(reason)
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "samba"
    try:
        with Samba.start(folder) as server:
            yield server
    except PortsTaken as taken:
        lacking(str(taken))


@pytest.fixture
def samba(samba_server: Samba) -> Iterator[Samba]:
    """One test at a time: each is told of a folder that another one makes anywhere in the domain."""
    with samba_server.for_one_test():
        yield samba_server


@pytest.fixture
def domain(samba: Samba, monkeypatch: pytest.MonkeyPatch) -> Office:
    """The source, for a base that each test names."""
    return Office(
        monkeypatch, DOMAIN_PASSWORD, servers="127.0.0.1", verify=False, username="Administrator@example.test"
    )


def items_of(source: LdapSource, book: Book, since: str | None = None, known: Any = ()) -> list[StreamItem]:
    return list(source.changes(book, since, known))


def rows_of(source: LdapSource, book: Book) -> list[Row]:
    *items, end = items_of(source, book)
    assert isinstance(end, End)
    return [item for item in items if isinstance(item, Row)]


def the_book(source: LdapSource) -> Book:
    (book,) = [book for book in source.books() if isinstance(book, Book)]
    return book
