"""What the configuration can say, and that nothing is served in the clear by mistake."""

from __future__ import annotations

from typing import Any

import pytest
from pbx_directory.settings import DirectorySettings
from pydantic import ValidationError


def test_nothing_is_served_unless_it_is_said() -> None:
    assert not DirectorySettings().serves
    assert not DirectorySettings(http="off", ldap="OFF").serves
    assert DirectorySettings(http="127.0.0.1:0").serves


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"http": "192.168.7.5:8088"}, "unencrypted to other machines"),
        ({"ldap": ":3389"}, "unencrypted to other machines"),
        ({"http": "8088"}, "write an address as"),
        ({"http": "192.168.7.5:99999"}, "write an address as"),
        ({"http": "pbx:80"}, "does not appear to be an IPv4 or IPv6 address"),
        ({"ldaps": "127.0.0.1:0"}, "ldaps needs a certificate"),
        ({"key": "key.pem"}, "a key needs its certificate"),
        ({"dial_form": "national"}, "national needs a region"),
        ({"networks": "10.0.0.0/8, office"}, "'office' is no network"),
        ({"region": "de"}, "pattern"),
        ({"htp": "127.0.0.1:0"}, "Extra inputs"),
    ],
)
def test_what_is_wrong_is_told(said: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong):
        DirectorySettings.model_validate(said)


@pytest.mark.parametrize(
    "said",
    [
        {"http": "[::1]:0"},
        {"http": "localhost:8088", "ldap": "127.0.0.1:3389"},
        {"http": ":8088", "certificate": "cert.pem"},
        {"http": "192.168.7.5:8088", "plain": "true"},
        {"dial_form": "national", "region": "DE", "outside_line": "0", "networks": "10.0.0.0/8,192.168.0.0/16"},
    ],
)
def test_what_is_right_is_taken(said: dict[str, Any]) -> None:
    assert DirectorySettings.model_validate(said)
