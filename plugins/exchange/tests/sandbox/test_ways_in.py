"""The ways to reach the sandbox besides plain HTTP and Basic: NTLM, tokens, TLS, autodiscover, its own address."""

from __future__ import annotations

import base64
import datetime
import json
import time
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from exchangelib import DELEGATE, NTLM, Account, Build, Configuration, Credentials, Version
from exchangelib.autodiscover.protocol import AutodiscoverProtocol
from exchangelib.protocol import FailFast, close_connections
from lxml import etree
from pbx_exchange.sandbox import Sandbox
from pbx_exchange.sandbox.soap import NS
from requests_ntlm import HttpNtlmAuth

ANNA = "anna.berg@example.com"
FOLDER = (
    "<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>"
    '<m:FolderIds><t:DistinguishedFolderId Id="contacts"/></m:FolderIds></m:GetFolder>'
)
IMPERSONATION = (
    "<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>{}</t:PrimarySmtpAddress>"
    "</t:ConnectingSID></t:ExchangeImpersonation>"
)


def envelope(body: str, header: str = "") -> bytes:
    names = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())
    return f"<s:Envelope {names}><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>".encode()


# --- NTLM ---------------------------------------------------------------------------------------------------------


def test_exchangelib_logs_in_by_ntlm() -> None:
    with Sandbox.start(auth=["ntlm"]) as sandbox:
        config = Configuration(
            service_endpoint=sandbox.url,
            credentials=Credentials("EXAMPLE\\anna", sandbox.password),
            auth_type=NTLM,
            version=Version(build=Build(15, 2)),
            retry_policy=FailFast(),
        )
        account = Account(ANNA, config=config, autodiscover=False, access_type=DELEGATE)
        assert account.contacts.all().count() == 3
        assert {record.caller for record in sandbox.requests if record.operation} == {ANNA}
        close_connections()


@pytest.mark.parametrize("name", ["anna.berg@example.com", "EXAMPLE\\anna"])
def test_ntlm_logs_in_a_connection_once(name: str) -> None:
    with Sandbox.start(auth=["ntlm"]) as sandbox, requests.Session() as session:
        session.auth = HttpNtlmAuth(name, sandbox.password)
        statuses = [session.post(sandbox.url, data=envelope(FOLDER), timeout=100).status_code for _ in range(3)]
        assert statuses == [200, 200, 200]
        assert [record.status for record in sandbox.requests].count(401) == 2


def test_ntlm_with_a_wrong_password() -> None:
    with Sandbox.start(auth=["ntlm"]) as sandbox:
        answer = requests.post(sandbox.url, data=b"", auth=HttpNtlmAuth("EXAMPLE\\anna", "wrong"), timeout=100)
        assert answer.status_code == 401


def test_only_the_ways_that_were_asked_for_are_open() -> None:
    with Sandbox.start(auth=["ntlm", "bearer"]) as sandbox:
        answer = requests.post(sandbox.url, data=b"", auth=(sandbox.email, sandbox.password), timeout=100)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("NTLM, Bearer ")


def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(ValueError, match="carrier pigeon"):
        Sandbox.start(auth=["carrier pigeon"])


# --- tokens -------------------------------------------------------------------------------------------------------


def ask_token(sandbox: Sandbox, **form: str) -> requests.Response:
    usual = {
        "grant_type": "client_credentials",
        "client_id": sandbox.application.client_id,
        "client_secret": sandbox.application.secret,
        "scope": "https://outlook.office365.com/.default",
    }
    return requests.post(f"{sandbox.authority_url}/oauth2/v2.0/token", data={**usual, **form}, timeout=100)


def call(sandbox: Sandbox, token: str, header: str = "") -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.post(sandbox.url, data=envelope(FOLDER, header), headers=headers, timeout=100)


