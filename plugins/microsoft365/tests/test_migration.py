"""What the settings of an Exchange profile become, and what is said of those that have no counterpart."""

from __future__ import annotations

from string import Template
from typing import Any

import pytest
from pbx_microsoft365.migration import PUBLIC_FOLDERS, from_exchange
from ruamel.yaml import YAML

OAUTH = {"tenant": "example.com", "client_id": "0-0", "client_secret": {"env": "SECRET"}, "cloud": "global"}


def settings_of(before: dict[str, Any], **answers: str) -> Any:
    migration = from_exchange(before)
    return YAML(typ="safe").load(Template(migration.settings).substitute(answers))


def test_an_app_that_signs_in_goes_on_to_sign_in() -> None:
    assert settings_of({"email": "pbx@example.com", "oauth": OAUTH}) == OAUTH
    assert from_exchange({"oauth": OAUTH}).questions == ()


def test_a_service_user_becomes_questions() -> None:
    before = {"email": "pbx@example.com", "password": {"file": "p"}, "url": "https://a/EWS", "domain": "X"}
    migration = from_exchange(before)
    assert [(one.name, one.secret) for one in migration.questions] == [
        ("tenant", False),
        ("client_id", False),
        ("client_secret", True),
    ]
    made = settings_of(before, tenant='"t"', client_id='"c"', client_secret='{env: "S"}')
    assert made == {"tenant": "t", "client_id": "c", "client_secret": {"env": "S"}}
    assert any("Contacts.Read" in sentence for sentence in migration.lost)


def test_how_it_is_reached_and_what_is_read_stays() -> None:
    before = {
        "oauth": OAUTH,
        "proxy": "http://proxy:3128",
        "timeout": "30",
        "shared": {"owners": ["sales@example.com"], "exclude": ["*/$Old"], "discover": "true"},
        "personal": {"skip_accounts": ["door"], "match": "email"},
    }
    made = settings_of(before)
    assert made == {
        **OAUTH,
        "proxy": "http://proxy:3128",
        "timeout": "30",
        "shared": {"owners": ["sales@example.com"], "exclude": ["*/$Old"]},
        "personal": {"skip_accounts": ["door"], "match": "email"},
    }


@pytest.mark.parametrize("off", ["false", "No", {"enabled": "off"}])
def test_what_was_off_stays_off(off: Any) -> None:
    migration = from_exchange({"oauth": OAUTH, "public": off, "shared": off, "personal": off})
    assert settings_of({"oauth": OAUTH, "public": off, "shared": off, "personal": off}) == {
        **OAUTH,
        "shared": "false",
        "personal": "false",
    }
    assert migration.lost == ()


@pytest.mark.parametrize("public", [None, "true", {"include": ["/Sales"]}])
def test_public_folders_are_lost_and_said_to_be(public: Any) -> None:
    before = {"oauth": OAUTH} | ({} if public is None else {"public": public})
    assert PUBLIC_FOLDERS in from_exchange(before).lost


def test_further_losses_are_said() -> None:
    lost = from_exchange({"oauth": OAUTH, "public": "no", "verify": "false", "shared": {"discover": "yes"}}).lost
    assert ["verify" in sentence for sentence in lost] == [False, True]
    assert "shared: owners:" in lost[0]
