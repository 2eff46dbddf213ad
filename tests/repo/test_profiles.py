"""The profiles in profiles/ are what the templates in the plugin make, and both are fine."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pytest

from pbx_connector.plugins import Plugins
from pbx_connector.profile import check_profile
from pbx_connector.source import Template

PROFILES = Path(__file__).resolve().parents[2] / "profiles"
ANSWERS = {
    "name": json.dumps("Exchange contacts"),
    "email": json.dumps("pbx@example.com"),
    "password": "{env: EXCHANGE_PASSWORD}",
    "url": json.dumps("https://exchange.example.com/EWS/Exchange.asmx"),
}
DIRECTORY = {
    "name": json.dumps("LDAP contacts"),
    "servers": json.dumps("ldap.example.com"),
    "username": json.dumps("cn=pbx,dc=example,dc=com"),
    "password": "{env: LDAP_PASSWORD}",
    "base": json.dumps("ou=people,dc=example,dc=com"),
}
APP = {
    "name": json.dumps("Microsoft 365"),
    "tenant": json.dumps("example.onmicrosoft.com"),
    "client_id": json.dumps("00000000-0000-0000-0000-000000000000"),
    "client_secret": "{env: GRAPH_SECRET}",
}
ANSWERS_OF = {
    "microsoft365-contacts": APP,
    "microsoft365-office": APP,
    "microsoft365-directory": APP,
    "carddav-contacts": {
        "name": json.dumps("Contacts from CardDAV"),
        "url": json.dumps("https://cloud.example.com"),
        "username": json.dumps("pbx"),
        "password": "{env: CARDDAV_PASSWORD}",
    },
    "csv-contacts": {
        "name": json.dumps("Contacts from CSV"),
        "path": json.dumps("people.csv"),
        "url": "",
        "key": json.dumps("email"),
    },
    "ldap-contacts": DIRECTORY,
    "active-directory": DIRECTORY
    | {
        "name": json.dumps("Active Directory"),
        "servers": json.dumps("dc1.example.com, dc2.example.com"),
        "username": json.dumps("pbx@example.com"),
        "base": json.dumps(""),
    },
}
"""By template; ANSWERS for all others."""
PLUGINS = Plugins()
TEMPLATES = [template for _, template in PLUGINS.templates.values()]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_each_template_has_its_profile_here(template: Template) -> None:
    written = (PROFILES / f"{template.name}.yaml").read_text(encoding="utf-8")
    assert written == string.Template(template.text).substitute(ANSWERS_OF.get(template.name, ANSWERS))


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.yaml")), ids=lambda path: path.name)
def test_each_profile_is_fine(path: Path) -> None:
    checked = check_profile(path, PLUGINS)
    assert checked.profile is not None, checked.diagnostics
    nameless = path.stem in ("exchange-contacts", "microsoft365-contacts")  # as the original's mapping may come out
    allowed = {"R0410"} if nameless else set()
    assert {found.code for found in checked.diagnostics} <= allowed


def test_there_are_profiles() -> None:
    assert {path.stem for path in PROFILES.glob("*.yaml")} >= {"exchange-contacts", "exchange-office"}
