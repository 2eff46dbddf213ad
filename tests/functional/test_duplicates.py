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


def names(connector: Connector) -> list[str]:
    return sorted(entry["fields"]["display_name"] for entry in connector.entries())


def test_a_person_shows_once_with_blanks_filled_and_comes_back(
    connector: Connector, bring: Callable[..., Path]
) -> None:
    people = bring("people", PEOPLE)
    office = bring("office", OFFICE, "merge: {by: [email, phone], prefer: other}")
    assert names(connector) == ["Ann Berg", "Bob", "Cid", "Door", "Dora", "Switchboard"]
    (ann,) = connector("phonebook", "search", "ann", "--json").json
    assert (ann["id"], ann["merged"], ann["fields"]["mobile"]) == (3, [7], "0171 1234567")
    (found,) = connector("phonebook", "lookup", "+49 171 1234567", "--json").json
    assert (found["id"], found["field"], found["number"]) == (3, "mobile", "0171 1234567")
    (found,) = connector("phonebook", "lookup", "+49 991 5", "--json").json
    assert (found["display_name"], found["number"]) == ("Ann Berg", "+49 991 5")
    assert "Gives way to   3" in connector("phonebook", "show", "7").out
    assert "Filled by" in connector("phonebook", "show", "3").out
    (people.parent / "people.csv").write_text(PEOPLE.replace("Ann Berg", "Dan").replace("ann@", "dan@"))
    counts = connector.counts(people)
    assert (counts["came_back"], counts["given_way"]) == (1, 0)
    assert "Berg, Ann" in names(connector)
    connector("undo", "3")
    assert "Berg, Ann" not in names(connector)
    assert connector.counts(office)["updated"] == 0


def test_a_simulation_and_a_refusal_say_who_would_give_way(connector: Connector, bring: Callable[..., Path]) -> None:
    crowd = [f"Name {number};+49 991 70{number};;n{number}@example.com" for number in range(10, 30)]
    text = "\n".join(["displayname;phone;mobile;email", *crowd]) + "\n"
    bring("people", text)
    office = bring("office", text.replace("Name", "Staff"))
    office.write_text(f"merge: {{by: email, prefer: mine}}\n{office.read_text()}")
    done = connector("simulate", office)
    assert "Giving way" in done.out
    assert "let 20 entries give way to other profiles'" in done.out
    plan = connector("simulate", office, "--json").json
    assert len(plan["giving_way"]) == 20
    assert plan["giving_way"][0]["entry"]["profile"] == "people"
    refused = connector("run", office, code=3)
    assert len(names(connector)) == 40
    number = refused.err.split("--release ")[1].split()[0]
    connector("run", office, "--release", number)
    assert {name.split()[0] for name in names(connector)} == {"Staff"}
