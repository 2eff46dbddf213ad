"""People of a tenant have neither a command line nor the provider's folders: no page of theirs speaks of these."""

from __future__ import annotations

import re

import psycopg
import pytest
from pbx_web.operations import HostedOperations
from tenant_pages import Pages

from pbx_connector.api import Role, application

OF_THE_MACHINE = re.compile(
    r"pbx-connector [a-z-]|pip install|profiles folder|Profilordner|the service(?! user)", re.IGNORECASE
)

WARNED = """\
title: Cards
source: carddav
settings: {url: "https://cards.example.com/dav/"}
region: DE
structure: {phonebook: [{028pho_bez: "{{DisplayName}}", 028pho_notes: "{{Mileage}}"}]}
"""
"""It reads a field that is always blank."""


def of_the_machine(page: str) -> list[str]:
    """Lines that speak of it; the head and the brand are every page's."""
    return [line.strip() for line in page.partition("<main")[2].splitlines() if OF_THE_MACHINE.search(line)]


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_page_speaks_of_what_is_the_providers(pages: Pages, language: str) -> None:
    with psycopg.connect(pages.fleet.config.database) as connection:
        connection.execute("UPDATE pbx_control.schedule SET state = 'quarantined', reason = '3 workers died'")
    paths = ["/", "/runs", "/phone-book", "/devices", "/accounts", "/users", "/settings", "/audit"]
    paths += ["/profiles/new", "/profiles/new/csv-contacts", "/profiles/new/ldap-contacts", "/profiles/staff"]
    paths += ["/profiles/staff?tab=automate", "/profiles/nobody", "/runs/77", "/plans/77", "/phone-book/entries/77"]
    for role in (Role.ADMIN, Role.EDITOR):
        with pages.client("acme", role) as client:
            client.cookies.set("language", language)
            found = {path: of_the_machine(client.get(path).text) for path in paths}
        assert not any(found.values()), {path: lines for path, lines in found.items() if lines}


def test_what_is_asked_wrongly_is_answered_without_commands(pages: Pages) -> None:
    asked: list[tuple[str, dict[str, str]]] = [
        ("/devices/add", {"name": ""}),
        ("/devices/add", {"name": "Hall", "account": "7"}),
        ("/labels/add", {"name": "?" * 200}),
        ("/overview/resume", {"profile": "nobody"}),
        ("/overview/adopt", {"profile": "staff", "old": "nobody"}),
        ("/phone-book/entries/77/remove", {}),
    ]
    with pages.client("acme", Role.ADMIN) as client:
        for path, form in asked:
            answer = client.post(path, data=form)
            assert answer.status_code >= 400, path
            assert of_the_machine(answer.text) == [], path
            said = client.post(f"/api/v1{path}", data=form).json()["error"]
            assert not OF_THE_MACHINE.search(said["hint"] or ""), said


def test_findings_in_json_name_no_commands(pages: Pages) -> None:
    """A program of a tenant's is told what its people are."""
    told = pages.site("acme").operations.advice
    found = {"diagnostics": [{"hint": "leave it out; pbx-connector fields csv lists what there is"}, {"hint": ""}]}
    said = application.command_words.reworded(found, told)
    assert said == {"diagnostics": [{"hint": "leave it out"}, {"hint": ""}]}
    (pages.folder / "acme" / "profiles" / "cards.yaml").write_text(WARNED)
    pages.publish("acme")
    with pages.client("acme", Role.EDITOR) as client:
        answer = client.get("/api/v1/profiles/cards")
    assert "take another field, or leave it out" in answer.text
    assert not OF_THE_MACHINE.search(answer.text), answer.text


@pytest.mark.parametrize(
    ("hint", "left"),
    [
        ("see: pbx-connector accounts list", ""),
        ("leave it out; pbx-connector fields csv lists what there is", "leave it out"),
        ("pip install 'pbx-connector[scale]'", ""),
        ("such as: Phone of Ann", "such as: Phone of Ann"),
        (None, ""),
    ],
)
def test_of_a_hint_what_can_be_followed_is_left(pages: Pages, hint: str | None, left: str) -> None:
    operations = pages.site("acme").operations
    assert isinstance(operations, HostedOperations)
    assert operations.advice(hint) == left
