"""The settings of a profile: what is refused, in which words, and where each cloud has its doors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pbx_microsoft365.settings import Microsoft365Settings
from pydantic import ValidationError

LEAST = {"tenant": "example.onmicrosoft.com", "client_id": "x", "client_secret": {"env": "PW"}}
GROUP = "60402b4b-46f8-5f06-a7cf-4b3b7d9e8075"


def settings(**changes: Any) -> Microsoft365Settings:
    return Microsoft365Settings.model_validate({**LEAST, **changes})


def test_an_app_is_enough() -> None:
    found = settings()
    assert found.root == "https://graph.microsoft.com/v1.0"
    assert found.sign_in == "https://login.microsoftonline.com/example.onmicrosoft.com"
    assert (found.personal.enabled, found.shared.enabled) == (True, True)
    assert (found.directory.enabled, found.org_contacts.enabled) == (False, False)
    assert found.mail_domain == "example.onmicrosoft.com"


@pytest.mark.parametrize(
    ("cloud", "graph", "sign_in", "has_delta"),
    [
        ("us-government", "graph.microsoft.us", "login.microsoftonline.us", True),
        ("us-dod", "dod-graph.microsoft.us", "login.microsoftonline.us", True),
        ("china", "microsoftgraph.chinacloudapi.cn", "login.chinacloudapi.cn", False),
    ],
)
def test_national_clouds_have_addresses_of_their_own(cloud: str, graph: str, sign_in: str, has_delta: bool) -> None:
    found = settings(cloud=cloud, tenant=" 11111111-2222-3333-4444-555555555555 ")
    assert (found.root, found.scope) == (f"https://{graph}/v1.0", f"https://{graph}/.default")
    assert found.sign_in == f"https://{sign_in}/11111111-2222-3333-4444-555555555555"
    assert found.has_contact_delta is has_delta
    assert found.mail_domain == ""


def test_addresses_may_be_given_for_sandboxes_and_proxies() -> None:
    found = settings(url="https://127.0.0.1:8443/v1.0/", authority="https://127.0.0.1:8443/")
    assert found.root == "https://127.0.0.1:8443/v1.0"
    assert found.sign_in == "https://127.0.0.1:8443/example.onmicrosoft.com"
    assert settings(authority="https://127.0.0.1:8443/other").sign_in == "https://127.0.0.1:8443/other"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tenant": ""}, "at least 1 character"),
        ({"client_secret": "hunter2"}, "client_secret"),
        ({"client_secret": None}, "either client_secret or certificate"),
        ({"certificate": "app.pem"}, "either client_secret or certificate"),
        ({"passphrase": {"env": "PW"}}, "there is none"),
        ({"cloud": "germany"}, "'global', 'us-government', 'us-dod' or 'china'"),
        ({"url": "graph.example.com"}, "expected an address such as"),
        ({"url": "https://graph.microsoft.com"}, "with its version, such as https://graph.microsoft.com/v1.0"),
        ({"url": "https://user:secret@graph.example.com/"}, "does not belong in an address"),
        ({"verify": "false", "ca_file": "/x.pem"}, "contradict"),
        ({"proxy": "http://p", "proxy_username": "x"}, "go together"),
        ({"proxy_username": "x", "proxy_password": {"env": "PW"}}, "need proxy:"),
        ({"public": True}, "no public folders in Microsoft Graph; copy their contacts into a shared mailbox"),
        ({"public": {"include": ["/Sales"]}}, "no public folders in Microsoft Graph"),
        ({"shared": {"owners": ["sales"]}}, "not an e-mail address"),
        ({"shared": {"discover": True}}, "Extra inputs are not permitted"),
        ({"directory": {"groups": ["Phone users"]}}, "not its name"),
        ({"org_contacts": {"groups": [GROUP, "a@b c"]}}, "not its name"),
        ({"connections": "51"}, "less than or equal to 50"),
        ({"memory": "511"}, "greater than or equal to 512"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        settings(**changes)
    assert words in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("public", [False, "no", "off", {"enabled": "false"}])
def test_public_folders_may_be_switched_off_in_every_spelling(public: object) -> None:
    assert settings(public=public).public is False


def test_files_count_from_the_profile() -> None:
    values = {**LEAST, "client_secret": None, "certificate": "app.pem", "ca_file": "ca.pem"}
    found = Microsoft365Settings.model_validate(values, context={"folder": "/profiles"})
    assert (found.ca_file, found.certificate) == (Path("/profiles/ca.pem"), Path("/profiles/app.pem"))