def test_a_token_opens_mailboxes_by_impersonation_only() -> None:
    with Sandbox.start(auth=["bearer"]) as sandbox:
        token = ask_token(sandbox).json()["access_token"]
        assert b"NoError" in call(sandbox, token, IMPERSONATION.format(ANNA)).content
        refused = call(sandbox, token)
        assert refused.status_code == 500
        assert b"ExchangeImpersonation SOAP header must be present" in refused.content
        sandbox.application.impersonates.clear()
        assert b"ErrorImpersonateUserDenied" in call(sandbox, token, IMPERSONATION.format(ANNA)).content


def test_tokens_expire_and_can_be_revoked() -> None:
    with Sandbox.start(auth=["bearer"], token_lifetime=0.2) as sandbox:
        token = ask_token(sandbox).json()["access_token"]
        time.sleep(0.25)
        assert call(sandbox, token, IMPERSONATION.format(ANNA)).status_code == 401
        sandbox.tokens.lifetime = 3600
        token = ask_token(sandbox).json()["access_token"]
        assert call(sandbox, token, IMPERSONATION.format(ANNA)).status_code == 200
        sandbox.tokens.revoke()
        assert call(sandbox, token, IMPERSONATION.format(ANNA)).status_code == 401


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"client_secret": "wrong"}, 401, "AADSTS7000215"),
        ({"client_id": "nobody"}, 400, "AADSTS700016"),
        ({"scope": "openid"}, 400, "AADSTS1002012"),
        ({"grant_type": "password"}, 400, "AADSTS70003"),
    ],
)
def test_why_there_is_no_token(form: dict[str, str], status: int, code: str) -> None:
    with Sandbox.start(auth=["bearer"]) as sandbox:
        refused = ask_token(sandbox, **form)
        assert refused.status_code == status
        assert refused.json()["error_description"].startswith(code)


def test_an_expired_secret() -> None:
    with Sandbox.start(auth=["bearer"]) as sandbox:
        sandbox.application.secret_expired = True
        assert ask_token(sandbox).json()["error_description"].startswith("AADSTS7000222")


