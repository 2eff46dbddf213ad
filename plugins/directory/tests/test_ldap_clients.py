"""Clients that are not ours: OpenLDAP's tools, ldap3, and the questions of each family of phones."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import ldap3
import pytest
import trustme
from pbx_directory.ldap.server import LdapServer
from pbx_directory.settings import DirectorySettings

from pbx_connector.api import Store, ber
from pbx_connector.listening import Tls
from pbx_connector.stores import open_store

from . import ldap_support as ldap
from .ldap_support import Login, serving

GERMANY = DirectorySettings(dial_form="national", region="DE", outside_line="0")
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("memory:") as store:
        ldap.fill(store)
        ldap.add(store, "Bernd Beispiel", first_name="Bernd", last_name="Beispiel", phone="+49309876543")
        yield store


@pytest.fixture
def phone(store: Store) -> Login:
    return ldap.login(store, "1")


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(store: Store, tmp_path: Path, authority: trustme.CA) -> Iterator[LdapServer]:
    issued = authority.issue_cert("127.0.0.1", "localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    tls = Tls(tmp_path / "server.pem", None)
    with serving(store, ldaps="127.0.0.1:0", tls=tls, settings=GERMANY) as server:
        yield server


# --- OpenLDAP's tools -----------------------------------------------------------------------------------------------


def lacking(reason: str) -> NoReturn:
    if os.environ.get("PBX_DIRECTORY_SERVERS"):
        pytest.fail(f"{reason} (PBX_DIRECTORY_SERVERS is set, so this is no skip)", pytrace=False)
    pytest.skip(reason)


class Tools:
    def __init__(self, server: LdapServer, phone: Login, folder: Path) -> None:
        if shutil.which("ldapsearch", path=PATH) is None:
            lacking("ldapsearch is not installed (apt install ldap-utils)")
        self.url, self.tls_url = f"ldap://{server.address}", f"ldaps://{server.tls_address}"
        self._login = ["-D", phone.dn, "-w", phone.secret]
        self._environment = {"PATH": PATH, "LDAPTLS_CACERT": str(folder / "ca.pem"), "LDAPTLS_REQCERT": "demand"}

    def run(self, program: str, *arguments: str, url: str = "") -> tuple[int, str]:
        command = [program, "-x", "-H", url or self.url, *self._login, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=self._environment, timeout=100, check=False)
        return done.returncode, done.stdout + done.stderr

    def search(self, *arguments: str, url: str = "") -> list[str]:
        """The names that are found."""
        code, text = self.run("ldapsearch", "-LLL", "-b", ldap.BASE, "-o", "ldif-wrap=no", *arguments, url=url)
        assert code == 0, text
        return [line.removeprefix("cn: ") for line in text.splitlines() if line.startswith("cn: ")]


@pytest.fixture
def tools(server: LdapServer, phone: Login, tmp_path: Path) -> Tools:
    return Tools(server, phone, tmp_path)


@pytest.mark.parametrize("way", ["plain", "start tls", "tls"])
def test_ldapsearch_plain_and_over_tls(tools: Tools, way: str) -> None:
    arguments = ["-ZZ"] if way == "start tls" else []
    assert tools.search(*arguments, "(cn=be*)", url=tools.tls_url if way == "tls" else "") == ["Bernd Beispiel"]


def test_ldapsearch_with_pages_and_order(tools: Tools) -> None:
    found = tools.search("-E", "pr=2/noprompt", "-E", "!sss=-cn", "(&(cn=*)(!(cn=ann*)))", "cn")
    assert found == ["Reception", "Doctor of Ann", "Bernd Beispiel", "ACME GmbH"]


def test_ldapsearch_shows_limits(tools: Tools) -> None:
    code, text = tools.run("ldapsearch", "-b", ldap.BASE, "-z", "1", "(cn=*)")
    assert (code, text.count("dn: ")) == (4, 1)
    assert "Size limit exceeded" in text


def test_ldapcompare(tools: Tools) -> None:
    assert tools.run("ldapcompare", "uid=3,ou=company,dc=phonebook", "cn:reception")[0] == 6
    assert tools.run("ldapcompare", "uid=3,ou=company,dc=phonebook", "cn:anna")[0] == 5


def test_ldapdelete_is_refused(tools: Tools) -> None:
    code, text = tools.run("ldapdelete", "uid=3,ou=company,dc=phonebook")
    assert (code, "read here and not written" in text) == (53, True)


# --- ldap3 ----------------------------------------------------------------------------------------------------------


def connected(server: LdapServer, phone: Login, **more: Any) -> Any:
    known = ldap3.Server(f"ldap://{server.address}", get_info=ldap3.ALL)
    return ldap3.Connection(known, **{"user": phone.dn, "password": phone.secret, "auto_bind": True, **more})


@pytest.fixture
def client(server: LdapServer, phone: Login) -> Any:
    with connected(server, phone) as client:
        yield client


def rows(client: Any, text: str, *attributes: str, **more: Any) -> list[dict[str, Any]]:
    client.search(more.pop("base", ldap.BASE), text, attributes=list(attributes) or "*", **more)
    return [dict(each["raw_attributes"]) for each in client.response if each["type"] == "searchResEntry"]


def names(client: Any, text: str, **more: Any) -> list[str]:
    return [row["cn"][0].decode() for row in rows(client, text, "cn", **more) if row["cn"]]


def test_ldap3_reads_the_schema_and_checks_its_questions_by_it(client: Any) -> None:
    assert client.server.info.naming_contexts == ["dc=phonebook"]
    assert {"cn", "telephoneNumber", "pbxLabel"} <= set(client.server.schema.attribute_types)
    assert "inetOrgPerson" in client.server.schema.object_classes
    assert names(client, "(objectClass=inetOrgPerson)") == [
        *("ACME GmbH", "Anna Müller", 'Anne, "the" <best> & Co', "Bernd Beispiel", "Doctor of Ann", "Reception")
    ]
    with pytest.raises(ldap3.core.exceptions.LDAPAttributeError):
        client.search(ldap.BASE, "(jobTitle=x)")


def test_ldap3_pages(client: Any) -> None:
    pages = client.extend.standard.paged_search(ldap.BASE, "(cn=*)", attributes=["cn"], paged_size=2, generator=True)
    assert len(list(pages)) == 6


@pytest.mark.parametrize("version", [2, 3])
def test_a_plain_user_binds_with_either_version(server: LdapServer, phone: Login, version: int) -> None:
    with connected(server, phone, user=phone.id, version=version) as client:
        assert names(client, "(cn=be*)") == ["Bernd Beispiel"]


def test_ldap3_with_start_tls(server: LdapServer, phone: Login, tmp_path: Path) -> None:
    trust = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=str(tmp_path / "ca.pem"), valid_names=["127.0.0.1"])
    known = ldap3.Server(f"ldap://{server.address}", tls=trust)
    with ldap3.Connection(known, phone.dn, phone.secret, auto_bind=ldap3.AUTO_BIND_TLS_BEFORE_BIND) as client:
        assert names(client, "(cn=be*)") == ["Bernd Beispiel"]


# --- each family's own questions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["bei", "BER", "rnd"])
def test_yealink_searches_while_one_types(client: Any, typed: str) -> None:
    prefix, contains = f"(|(cn={typed}*)(sn={typed}*))", f"(|(cn=*{typed}*)(sn=*{typed}*))"
    for text in (prefix, contains) if typed != "rnd" else (contains,):
        found = rows(client, text, "cn", "telephoneNumber", "mobile", "ipPhone", size_limit=50)
        assert found == [{"cn": [b"Bernd Beispiel"], "telephoneNumber": [b"00309876543"], "mobile": [], "ipPhone": []}]


def test_yealink_looks_for_a_number_that_is_typed(client: Any) -> None:
    for typed in ("030987", "0030987", "+4930987", "004930987"):
        assert names(client, f"(|(telephoneNumber={typed}*)(mobile={typed}*)(ipPhone={typed}*))") == ["Bernd Beispiel"]
    assert names(client, "(|(cn=be*)(telephoneNumber=be*)(mobile=be*))") == ["Bernd Beispiel"]


def test_yealink_shows_who_calls(client: Any) -> None:
    for number in ("+49309876543", "00309876543", "0309876543"):
        assert names(client, f"(|(telephoneNumber={number})(mobile={number}))", size_limit=1) == ["Bernd Beispiel"]


def test_snom(client: Any) -> None:
    assert names(client, "(&(telephoneNumber=*)(sn=bei*))") == ["Bernd Beispiel"]
    assert names(client, "(&(telephoneNumber=030987*)(sn=*))") == ["Bernd Beispiel"]
    assert names(client, "(&(telephoneNumber=0309876543)(sn=*))") == ["Bernd Beispiel"]


def test_grandstream(client: Any) -> None:
    asked = "cn", "sn", "description", "telephoneNumber", "Mobile"
    (found,) = rows(client, "(|(cn=acme*)(sn=acme*))", *asked, size_limit=50)
    assert found == {
        "cn": [b"ACME GmbH"],
        "sn": [b"ACME"],
        "description": [b"two\nlines"],
        "telephoneNumber": [b"0089231250"],
        "Mobile": [],
    }


def test_gigaset_opens_an_entry_with_a_size_limit_of_0(client: Any) -> None:
    client.search(ldap.BASE, "(|(cn=be*)(sn=be*))", attributes=["cn"], size_limit=20)
    dn = client.response[0]["dn"]
    assert names(client, "(objectClass=*)", base=dn, search_scope=ldap3.BASE, size_limit=0) == ["Bernd Beispiel"]


def test_an_entry_that_vanished_is_no_such_object(client: Any, store: Store) -> None:
    client.search(ldap.BASE, "(cn=be*)", attributes=["cn"])
    dn = client.response[0]["dn"]
    store.remove_entry(int(dn.split(",")[0].removeprefix("uid=")))
    assert rows(client, "(objectClass=*)", base=dn, search_scope=ldap3.BASE) == []
    assert client.result["result"] == 32


def test_polycom_asks_for_ranges_in_an_order(client: Any) -> None:
    by_name = ber.element(0x30, *[ber.element(0x30, ber.octets(key)) for key in ("sn", "givenName")])
    controls = [("1.2.840.113556.1.4.473", False, by_name)]
    found = names(client, "(&(sn>=b)(telephoneNumber=*))", size_limit=32, controls=controls)
    assert found == ["Bernd Beispiel", "Doctor of Ann", "Anna Müller", "Reception"]
    assert names(client, "(&(sn<=b)(telephoneNumber=*))", controls=controls) == ["ACME GmbH", 'Anne, "the" <best> & Co']


def test_polycom_falls_back_without_virtual_list_views(client: Any) -> None:
    view = [("2.16.840.1.113730.3.4.9", True, bytes.fromhex("300e020100020113a006020101020100"))]
    assert names(client, "(sn=*)", controls=view) == []
    assert client.result["result"] == 12
    assert names(client, "(sn=bei*)") == ["Bernd Beispiel"]


def test_cisco(client: Any) -> None:
    found = rows(client, "(&(sn=bei*)(givenName=*))", "sn", "givenName", "telephoneNumber", size_limit=32)
    assert found == [{"sn": [b"Beispiel"], "givenName": [b"Bernd"], "telephoneNumber": [b"00309876543"]}]


def test_linphone_gets_the_number_as_it_asked(client: Any) -> None:
    for number in ("+49309876543", "0309876543", "0049 30 9876543"):
        text = f"(|(telephoneNumber={number})(mobile={number})(homePhone={number}))"
        (found,) = rows(client, text, "telephoneNumber")
        assert number.encode() in found["telephoneNumber"]


def test_ios_asks_for_nine_prefixes(client: Any) -> None:
    kinds = ["givenName", "sn", "cn", "mail", "telephoneNumber", "mobile", "homePhone", "o", "displayName"]
    assert names(client, "(|" + "".join(f"({kind}=bei*)" for kind in kinds) + ")") == ["Bernd Beispiel"]


def test_superfecta_asks_for_the_end_of_a_number(client: Any) -> None:
    kinds = "telephoneNumber", "mobile", "homeTelephoneNumber"
    assert names(client, "(|" + "".join(f"({kind}=*9876543)" for kind in kinds) + ")") == ["Bernd Beispiel"]


def test_negations_as_phones_have_them(client: Any) -> None:
    assert names(client, "(&(cn=*)(!(cn=a*))(!(telephoneNumber=0309*)))") == ["Doctor of Ann", "Reception"]
