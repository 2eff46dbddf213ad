"""The plugin as the core finds it: one source, its fields, settings that are checked, a connection test in words."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from pbx_carddav import plugin
from pbx_carddav.fields import FIELDS, SUPPLIED
from pbx_carddav.settings import CardDavSettings
from pydantic import ValidationError

from pbx_connector.api import CONTACT_FIELDS, Account, SourceContext, SourceType, Template

from .conftest import Office
from .radicale import SERVICE, Radicale, card

(SOURCE,) = plugin.pbx_sources()
URL = {"url": "https://dav.example.com"}


def test_it_is_found_through_its_entry_point() -> None:
    (found,) = entry_points(group="pbx_connector", name="carddav")
    assert found.load() is plugin
    assert isinstance(SOURCE, SourceType)


@pytest.mark.parametrize("template", SOURCE.templates, ids=lambda template: template.name)
def test_a_template_asks_for_all_that_it_fills_in(template: Template) -> None:
    asked = {question.name for question in template.questions}
    assert {name for name in asked if f"${{{name}}}" in template.text} == asked
    assert template.text.count("${") == len(asked)


def test_every_shared_field_is_declared_and_filled_or_said_to_be_blank() -> None:
    declared = {field.name: field for field in FIELDS.fields}
    assert CONTACT_FIELDS.keys() <= declared.keys()
    assert {name for name, field in declared.items() if field.blank} == CONTACT_FIELDS.keys() - SUPPLIED


def loaded_by(module: str) -> str:
    """Which of the modules that speak to a server an import of `module` loads."""
    code = f"import sys, {module}; print(sorted({{'ssl', 'urllib3', 'pbx_carddav.source'}} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_a_profile_is_checked_without_what_speaks_to_a_server() -> None:
    assert loaded_by("pbx_carddav.plugin") == loaded_by("pbx_connector.api")


def test_an_unchecked_certificate_is_warned_of() -> None:
    assert SOURCE.warnings is not None
    settings = CardDavSettings.model_validate(URL | {"verify": False})
    assert [warning.code for warning in SOURCE.warnings(settings)] == ["D0109"]
    assert list(SOURCE.warnings(CardDavSettings.model_validate(URL))) == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"username": "pbx"}, "username: and password: go together"),
        ({"username": "a:b", "password": {"env": "X"}}, "may not have a colon"),
        ({"hosts": ["https://dav.example.com/"]}, "expected a host such as"),
        ({"personal": True}, "say where an account's address books are"),
        ({"personal": {"url": "https://dav.example.com/all/"}}, "say where an account's address books are"),
        ({"personal": {"url": "https://{username}.example.com/"}}, "in the path alone"),
        ({"personal": {"url": "{username}"}}, "expected an address such as"),
        ({"verify": False, "ca_file": "x.pem"}, "contradict"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_words(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        CardDavSettings.model_validate(URL | settings)


def checks(office: Office, **settings: Any) -> list[tuple[str, str]]:
    assert SOURCE.test_connection is not None
    found = SOURCE.test_connection(office.read_settings(**settings), SourceContext(office.accounts))
    return [(check.step, check.problem.code if check.problem else check.detail) for check in found]


def test_the_connection_test_shows_what_can_be_read(radicale: Radicale, office: Office) -> None:
    radicale.put(radicale.book(SERVICE, "a", "Customers"), card("Anna Berg"))
    radicale.book("ada", "private", "Private")
    office.accounts = [Account("1", "ada"), Account("2", "")]
    settings = {"personal": {"url": radicale.url + "/{username}/"}, "company": {"exclude": ["Old"]}}
    assert checks(office, **settings) == [
        ("host name", "127.0.0.1"),
        ("address books", "1"),
        ("Customers", "1 card, changes as the server tells them"),
        ("address books of account ada", "1"),
        ("ada: Private", "0 cards, changes as the server tells them"),
        ("address books of account 2", "D0205"),
        ("company: exclude: Old", "D0403"),
    ]


def test_the_connection_test_ends_where_nothing_goes_on(office: Office, tmp_path: Path) -> None:
    assert checks(office, username="nobody") == [("host name", "127.0.0.1"), ("address books", "D0201")]
    assert checks(office, url="https://no-such-host.invalid") == [("host name", "D0101")]
    assert checks(office, ca_file=str(tmp_path / "none.pem"))[-1] == ("host name", "D0110")
