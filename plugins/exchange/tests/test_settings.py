"""The settings of a profile: what is refused, and in which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pbx_exchange.settings import ExchangeSettings, OAuth, PersonalFolders, PublicFolders, SharedFolders
from pydantic import BaseModel, ValidationError

from pbx_connector.api import FolderSettings
from pbx_connector.settings import outside_rows

APP = {"tenant": "example.com", "client_id": "x", "client_secret": {"env": "PW"}}
LEAST = {"email": "pbx@example.com", "password": {"env": "PW"}}


def settings(**changes: Any) -> ExchangeSettings:
    return ExchangeSettings.model_validate({**LEAST, **changes})


def test_email_and_password_are_enough() -> None:
    assert settings().login == "pbx@example.com"
    assert settings().public.enabled
    assert settings().personal.match == "both"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"email": "pbx"}, "not an e-mail address"),
        ({"email": "pbx @example.com"}, "not an e-mail address"),
        ({"password": "secret"}, "password"),
        ({"password": None}, "a password is needed"),
        ({"url": "exchange.example.com"}, "expected an address such as"),
        ({"url": "https://user:secret@exchange.example.com/"}, "does not belong in an address"),
        ({"url": "https://[exchange/"}, "expected an address such as"),
        ({"proxy": "http://user:secret@proxy.example.com"}, "does not belong in an address"),
        ({"pasword": "x"}, "Extra inputs are not permitted"),
        ({"public": {"includ": []}}, "Extra inputs are not permitted"),
        ({"public": "perhaps"}, "public"),
        ({"timezone": "Europe/Bärlin"}, "not a time zone"),
        ({"timezone": "../../etc/passwd"}, "not a time zone"),
        ({"connections": "28"}, "less than or equal to 27"),
        ({"timeout": "0"}, "greater than 0"),
        ({"verify": "false", "ca_file": "/x.pem"}, "contradict"),
        ({"shared": {"owners": ["nobody"]}}, "not an e-mail address"),
        ({"proxy": "http://p", "proxy_username": "x"}, "go together"),
        ({"proxy_username": "x", "proxy_password": {"env": "PW"}}, "need proxy:"),
        ({"oauth": APP | {"passphrase": {"env": "PW"}}}, "there is none"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        settings(**changes)
    assert words in str(refusal.value)


def test_a_password_in_the_wrong_place_is_not_repeated() -> None:
    for misplaced in ({"password": "hunter2"}, {"hunter2": "x"}, {"public": "hunter2"}):
        with pytest.raises(ValidationError) as refusal:
            settings(**misplaced)
        assert "hunter2" not in str(refusal.value) or "hunter2" in misplaced


def test_what_was_left_blank_was_not_said() -> None:
    assert settings(url="", domain=" ", username="").url is None
    assert settings(url="", domain=" ", username="").login == "pbx@example.com"


@pytest.mark.parametrize("suffix", ["example.net", "@example.net", " @example.net "])
def test_the_domain_of_principal_names_may_come_with_its_at(suffix: str) -> None:
    assert settings(personal={"suffix": suffix}).personal.suffix == "example.net"
    assert settings(personal={"suffix": "@"}).personal.suffix is None


def test_files_of_certificates_count_from_the_profile() -> None:
    app = {"tenant": "t", "client_id": "c", "certificate": "app.pem"}
    values = LEAST | {"ca_file": "ca.pem", "oauth": app}
    found = ExchangeSettings.model_validate(values, context={"folder": "/profiles"})
    assert found.oauth
    assert (found.ca_file, found.oauth.certificate) == (Path("/profiles/ca.pem"), Path("/profiles/app.pem"))


@pytest.mark.parametrize(("word", "on"), [("false", False), ("no", False), (False, False), ("on", True), (True, True)])
def test_a_kind_of_address_book_is_switched_by_one_word(word: object, on: bool) -> None:
    assert settings(public=word).public.enabled is on


@pytest.mark.parametrize(
    ("changes", "login"),
    [
        ({"domain": "EXAMPLE"}, "EXAMPLE\\pbx"),
        ({"username": "svc", "domain": "EXAMPLE"}, "EXAMPLE\\svc"),
        ({"username": "EXAMPLE\\svc", "domain": "OTHER"}, "EXAMPLE\\svc"),
        ({"username": "svc"}, "svc"),
    ],
)
def test_the_log_in_name_follows_from_what_is_given(changes: dict[str, Any], login: str) -> None:
    assert settings(**changes).login == login


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/Sales", "/Sales", True),
        ("sales", "/Sales/Customers", True),
        ("/Sales", "/Salesmen", False),
        ("/Sales/*", "/Sales", False),
        ("*/VIP", "/Sales/VIP/Old", True),
        ("/S?les", "/Sales", False),
        ("/Who?", "/Who?", True),
        ("/[Alt]", "/[Alt]/Customers", True),
        ("/[Alt]", "/A", False),
        ("/[!S]ales", "/Bales", False),
        ("*/Big*", "/Bigger", True),
        ("*/Big*", "/Sales/North/Bigger/Old", True),
        ("*/Big*", "/Sales/Not Big", False),
        ("**/Big", "/Big", True),
        ("/*/Big", "/Big", False),
        ("/*/Big", "/Sales/Big", True),
        ("*", "/Sales", True),
        ("/Gr\u00f6\u00dfe", "/Gro\u0308sse", True),
        ("/a.b", "/axb", False),
        ("", "/Sales", False),
        ("/Sales/", "/Sales", True),
    ],
)
def test_a_pattern_takes_subfolders_along(pattern: str, path: str, matches: bool) -> None:
    assert FolderSettings(include=(pattern,)).wants(path) is matches
    assert FolderSettings(exclude=(pattern,)).wants(path) is not matches


def test_the_page_of_settings_says_the_same_words() -> None:
    page = (Path(__file__).parents[3] / "docs" / "exchange.md").read_text(encoding="utf-8")
    models: dict[str, type[BaseModel]] = {
        "": ExchangeSettings,
        "oauth.": OAuth,
        "public.": PublicFolders,
        "shared.": SharedFolders,
        "personal.": PersonalFolders,
    }
    for prefix, model in models.items():
        for name, field in model.model_fields.items():
            assert f"| `{prefix}{name}` | {field.description} |" in page


def test_how_the_server_is_reached_and_which_folders_are_read_makes_no_other_rows() -> None:
    """A change of what is marked so causes no full read."""
    assert outside_rows(ExchangeSettings) >= {"timeout", "patience", "proxy", "proxy_username", "proxy_password"}
    assert outside_rows(ExchangeSettings) >= {"connections", "verify", "ca_file", "auth", "oauth", "full_after_days"}
    assert not outside_rows(ExchangeSettings) & {"email", "username", "domain", "url", "version", "timezone", "public"}
    assert outside_rows(PersonalFolders) == {"enabled", "include", "exclude", "skip_accounts"}
    assert outside_rows(SharedFolders) == {"enabled", "include", "exclude", "owners", "discover"}
