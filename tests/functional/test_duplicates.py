"""One person in two profiles, as people and programs see it on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from product import Connector

PEOPLE = """displayname;phone;mobile;email
Ann Berg;+49 991 12345;;ann@example.com
Bob;+49 991 777;;
Cid;+49 991 999;;
"""
OFFICE = """displayname;phone;mobile;email
"Berg, Ann";+49 991 5;0171 1234567;ANN@example.com
Dora;+49 991 888;;
Switchboard;+49 991 999;;
Door;+49 991 999;;
"""


@pytest.fixture
def bring(connector: Connector) -> Callable[..., Path]:
    """Run a profile that reads a list; returns its file."""

    def bring(name: str, text: str, more: str = "") -> Path:
        (connector.home / f"{name}.csv").write_text(text)
        profile = connector.home / f"{name}.yaml"
        if not profile.exists():
            connector("new", "csv-contacts", "--path", f"{name}.csv", "--name", name, "--file", profile)
            connector("profiles", "keep", profile)
        if more:
            profile.write_text(f"{more}\n{profile.read_text()}")
        connector("run", profile)
        return profile

    return bring


def test_who_is_in_two_profiles_is_listed_with_what_tells_it(connector: Connector, bring: Callable[..., Path]) -> None:
    bring("people", PEOPLE)
    assert connector("phonebook", "duplicates").out == "0 persons are in several profiles\n"
    bring("office", OFFICE)
    done = connector("phonebook", "duplicates")
    rows = [line.split() for line in done.out.splitlines()[2:-2]]
    assert rows == [["1", "3", "Ann", "Berg", "people", "ann@example.com"], ["7", "Berg,", "Ann", "office"]]
    assert done.out.splitlines()[-1] == "1 person is in several profiles"
    assert done.err == (
        "note: number +49991999 tells nobody apart: 3 entries have it, several of them of one profile\n"
    )


def test_programs_get_entries_reasons_and_what_is_ambiguous(connector: Connector, bring: Callable[..., Path]) -> None:
    bring("people", PEOPLE)
    bring("office", OFFICE)
    found = connector("phonebook", "duplicates", "--json").json
    (person,) = found["persons"]
    assert [(entry["id"], entry["profile"]) for entry in person["entries"]] == [(3, "people"), (7, "office")]
    assert person["because"] == [{"kind": "email", "value": "ann@example.com"}]
    assert found["ambiguous"] == [{"kind": "phone", "value": "+49991999", "entries": 3}]
