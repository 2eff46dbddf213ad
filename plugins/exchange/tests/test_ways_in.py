"""The ways in: NTLM, TLS, autodiscover, a proxy (tokens: test_tokens.py); each with what goes wrong on it."""

from __future__ import annotations

import select
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pbx_exchange import kerberos
from pbx_exchange.connection import transport_of

from pbx_connector.api import Book

from .conftest import Internet, MakeOffice, Office, count_books, fail

# --- passwords -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("auth", ["ntlm", "auto"])
def test_ntlm_by_choice_or_because_the_server_offers_it(make_office: MakeOffice, auth: str) -> None:
    office = make_office(auth=["basic", "ntlm"])
    assert count_books(office, auth=auth, username="pbx", domain="EXAMPLE") > 8
    refused = sum(record.status == 401 for record in office.sandbox.requests)
    assert refused <= 2 * office.settings().connections + 1, "a connection logs in once"


def test_ntlm_is_bound_to_the_protected_connection(make_office: MakeOffice) -> None:
    """Extended protection: the handshake takes the server's certificate from the connection that the answer came on."""
    office = make_office(auth=["ntlm"], tls=True)
    ways = {"auth": "ntlm", "ca_file": str(office.sandbox.ca_file), "username": "pbx", "domain": "EXAMPLE"}
    assert count_books(office, **ways) > 8


def test_basic_where_nothing_better_is_offered(make_office: MakeOffice) -> None:
    assert count_books(make_office(), auth="auto") > 8


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
@pytest.mark.parametrize("password", ["pässwörd", "zł 12 €", "密码 秘密"])
def test_a_password_may_have_any_characters(make_office: MakeOffice, auth: str, password: str) -> None:
    assert count_books(make_office(auth=[auth], password=password), auth=auth) > 8


