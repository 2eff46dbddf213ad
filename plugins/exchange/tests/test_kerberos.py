"""Kerberos for real: a realm of its own on loopback, tickets, and each way in which they fail.

Needs what the extra `kerberos` needs, and MIT's programs (Debian: krb5-kdc, krb5-admin-server, krb5-user); `make
kerberos` runs it. Nothing outside the test's folder is read or written: all is said by environment variables.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from free_port import free_port
from pbx_exchange import kerberos
from pbx_exchange.probe import test_connection as probe
from pbx_exchange.sandbox import Sandbox

from pbx_connector.api import AuthenticationFailed, Book, SourceContext, SourceError

from .conftest import Internet, Office

PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"  # where Debian has the programs of a KDC
PROGRAMS = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit", "kdestroy")
HERE = kerberos.is_installed() and all(shutil.which(program, path=PATH) for program in PROGRAMS)
pytestmark = pytest.mark.skipif(not HERE, reason="the extra kerberos or the programs of a KDC are not installed")

CONFIG = """\
[libdefaults]
  default_realm = EXAMPLE.COM
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1
[realms]
  EXAMPLE.COM = {{
    kdc = 127.0.0.1:{port}
  }}
"""
KDC_CONFIG = """\
[kdcdefaults]
  kdc_listen = ""
  kdc_tcp_listen = 127.0.0.1:{port}
[realms]
  EXAMPLE.COM = {{
    database_name = {folder}/principal
    key_stash_file = {folder}/stash
  }}
"""
PASSWORD = "the-domain-s-password-7"


class Realm:
    """A Kerberos realm with a user, the service on this machine, and one KDC."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.port = free_port()
        variables = {
            "KRB5_CONFIG": self._write("krb5.conf", CONFIG),
            "KRB5_KDC_PROFILE": self._write("kdc.conf", KDC_CONFIG),
            "KRB5CCNAME": f"FILE:{folder}/tickets",
            "KRB5_KTNAME": f"FILE:{folder}/service.keytab",
            "KRB5RCACHENAME": "none:",
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("PATH", PATH)
        monkeypatch.delenv("KRB5_CLIENT_KTNAME", raising=False)
        self._do("kdb5_util", "create", "-s", "-P", "master")
        self.add_service("localhost")
        self.administer(f"addprinc -pw {PASSWORD} pbx")
        self.administer(f"ktadd -norandkey -k {self.user_keytab} pbx")
        self._kdc: subprocess.Popen[bytes] | None = None

    @property
    def user_keytab(self) -> Path:
        return self.folder / "pbx.keytab"

    def start(self) -> None:
        self._kdc = subprocess.Popen(["krb5kdc", "-n", "-P", str(self.folder / "pid")], stderr=subprocess.DEVNULL)
        for _ in range(2000):
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise TimeoutError("the KDC does not start")

    def stop(self) -> None:
        if self._kdc:
            self._kdc.terminate()
            self._kdc.wait()
        self._kdc = None

    def add_service(self, host: str) -> None:
        self.administer(f"addprinc -randkey HTTP/{host}")
        self.administer(f"ktadd -k {self.folder}/service.keytab HTTP/{host}")

    def administer(self, command: str) -> None:
        self._do("kadmin.local", "-q", command)

    def log_in(self, lifetime: str = "1h") -> None:
        self._do("kinit", "-l", lifetime, "pbx", said=f"{PASSWORD}\n")

    def _do(self, *command: str, said: str = "") -> None:
        subprocess.run(command, input=said.encode(), check=True, capture_output=True, timeout=100)

    def _write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text.format(port=self.port, folder=self.folder))
        return str(path)


@pytest.fixture
def realm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Realm]:
    realm = Realm(tmp_path, monkeypatch)
    realm.start()
    yield realm
    realm.stop()


@pytest.fixture
def office(realm: Realm, monkeypatch: pytest.MonkeyPatch, ews_schema: Path | None) -> Iterator[Office]:
    """A server that accepts tickets only, under the name that it is registered by."""
    with Sandbox.start(auth=["kerberos"], validate=ews_schema) as sandbox:
        yield Office(sandbox, monkeypatch)
        assert sandbox.violations == []


def ways(office: Office, host: str = "localhost") -> dict[str, object]:
    url = office.sandbox.url.replace("127.0.0.1", host)
    return {"auth": "kerberos", "password": None, "url": url}


def fail(office: Office, host: str = "localhost") -> SourceError:
    with pytest.raises(SourceError) as failure, office.open(**ways(office, host)):
        pass
    assert failure.value.hint
    return failure.value


