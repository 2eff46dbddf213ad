"""The way in: a secret or a certificate, proxies, authorities, and the cloud that tells no changes."""

from __future__ import annotations

import select
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from free_port import free_port
from pbx_microsoft365.sandbox import Sandbox
from pbx_microsoft365.settings import CLOUDS

from pbx_connector.api import Book, End, SourceError

from .conftest import Office, items_of

PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8


def count_books(office: Office, **changes: Any) -> int:
    with office.open(**changes) as source:
        return sum(isinstance(book, Book) for book in source.books())


def fail(office: Office, **changes: Any) -> SourceError:
    """Of the sign-in."""
    with pytest.raises(SourceError, match=r"^sign-in: ") as failure, office.open(**changes):
        pass
    return failure.value


# --- a certificate in place of a secret ----------------------------------------------------------------------------


def make_certificate(path: Path, *, days: int = 1, passphrase: str = "") -> Path:
    """A PEM file with a key and its certificate, which ends in so many days."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pbx")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=5))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    lock = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    path.write_bytes(key.private_bytes(PEM, PKCS8, lock) + made.public_bytes(PEM))
    return path


def by(certificate: Path, **more: Any) -> dict[str, Any]:
    return {"client_secret": None, "certificate": str(certificate), **more}


def register(office: Office, certificate: Path) -> None:
    """As an administrator does it in Entra: without the key."""
    pem = certificate.read_bytes()
    office.sandbox.application.certificate = pem[pem.index(b"-----BEGIN CERT") :]


def test_a_certificate_serves_as_well_as_a_secret(office: Office, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "app.pem")
    failure = fail(office, **by(certificate))
    assert (failure.code, "upload it in Entra" in failure.hint) == ("G0212", True)
    register(office, certificate)
    assert count_books(office, **by(certificate)) == count_books(office) > 3


def test_a_certificate_that_has_expired_is_told(office: Office, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "old.pem", days=-1)
    register(office, certificate)
    assert fail(office, **by(certificate)).code == "G0227"


def test_an_encrypted_key_is_opened_with_its_passphrase(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path / "app.pem", passphrase="schlüssel")
    register(office, certificate)
    given = by(certificate, passphrase={"env": "PASSPHRASE"})
    monkeypatch.setenv("PASSPHRASE", "schlüssel")
    assert count_books(office, **given) > 3
    assert fail(office, **by(certificate)).code == "G0229"
    monkeypatch.setenv("PASSPHRASE", "wrong")
    failure = fail(office, **given)
    assert (failure.code, "wrong" in str(failure)) == ("G0229", False)


@pytest.mark.parametrize("content", [None, b"not a certificate", b"\xff\xfe"])
def test_a_certificate_file_that_is_none_is_named(office: Office, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "app.pem"
    if content is not None:
        path.write_bytes(content)
    failure = fail(office, **by(path))
    assert (failure.code, str(path) in failure.message) == ("G0113", True)


# --- authorities and proxies ---------------------------------------------------------------------------------------


def test_a_certificate_of_the_server_is_trusted_by_its_authority_alone(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = fail(office, ca_file=None)
    assert (failure.code, "ca_file:" in failure.hint) == ("G0103", True)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, "/no/such/file.pem")
    assert count_books(office) > 3, "the environment does not overrule the settings"
    assert count_books(office, ca_file=None, verify=False) > 3


class Tunnel(BaseHTTPRequestHandler):
    """A proxy for CONNECT that notes what it lets through."""

    hosts: ClassVar[list[str]]
    login = ""

    def do_CONNECT(self) -> None:
        if self.login and self.headers.get("Proxy-Authorization") != f"Basic {b64encode(self.login.encode()).decode()}":
            self.send_error(407)
            return
        self.hosts.append(self.path)
        host, _, port = self.path.partition(":")
        with socket.create_connection((host, int(port))) as beyond:
            self.send_response(200)
            self.end_headers()
            self._pass_on(beyond)

    def _pass_on(self, beyond: socket.socket) -> None:
        ends = [self.connection, beyond]
        while ready := select.select(ends, [], [], 10)[0]:
            for end in ready:
                if not (data := end.recv(65536)):
                    return
                (beyond if end is self.connection else self.connection).sendall(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def proxy(login: str = "") -> Iterator[tuple[str, list[str]]]:
    """Its address, and what went through it."""
    hosts: list[str] = []
    handler = type("OneTunnel", (Tunnel,), {"hosts": hosts, "login": login})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", hosts
    finally:
        server.shutdown()
        server.server_close()


def test_tokens_and_contacts_go_through_the_proxy_of_the_settings(graph: Sandbox, office: Office) -> None:
    with proxy() as (address, hosts):
        assert count_books(office, proxy=address) > 3
    assert set(hosts) == {f"127.0.0.1:{graph.port}"}


def test_the_proxy_of_the_machine_is_used_where_the_settings_name_none(
    graph: Sandbox, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with proxy(login="pbx:geheim") as (address, hosts):
        monkeypatch.setenv("https_proxy", address.replace("//", "//pbx:geheim@"))
        assert count_books(office) > 3
        assert set(hosts) == {f"127.0.0.1:{graph.port}"}
        hosts.clear()
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert count_books(office) > 3
        assert hosts == []


def test_a_proxy_that_wants_another_password_is_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROXY_PASSWORD", "geheim ü")
    with proxy(login="pbx:geheim ü") as (address, _):
        way = {"proxy": address, "proxy_username": "pbx", "proxy_password": {"env": "PROXY_PASSWORD"}}
        assert count_books(office, **way) > 3
        monkeypatch.setenv("PROXY_PASSWORD", "wrong")
        failure = fail(office, **way)
    assert (failure.code, "wrong" in str(failure)) == ("G0106", False)


def test_a_sign_in_service_that_cannot_be_reached_says_why(office: Office) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        assert fail(office, authority=f"https://127.0.0.1:{port}", timeout=0.5).code == "G0104"
    assert fail(office, authority=f"https://127.0.0.1:{free_port()}").code == "G0102"
    failure = fail(office, authority="https://nowhere.invalid")
    assert (failure.code, "authority:" in failure.hint) == ("G0101", True)


@pytest.mark.parametrize("status", [500, 503])
def test_a_sign_in_service_that_is_failing_is_told_with_its_answer(graph: Sandbox, office: Office, status: int) -> None:
    graph.tokens.trouble = (status, "<html>quoted from the answer</html>")
    failure = fail(office)
    assert (failure.code, failure.message) == ("G0228", f"sign-in: the sign-in service is failing (HTTP {status})")


# --- clouds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_token_is_asked_for_the_graph_of_the_cloud(graph: Sandbox, office: Office, cloud: str) -> None:
    assert count_books(office, cloud=cloud) > 3
    assert graph.tokens.audiences == {f"https://{CLOUDS[cloud].host}"}


def test_china_lists_as_it_tells_no_changes_of_contacts(graph: Sandbox, office: Office) -> None:
    with office.open(cloud="china") as source:
        books = [book for book in source.books() if isinstance(book, Book)]
        ends = {book.id: items_of(source, book)[-1] for book in books}
        graph.requests.clear()
        for book in books:
            end = ends[book.id]
            assert isinstance(end, End)
            *_, again = source.changes(book, end.checkpoint, ())
            assert isinstance(again, End)
            assert again.full
    assert "contactsDelta" not in graph.requests.count()
    assert graph.requests.count()["contacts"] >= len(books)