def make_certificate(key: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pbx")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def make_assertion(key: rsa.RSAPrivateKey, client_id: str, expires: float) -> str:
    parts = [{"alg": "RS256", "typ": "JWT"}, {"sub": client_id, "iss": client_id, "exp": expires}]
    signed = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def test_a_certificate_instead_of_a_secret() -> None:
    key, other = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    with Sandbox.start(auth=["bearer"]) as sandbox:
        client = sandbox.application.client_id
        sandbox.application.certificate = make_certificate(key)
        good, foreign, late = (
            ask_token(sandbox, client_assertion_type=kind, client_assertion=make_assertion(signer, client, expires))
            for signer, expires in ((key, time.time() + 60), (other, time.time() + 60), (key, time.time() - 60))
        )
        assert good.status_code == 200
        assert foreign.json()["error_codes"] == [700027]
        assert late.json()["error_codes"] == [700024]


def test_discovery_names_the_token_endpoint() -> None:
    with Sandbox.start(auth=["bearer"]) as sandbox:
        url = f"{sandbox.authority_url}/v2.0/.well-known/openid-configuration"
        found = requests.get(url, timeout=100).json()
        assert found["token_endpoint"] == f"{sandbox.authority_url}/oauth2/v2.0/token"


# --- TLS ----------------------------------------------------------------------------------------------------------


def test_tls_is_trusted_by_its_own_authority_alone() -> None:
    with Sandbox.start(tls=True) as sandbox:
        login = (sandbox.email, sandbox.password)
        answer = requests.post(sandbox.url, data=envelope(FOLDER), auth=login, verify=str(sandbox.ca_file), timeout=100)
        assert sandbox.url.startswith("https://")
        assert answer.status_code == 200
        with pytest.raises(requests.exceptions.SSLError):
            requests.post(sandbox.url, data=envelope(FOLDER), auth=login, timeout=100)
        ca_file = sandbox.ca_file
    assert isinstance(ca_file, Path)
    assert not ca_file.exists()


# --- autodiscover -------------------------------------------------------------------------------------------------


@pytest.fixture
def discovering(sandbox: Sandbox) -> AutodiscoverProtocol:
    endpoint = f"{sandbox.base_url}/Autodiscover/Autodiscover.svc"
    credentials = Credentials(sandbox.email, sandbox.password)
    return AutodiscoverProtocol(
        config=Configuration(service_endpoint=endpoint, credentials=credentials, auth_type="basic")
    )


def test_autodiscover_in_soap(sandbox: Sandbox, discovering: AutodiscoverProtocol) -> None:
    found = discovering.get_user_settings(ANNA)
    found.raise_errors()
    assert found.ews_url == sandbox.url
    assert found.autodiscover_smtp_address == ANNA
    assert found.version.api_version == "Exchange2016"
    discovering.close()


def test_autodiscover_of_nobody(discovering: AutodiscoverProtocol) -> None:
    found = discovering.get_user_settings("nobody@example.com")
    assert found.error_code == "InvalidUser"
    discovering.close()


def ask_pox(sandbox: Sandbox, address: str, password: str) -> requests.Response:
    body = (
        '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>'
        f"<EMailAddress>{address}</EMailAddress></Request></Autodiscover>"
    )
    url = f"{sandbox.base_url}/autodiscover/autodiscover.xml"
    return requests.post(url, data=body, auth=(sandbox.email, password), timeout=100)


def test_autodiscover_in_plain_xml(sandbox: Sandbox) -> None:
    found = etree.fromstring(ask_pox(sandbox, ANNA, sandbox.password).content)
    nobody = etree.fromstring(ask_pox(sandbox, "nobody@example.com", sandbox.password).content)
    assert found.findtext(".//{*}EwsUrl") == sandbox.url
    assert nobody.findtext(".//{*}ErrorCode") == "500"
    assert ask_pox(sandbox, ANNA, "wrong").status_code == 401
    assert b"ErrorSchemaValidation" in ask_pox(sandbox, "<", sandbox.password).content


# --- the sandbox's own address ------------------------------------------------------------------------------------


def test_faults_are_added_seen_and_cleared_over_http(sandbox: Sandbox) -> None:
    login = (sandbox.email, sandbox.password)
    url = f"{sandbox.base_url}/sandbox/faults"
    added = requests.post(url, json={"name": "503", "operation": "GetFolder", "times": 2}, auth=login, timeout=100)
    assert [(fault["name"], fault["times"]) for fault in added.json()] == [("503", 2)]
    assert requests.post(sandbox.url, data=envelope(FOLDER), auth=login, timeout=100).status_code == 503
    assert requests.delete(url, auth=login, timeout=100).json() == []
    assert requests.post(sandbox.url, data=envelope(FOLDER), auth=login, timeout=100).status_code == 200


@pytest.mark.parametrize("body", ["[", '{"name": "earthquake"}', '{"nam": "503"}', "[1]"])
def test_a_fault_that_makes_no_sense_is_refused(sandbox: Sandbox, body: str) -> None:
    login = (sandbox.email, sandbox.password)
    refused = requests.post(f"{sandbox.base_url}/sandbox/faults", data=body, auth=login, timeout=100)
    assert refused.status_code == 400
    assert refused.json()["error"]


def test_requests_are_counted_over_http(sandbox: Sandbox) -> None:
    login = (sandbox.email, sandbox.password)
    for _ in range(3):
        requests.post(sandbox.url, data=envelope(FOLDER), headers={"X-AnchorMailbox": ANNA}, auth=login, timeout=100)
    url = f"{sandbox.base_url}/sandbox/requests"
    assert requests.get(url, auth=login, timeout=100).json() == {"GetFolder": 3}
    assert {record.headers["x-anchormailbox"] for record in sandbox.requests} == {ANNA}
    assert requests.delete(url, auth=login, timeout=100).json() == {}
    assert requests.get(url, timeout=100).status_code == 401
