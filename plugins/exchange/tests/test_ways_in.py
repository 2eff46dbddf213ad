"""The ways in: NTLM, tokens by secret or certificate, TLS, autodiscover, a proxy; each with what goes wrong on it."""

from __future__ import annotations

import datetime
import logging
import select
import socket
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pbx_exchange import kerberos
from pbx_exchange.connection import route_of
from pbx_exchange.oauth import NoToken
from pbx_exchange.sandbox import Sandbox
from pbx_exchange.sandbox.faults import Fault
from pbx_exchange.settings import CLOUDS
from pbx_exchange.trouble import explain

from pbx_connector.api import Book, Problem, SourceError

from .conftest import Internet, Office, unknowns

MakeOffice = Callable[..., Office]


@pytest.fixture
def make_office(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeOffice]:
    running: list[Sandbox] = []

    def make(**how: Any) -> Office:
        running.append(Sandbox.start(**how))
        return Office(running[-1], monkeypatch)

    yield make
    for sandbox in running:
        sandbox.stop()


def fail(office: Office, **changes: Any) -> SourceError:
    with pytest.raises(SourceError) as failure, office.open(**changes):
        pass
    return failure.value


def count_books(office: Office, **changes: Any) -> int:
    with office.open(**changes) as source:
        assert unknowns(source) == []
        return sum(isinstance(book, Book) for book in source.books())


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

    hosts: list[str]

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
    handler = type("Counting", (Tunnel,), {"hosts": []})
    with proxy(handler) as address:
        assert count_books(office, proxy=address, ca_file=str(office.sandbox.ca_file)) > 8
    assert set(handler.hosts) == {f"127.0.0.1:{office.sandbox.port}"}


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
        assert "geheim" not in repr(route_of(office.settings(**way, **login)))
        monkeypatch.setenv("PROXY_PASSWORD", "wrong")
        for how in (login, {}):
            failure = fail(office, **way, **how)
            assert (failure.code, "proxy_password:" in failure.hint) == ("X0106", True)
        assert fail(office, proxy=address, url=office.sandbox.url.replace("https:", "http:")).code == "X0106"


# --- tokens --------------------------------------------------------------------------------------------------------


def tokens(office: Office, **oauth: Any) -> dict[str, Any]:
    """Settings of an application, by secret."""
    sandbox = office.sandbox
    app = {"tenant": "example.com", "client_id": sandbox.application.client_id, "authority": sandbox.authority_url}
    secret = {} if "certificate" in oauth else {"client_secret": {"env": "EXCHANGE_PASSWORD"}}
    return {"auth": "auto", "oauth": app | secret | oauth, "ca_file": str(sandbox.ca_file), "password": None}


@pytest.fixture
def cloud(make_office: MakeOffice) -> Office:
    return make_office(auth=["bearer"], tls=True)


def test_an_application_reads_all_address_books_by_impersonation(cloud: Office) -> None:
    assert count_books(cloud, **tokens(cloud), shared={"owners": ["sales@example.com"]}) > 10
    impersonated = {record.impersonated for record in cloud.sandbox.requests if record.operation}
    assert None not in impersonated
    assert cloud.sandbox.email in impersonated


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return make_certificate(tmp_path / "app.pem", days=1)


