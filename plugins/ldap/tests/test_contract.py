"""The LDAP source keeps what every source promises, on OpenLDAP and on Samba's Active Directory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest
from pbx_ldap.fields import KNOWN
from pbx_ldap.plugin import pbx_sources
from pbx_ldap.source import LdapSource

from pbx_connector.api import Book, Source, SourceType
from pbx_connector.testing import MovingSourceContract, SourceContract, SourceStage

from .conftest import Office
from .middleman import Middleman, size_limit
from .openldap import SUFFIX, OpenLdap, person
from .samba import Samba, contact, user


@pytest.fixture
def source_type() -> SourceType:
    return pbx_sources()[0]


@pytest.fixture
def people(openldap: OpenLdap) -> OpenLdap:
    openldap.add(
        person("Anna Berg", telephoneNumber=["+49 1", "+49 2", "+49 3"], street="Weg 1", l="Ulm"),
        person("Bäcker Ölmühle", mobile="+49 170 1", mail="b@example.test"),
        person("Cy Young", o="Cy & Co"),
        person("Dora Staff", "ou=staff"),
    )
    return openldap


class TestOpenLdap(SourceContract):
    @pytest.fixture
    def source(self, people: OpenLdap, office: Office) -> Iterator[LdapSource]:
        office.fields = frozenset(KNOWN)
        with office.open(base=SUFFIX, by_unit=True) as source:
            yield source


class OpenLdapStage(SourceStage):
    """The unit `customers`."""

    def __init__(self, server: OpenLdap, office: Office) -> None:
        self._server = server
        self._office = office
        self._count = 3

    def open(self) -> AbstractContextManager[Source]:
        return self._office.open()

    def is_staged(self, book: Book) -> bool:
        return book.title == f"ou=customers,{SUFFIX}"

    def count(self) -> int:
        return self._count

    def add(self) -> None:
        self._add(1)

    def fill(self) -> None:
        self._add(1200 - self._count)

    def _add(self, number: int) -> None:
        self._server.add(*(person(f"New {self._count + more}") for more in range(number)))
        self._count += number

    def change(self) -> None:
        self._server.change(f"cn=Anna Berg,ou=customers,{SUFFIX}", "o", "Changed")

    def remove(self) -> None:
        self._server.delete(f"cn=Cy Young,ou=customers,{SUFFIX}")
        self._count -= 1

    def remove_book(self) -> None:
        self._server.delete(f"ou=customers,{SUFFIX}", whole_tree=True)

    def cut_short(self) -> None:
        self._server.limit(100)

    def break_down(self) -> None:
        self._server.stop()


class TestMovingOpenLdap(MovingSourceContract):
    @pytest.fixture
    def stage(self, people: OpenLdap, office: Office) -> SourceStage:
        return OpenLdapStage(people, office)


class TestMovingOpenLdapWithoutStamps(MovingSourceContract):
    """A profile that uses an attribute whose changes no stamp tells: versions are made of the values."""

    @pytest.fixture
    def stage(self, people: OpenLdap, office: Office) -> SourceStage:
        office.fields |= {"Manager"}
        return OpenLdapStage(people, office)


@pytest.fixture
def unit(samba: Samba) -> str:
    unit = samba.unit()
    samba.add(
        user("Anna Berg", unit, otherTelephone=["+49 2", "+49 3"], streetAddress="Weg 1", mail="a@example.test"),
        user("Bäcker Ölmühle", unit, mobile="+49 170 1", manager=f"cn=Anna Berg,{unit},{SUFFIX}"),
        contact("Cy Young", unit, company="Cy & Co", proxyAddresses=["smtp:c@example.test", "SMTP:cy@example.test"]),
    )
    return unit


class TestActiveDirectory(SourceContract):
    @pytest.fixture
    def source(self, unit: str, domain: Office) -> Iterator[LdapSource]:
        domain.fields = frozenset(KNOWN)
        with domain.open(base=f"{unit},{SUFFIX}") as source:
            yield source


class ActiveDirectoryStage(SourceStage):
    """A unit of a Samba domain."""

    def __init__(self, server: Samba, office: Office, unit: str, **settings: str) -> None:
        self._server = server
        self._office = office
        self._base = f"{unit},{SUFFIX}"
        self._unit = unit
        self._settings = settings
        self._count = 3
        self._middleman = Middleman("127.0.0.1", 636, tls=True)

    def open(self) -> AbstractContextManager[Source]:
        through = {"servers": self._middleman.address, "security": "none", "base": self._base}
        return self._office.open(**through, **self._settings)

    def is_staged(self, book: Book) -> bool:
        return book.title == self._base

    def count(self) -> int:
        return self._count

    def add(self) -> None:
        self._server.add(contact(f"New {self._count}", self._unit))
        self._count += 1

    def fill(self) -> None:
        self._count += self._server.move_many_to(self._unit)

    def change(self) -> None:
        self._server.change(f"cn=Anna Berg,{self._base}", "department", "Changed")

    def remove(self) -> None:
        self._server.delete(f"cn=Cy Young,{self._base}")
        self._count -= 1

    def remove_book(self) -> None:
        self._server.delete(self._base, whole_tree=True)

    def cut_short(self) -> None:
        self._middleman.spoil = size_limit(100)

    def break_down(self) -> None:
        self._middleman.close()


class TestMovingByDirSync(MovingSourceContract):
    @pytest.fixture
    def stage(self, samba: Samba, unit: str, domain: Office) -> SourceStage:
        return ActiveDirectoryStage(samba, domain, unit)


class TestMovingByComparing(MovingSourceContract):
    @pytest.fixture
    def stage(self, samba: Samba, unit: str, domain: Office) -> SourceStage:
        return ActiveDirectoryStage(samba, domain, unit, changes="compare")
