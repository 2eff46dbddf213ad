"""To look at a phone book makes none: a mistyped name of one leaves no file behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from product import Connector

LOOKS = (
    *("accounts list", "labels list", "profiles list", "phonebook list", "phonebook search x", "phonebook lookup 112"),
    "phonebook duplicates",
    *(
        "phonebook show 1",
        "phonebook export",
        "phonebook export --format vcard",
        "history",
        "history show 1",
        "plan list",
    ),
    *("plan show 1", "undo 1 --simulate", "status", "schedule"),
)


@pytest.mark.parametrize("command", LOOKS)
def test_a_command_that_only_looks_makes_no_store(connector: Connector, config: Path, command: str) -> None:
    before = sorted(connector.home.rglob("*"))
    connector("--config", config, *command.split(), "--store", "sqlite:///mistyped.sqlite", code=None)
    assert sorted(connector.home.rglob("*")) == before


def test_one_entry_is_one_entry(connector: Connector) -> None:
    connector("phonebook", "add", "--display-name", "Ann", "--label", "Kind=x")
    assert connector("phonebook", "list").out.splitlines()[-1] == "1 entry"
    assert "1 entry carries the label Kind" in connector("labels", "remove", "Kind", code=2).err
    connector("phonebook", "add", "--display-name", "Bob")
    assert connector("phonebook", "list").out.splitlines()[-1] == "2 entries"