def test_a_ticket_opens_every_kind_of_address_book(realm: Realm, office: Office) -> None:
    realm.log_in()
    with office.open(**ways(office)) as source:
        assert {book.kind for book in source.books() if isinstance(book, Book)} == {"public", "personal"}
    assert {record.status for record in office.sandbox.requests} == {200}, "no request waits to be asked for a ticket"
    assert {record.caller for record in office.sandbox.requests} == {office.sandbox.email}


def test_the_connection_test_tells_whose_ticket_it_is(realm: Realm, office: Office) -> None:
    realm.log_in()
    found = {check.step: check.detail for check in probe(office.settings(**ways(office)), SourceContext())}
    assert (found["web services"], found["log-in"]) == ("offers Negotiate", "as pbx@EXAMPLE.COM")


def test_tickets_do_for_autodiscover_too(realm: Realm, internet: Internet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The company's web server, asked first, is one that Kerberos does not know: the next address is tried."""
    host = "autodiscover.example.com"
    realm.add_service(host)
    realm.log_in()
    with Sandbox.start(auth=["kerberos"], tls=True) as sandbox:
        internet.ports |= {host: sandbox.port, "example.com": sandbox.port}
        office = Office(sandbox, monkeypatch)
        with office.open(**ways(office) | {"url": None, "ca_file": str(sandbox.ca_file)}) as source:
            assert sum(isinstance(book, Book) for book in source.books()) > 8


def test_a_keytab_does_without_anybody_logging_in(
    realm: Realm, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRB5_CLIENT_KTNAME", str(realm.user_keytab))
    assert len(office.read(**ways(office))) > 8


def test_no_ticket(office: Office) -> None:
    failure = fail(office)
    assert (type(failure), failure.code) == (AuthenticationFailed, "X0219")
    assert "kinit" in failure.hint
    assert len(office.sandbox.requests) == 0, "there is nothing to ask the server with"


def test_an_expired_ticket(realm: Realm, office: Office) -> None:
    realm.log_in("1s")
    time.sleep(2.1)
    assert fail(office).code == "X0220"


def test_a_host_that_kerberos_does_not_know(realm: Realm, office: Office) -> None:
    realm.log_in()
    failure = fail(office, "127.0.0.1")
    assert (failure.code, "url:" in failure.hint) == ("X0221", True)


def test_no_kdc(realm: Realm, office: Office) -> None:
    realm.log_in()
    realm.stop()
    assert fail(office).code == "X0222"


def test_a_keytab_from_before_the_password_was_changed(
    realm: Realm, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    realm.administer("cpw -pw another pbx")
    monkeypatch.setenv("KRB5_CLIENT_KTNAME", str(realm.user_keytab))
    assert fail(office).code == "X0224"


def test_an_account_that_was_locked(realm: Realm, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    realm.administer("modprinc -allow_tix pbx")
    monkeypatch.setenv("KRB5_CLIENT_KTNAME", str(realm.user_keytab))
    assert fail(office).code == "X0204"


def test_a_ticket_for_a_name_that_belongs_to_another_server(realm: Realm, office: Office) -> None:
    realm.log_in()
    realm.administer("cpw -randkey HTTP/localhost")
    assert fail(office).code == "X0226"


def test_a_ticket_of_somebody_whom_exchange_does_not_know(realm: Realm, office: Office) -> None:
    realm.log_in()
    user = office.sandbox.service_user
    user.email, user.username = "moved@example.com", "moved"
    assert fail(office).code == "X0226"


def test_a_server_that_takes_no_tickets(realm: Realm, monkeypatch: pytest.MonkeyPatch) -> None:
    realm.log_in()
    with Sandbox.start(auth=["basic"]) as sandbox:
        assert fail(Office(sandbox, monkeypatch)).code == "X0226"


def test_a_server_that_takes_tickets_only_says_so(realm: Realm, office: Office) -> None:
    with pytest.raises(SourceError) as failure, office.open(auth="auto"):
        pass
    assert (failure.value.code, "auth: kerberos" in failure.value.hint) == ("X0206", True)


def test_tickets_do_not_show_in_logs(realm: Realm, office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="exchangelib")
    realm.log_in()
    assert len(office.read(**ways(office))) > 8
    text = "\n".join(record.getMessage() for record in caplog.records)
    assert "Negotiate (hidden)" in text
    assert "Negotiate Y" not in text, "a token begins with 0x60, which is Y in base64"