def make_certificate(path: Path, *, days: int) -> Path:
    """A PEM file with a key and its certificate, which ends in so many days."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pbx")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=5))
        .not_valid_after(now + datetime.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(pem))
    return path


def test_a_certificate_serves_as_well_as_a_secret(cloud: Office, certificate: Path) -> None:
    assert fail(cloud, **tokens(cloud, certificate=str(certificate))).code == "X0212"
    cloud.sandbox.application.certificate = certificate.read_bytes()
    assert count_books(cloud, **tokens(cloud, certificate=str(certificate))) > 8


def test_a_certificate_file_that_is_none_is_told(cloud: Office, tmp_path: Path) -> None:
    path = tmp_path / "none.pem"
    path.write_text("not a certificate")
    assert fail(cloud, **tokens(cloud, certificate=str(path))).code == "X0113"
    path.write_bytes(b"\xff\xfe")
    assert fail(cloud, **tokens(cloud, certificate=str(path))).code == "X0113"
    failure = fail(cloud, **tokens(cloud, certificate=str(tmp_path / "missing.pem")))
    assert (failure.code, "missing.pem" in failure.message) == ("X0113", True)


def test_an_encrypted_key_is_opened_with_its_passphrase(
    cloud: Office, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate.read_bytes()
    cloud.sandbox.application.certificate = pem
    key = serialization.load_pem_private_key(pem, None)
    how = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    locked = key.private_bytes(*how, serialization.BestAvailableEncryption("schlüssel".encode()))
    certificate.write_bytes(locked + pem[pem.index(b"-----BEGIN CERT") :])
    monkeypatch.setenv("PASSPHRASE", "schlüssel")
    given = {"certificate": str(certificate), "passphrase": {"env": "PASSPHRASE"}}
    assert count_books(cloud, **tokens(cloud, **given)) > 8
    assert fail(cloud, **tokens(cloud, certificate=str(certificate))).code == "X0229"
    monkeypatch.setenv("PASSPHRASE", "wrong")
    failure = fail(cloud, **tokens(cloud, **given))
    assert (failure.code, "passphrase: {keyring" in failure.hint) == ("X0229", True)
    certificate.write_bytes(pem)
    assert count_books(cloud, **tokens(cloud, **given)) > 8


def test_a_certificate_that_has_expired_is_told(cloud: Office, tmp_path: Path) -> None:
    path = make_certificate(tmp_path / "old.pem", days=-1)
    cloud.sandbox.application.certificate = path.read_bytes()
    assert fail(cloud, **tokens(cloud, certificate=str(path))).code == "X0227"


def test_why_there_is_no_token_is_told(cloud: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fail(cloud, **tokens(cloud, client_id="nobody")).code == "X0213"
    cloud.sandbox.application.secret_expired = True
    assert fail(cloud, **tokens(cloud)).code == "X0210"
    monkeypatch.setenv("EXCHANGE_PASSWORD", "wrong")
    assert fail(cloud, **tokens(cloud)).code == "X0211"
    nowhere = f"{cloud.sandbox.base_url}/a/b/c"
    assert fail(cloud, **tokens(cloud, authority=nowhere)).code == "X0216"
    assert {explain(NoToken(number)).code for number in (65001, 1, 0)} == {"X0215", "X0216"}
    assert "AADSTS53003" in explain(NoToken(53003)).message


def test_a_tenant_that_does_not_exist_is_told(cloud: Office) -> None:
    nobody = f"{cloud.sandbox.base_url}/nobody.example.com"
    assert fail(cloud, **tokens(cloud, authority=nobody)).code == "X0214"


@pytest.mark.parametrize(
    ("status", "code"), [(200, "X0216"), (302, "X0216"), (404, "X0216"), (429, "X0216"), (500, "X0228"), (503, "X0228")]
)
@pytest.mark.parametrize("late", [False, True])
def test_a_sign_in_service_that_answers_with_a_web_page_is_told(
    cloud: Office, status: int, code: str, late: bool
) -> None:
    """A proxy's page, for example; `late`: once the first token has been revoked."""
    page = (status, "<html>quoted from the answer</html>")
    if not late:
        cloud.sandbox.tokens.trouble = page
        failure: SourceError | Problem = fail(cloud, **tokens(cloud))
    else:
        with cloud.open(**tokens(cloud)) as source:
            cloud.sandbox.tokens.revoke()
            cloud.sandbox.tokens.trouble = page
            failure = unknowns(source)[0].problem
    assert (failure.code, "quoted" in failure.message) == (code, False)


def test_a_sign_in_service_that_cannot_be_reached_is_told_apart_from_exchange(cloud: Office) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    failure = fail(cloud, **tokens(cloud, authority=f"https://127.0.0.1:{port}/example.com"))
    assert (failure.code, "sign-in service" in failure.message) == ("X0228", True)


def test_an_application_without_the_right_is_told_apart(cloud: Office) -> None:
    cloud.sandbox.faults.add(Fault(name="401", times=None))
    assert fail(cloud, **tokens(cloud)).code == "X0217"
    cloud.sandbox.faults.clear()
    cloud.sandbox.application.impersonates.clear()
    assert fail(cloud, **tokens(cloud)).code == "X0301"


def test_a_token_that_was_revoked_is_replaced_in_the_middle_of_a_run(cloud: Office) -> None:
    with cloud.open(**tokens(cloud)) as source:
        cloud.sandbox.tokens.revoke()
        assert sum(isinstance(book, Book) for book in source.books()) > 8
        assert unknowns(source) == []


def test_no_token_or_client_secret_shows_in_the_logs(cloud: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="exchangelib")
    with cloud.open(**tokens(cloud)) as source:
        list(source.books())
    text = "\n".join(record.getMessage() for record in caplog.records)
    assert "POST'ing to" in text
    assert cloud.sandbox.application.secret not in text
    issued = list(cloud.sandbox.tokens._issued)
    assert issued
    assert not any(token in text for token in issued)


@pytest.mark.parametrize("name", CLOUDS)
def test_each_cloud_is_entered_by_its_own_doors(make_office: MakeOffice, internet: Internet, name: str) -> None:
    """Tokens are asked for at the cloud's sign-in service and for its own Exchange; nothing else is asked."""
    cloud = CLOUDS[name]
    doors = [str(urlsplit(cloud.authority).hostname), cloud.host]
    office = make_office(auth=["bearer"], tls=True, hosts=doors)
    internet.ports |= dict.fromkeys(doors, office.sandbox.port)
    ways = tokens(office, cloud=name, authority=None) | {"url": None}
    assert count_books(office, **ways) > 8
    assert office.sandbox.tokens.audiences == {f"https://{cloud.host}"}
    assert set(internet.asked) == set(doors)
    office.sandbox.faults.add(Fault(name="403", times=None))
    assert fail(office, **ways).code == "X0203", "Microsoft's own servers forbid everything to a blocked tenant"


def test_the_doors_are_those_that_microsoft_names() -> None:
    assert CLOUDS["global"].url == "https://outlook.office365.com/EWS/Exchange.asmx"
    assert CLOUDS["china"].scope == "https://partner.outlook.cn/.default"
    assert len({cloud.host for cloud in CLOUDS.values()}) == len(CLOUDS)


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
