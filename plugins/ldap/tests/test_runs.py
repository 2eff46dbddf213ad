"""Whole runs: what comes, changes and goes in a directory does so in the phone book, and what fails changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .command_line import run
from .openldap import ADMIN, PASSWORD, SUFFIX, OpenLdap, person

BASE = f"ou=customers,{SUFFIX}"
PROFILE = """\
title: Directory
source: ldap
settings:
  servers: {address}
  security: none
  username: {user}
  password: {{file: directory.secret}}
  base: {base}
  page: 2
structure:
  phonebook:
    - 028pho_bez: "{{{{DisplayName}}}}"
      028pho_phone: "{{{{PhoneNumbers_BusinessPhone}}}}"
"""


class Home:
    def __init__(self, folder: Path, certificates: Path) -> None:
        self._folder = folder
        self._certificates = certificates

    def run(self, code: int = 0) -> dict[str, int]:
        """The counts of its report."""
        counts: dict[str, int] = self._json("run", "directory.yaml", "--json", code=code)["counts"]
        return {name: count for name, count in counts.items() if name in ("added", "updated", "removed") and count}

    def entries(self) -> dict[str, str]:
        listed = self._json("phonebook", "list", "--json")
        return {entry["id"]: entry["fields"]["display_name"] for entry in listed}

    def _json(self, *arguments: str, code: int = 0) -> Any:
        """What stands before the words for people."""
        return json.JSONDecoder().raw_decode(run(self._folder, self._certificates, *arguments, code=code))[0]


@pytest.fixture
def home(openldap: OpenLdap, certificates: Path, tmp_path: Path) -> Home:
    openldap.add(*(person(name) for name in ("Anna Berg", "Ben Adler", "Cy Young", "Dirk Ebel")))
    (tmp_path / "directory.secret").write_text(PASSWORD)
    profile = PROFILE.format(address=openldap.address, user=ADMIN, base=BASE)
    (tmp_path / "directory.yaml").write_text(profile)
    return Home(tmp_path, certificates)


def test_what_happens_in_the_directory_happens_in_the_phone_book(openldap: OpenLdap, home: Home) -> None:
    assert home.run() == {"added": 4}
    before = home.entries()
    assert home.run() == {}
    openldap.move(f"cn=Anna Berg,{BASE}", "cn=Anna Berger", BASE)
    openldap.change(f"cn=Anna Berger,{BASE}", "displayName", "Anna Berger")
    openldap.delete(f"cn=Ben Adler,{BASE}")
    openldap.change(f"cn=Cy Young,{BASE}", "telephoneNumber")
    openldap.move(f"cn=Dirk Ebel,{BASE}", "cn=Dirk Ebel", f"ou=staff,{SUFFIX}")
    openldap.add(person("Eva Falk"))
    assert home.run() == {"added": 1, "updated": 1, "removed": 3}
    after = home.entries()
    assert sorted(after.values()) == ["Anna Berger", "Eva Falk"]
    (anna,) = [key for key, name in before.items() if name == "Anna Berg"]
    assert after[anna] == "Anna Berger"


def test_a_list_cut_short_changes_nothing(openldap: OpenLdap, home: Home) -> None:
    home.run()
    before = home.entries()
    openldap.delete(f"cn=Ben Adler,{BASE}")
    openldap.limit(2)
    assert home.run(code=1) == {}
    assert home.entries() == before
    openldap.limit(100)
    assert home.run() == {"removed": 1}


def test_a_directory_that_lost_everything_changes_nothing(openldap: OpenLdap, home: Home) -> None:
    home.run()
    before = home.entries()
    openldap.delete(SUFFIX, whole_tree=True)
    assert home.run(code=4) == {}
    assert home.entries() == before
