"""Microsoft 365: tokens by secret or certificate, and why there may be none."""

from __future__ import annotations

import datetime
import logging
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from free_port import free_port
from pbx_exchange.error_mapping import explain
from pbx_exchange.oauth import NoToken
from pbx_exchange.sandbox.faults import Fault
from pbx_exchange.settings import CLOUDS

from pbx_connector.api import Book, Problem, SourceError

from .conftest import Internet, MakeOffice, Office, count_books, fail, unknowns


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


@pytest.mark.parametrize("number", ['"²"', '"soon"', '"' + "9" * 5000 + '"', "1e999", "[]", "{}"])
def test_a_sign_in_service_whose_numbers_make_no_sense_is_told(cloud: Office, number: str) -> None:
    with cloud.open(**tokens(cloud)) as source:
        cloud.sandbox.tokens.revoke()
        answer = f'{{"access_token": "secret-token", "token_type": "Bearer", "expires_in": {number}}}'
        cloud.sandbox.tokens.trouble = (200, answer)
        failure = unknowns(source)[0].problem
    assert (failure.code, "secret-token" in repr(failure)) == ("X0216", False)


def test_a_certificate_that_is_a_pipe_is_not_waited_for(cloud: Office, tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "app.pem")
    assert fail(cloud, **tokens(cloud, certificate=str(pipe))).code == "X0113"
    assert fail(cloud, **tokens(cloud) | {"ca_file": str(pipe)}).code == "X0113"


def test_a_sign_in_service_that_cannot_be_reached_is_told_apart_from_exchange(cloud: Office) -> None:
    failure = fail(cloud, **tokens(cloud, authority=f"https://127.0.0.1:{free_port()}/example.com"))
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