def test_a_wrong_password_with_ntlm(make_office: MakeOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    office = make_office(auth=["ntlm"])
    monkeypatch.setenv("EXCHANGE_PASSWORD", "wrong")
    assert fail(office, auth="ntlm").code == "X0201"


def test_a_server_that_wants_tokens_says_so(make_office: MakeOffice) -> None:
    failure = fail(make_office(auth=["bearer"]), auth="auto")
    assert failure.code == "X0206"
    assert "oauth:" in failure.hint


def test_a_password_does_not_travel_in_clear_text(office: Office) -> None:
    assert fail(office, url="http://exchange.example.com/ews/exchange.asmx").code == "X0207"


@pytest.mark.skipif(kerberos.is_installed(), reason="the extra is installed")
def test_kerberos_without_its_extra_says_what_to_install(office: Office) -> None:
    failure = fail(office, auth="kerberos", password=None)
    assert (failure.code, "pbx-connector-exchange[kerberos]" in failure.hint) == ("X0205", True)


# --- TLS and proxies -----------------------------------------------------------------------------------------------


def test_a_certificate_is_trusted_by_its_authority_alone(
    make_office: MakeOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = make_office(tls=True)
    assert fail(office).code == "X0103"
    assert count_books(office, ca_file=str(office.sandbox.ca_file)) > 8
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(office.sandbox.ca_file))
    assert fail(office).code == "X0103", "the environment does not overrule the settings"
    assert count_books(office, verify=False) > 8


def test_a_certificate_of_another_host_is_not_trusted(make_office: MakeOffice) -> None:
    office = make_office(tls=True)
    url = office.sandbox.url.replace("127.0.0.1", "127.0.0.2")
    assert fail(office, url=url, ca_file=str(office.sandbox.ca_file)).code in ("X0102", "X0103")


def test_a_ca_file_that_is_not_there_is_told(make_office: MakeOffice) -> None:
    failure = fail(make_office(tls=True), ca_file="/no/such/file.pem")
    assert (failure.code, "/no/such/file.pem" in failure.message) == ("X0113", True)


def test_a_ca_file_without_certificates_is_told(make_office: MakeOffice, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing here")
    assert fail(make_office(tls=True), ca_file=str(tmp_path / "empty.pem")).code == "X0113"


class Tunnel(BaseHTTPRequestHandler):
    """A proxy for CONNECT that counts what it lets through."""

    hosts: ClassVar[list[str]]

    def do_CONNECT(self) -> None:
        self.hosts.append(self.path)
        host, _, port = self.path.partition(":")
        with socket.create_connection((host, int(port))) as beyond:
            self.send_response(200)
            self.end_headers()
            ends = [self.connection, beyond]
            while ready := select.select(ends, [], [], 10)[0]:
                for end in ready:
                    if not (data := end.recv(65536)):
                        return
                    (beyond if end is self.connection else self.connection).sendall(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def proxy(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_all_requests_go_through_the_proxy(make_office: MakeOffice) -> None:
    office = make_office(tls=True)

    class Counting(Tunnel):
        hosts: ClassVar[list[str]] = []

    with proxy(Counting) as address:
        assert count_books(office, proxy=address, ca_file=str(office.sandbox.ca_file)) > 8
    assert set(Counting.hosts) == {f"127.0.0.1:{office.sandbox.port}"}


def test_a_proxy_that_refuses_is_told_apart(make_office: MakeOffice) -> None:
    office = make_office(tls=True)
    with proxy(type("Refusing", (BaseHTTPRequestHandler,), {"log_message": Tunnel.log_message})) as address:
        assert fail(office, proxy=address, ca_file=str(office.sandbox.ca_file)).code == "X0106"


class Guarded(Tunnel):
    """Wants a user name and a password."""

    def do_CONNECT(self) -> None:
        if self.headers.get("Proxy-Authorization") == f"Basic {b64encode('pbx:geheim ü'.encode()).decode()}":
            super().do_CONNECT()
        else:
            self.send_error(407)

    def do_POST(self) -> None:
        self.send_error(407)


def test_a_proxy_may_want_a_password(make_office: MakeOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    office = make_office(tls=True)
    login = {"proxy_username": "pbx", "proxy_password": {"env": "PROXY_PASSWORD"}}
    with proxy(type("Counting", (Guarded,), {"hosts": []})) as address:
        way = {"proxy": address, "ca_file": str(office.sandbox.ca_file)}
        monkeypatch.setenv("PROXY_PASSWORD", "geheim ü")
        assert count_books(office, **way, **login) > 8
        assert "geheim" not in repr(transport_of(office.settings(**way, **login)))
        monkeypatch.setenv("PROXY_PASSWORD", "wrong")
        for how in (login, {}):
            failure = fail(office, **way, **how)
            assert (failure.code, "proxy_password:" in failure.hint) == ("X0106", True)
        assert fail(office, proxy=address, url=office.sandbox.url.replace("https:", "http:")).code == "X0106"


# --- autodiscover --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["example.com", "autodiscover.example.com"])
def test_the_server_is_found_from_the_e_mail_address(make_office: MakeOffice, internet: Internet, host: str) -> None:
    office = make_office(tls=True)
    internet.ports[host] = office.sandbox.port
    with office.open(url=None, ca_file=str(office.sandbox.ca_file)) as source:
        assert sum(isinstance(book, Book) for book in source.books()) > 8
    headers = {record.headers.get("x-publicfoldermailbox") for record in office.sandbox.requests}
    assert "publicfolders@example.com" in headers


def test_another_password_at_the_company_s_web_server_does_no_harm(make_office: MakeOffice, internet: Internet) -> None:
    office, other = make_office(tls=True), make_office(tls=True, password="something else")
    internet.ports |= {"example.com": other.sandbox.port, "autodiscover.example.com": office.sandbox.port}
    pem = Path(str(office.sandbox.ca_file)).read_text() + Path(str(other.sandbox.ca_file)).read_text()
    both = Path(str(office.sandbox.ca_file)).with_name("both.pem")
    both.write_text(pem)
    office = Office(office.sandbox, pytest.MonkeyPatch())
    assert count_books(office, url=None, ca_file=str(both)) > 8


def test_a_wrong_password_is_told_at_autodiscover_already(
    make_office: MakeOffice, internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = make_office(tls=True)
    internet.ports["autodiscover.example.com"] = office.sandbox.port
    monkeypatch.setenv("EXCHANGE_PASSWORD", "wrong")
    assert fail(office, url=None, ca_file=str(office.sandbox.ca_file)).code == "X0201"


def test_where_nothing_is_found_the_hint_says_to_give_the_address(office: Office, internet: Internet) -> None:
    failure = fail(office, url=None)
    assert failure.code == "X0107"
    assert "url:" in failure.hint
    assert {"example.com", "autodiscover.example.com"}.isdisjoint(internet.asked)


def test_an_untrusted_autodiscover_gets_no_password(make_office: MakeOffice, internet: Internet) -> None:
    office = make_office(tls=True)
    internet.ports["autodiscover.example.com"] = office.sandbox.port
    assert fail(office, url=None).code == "X0107"
    assert len(office.sandbox.requests) == 0
