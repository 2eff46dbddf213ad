"""Names that would rewrite a terminal: whatever command prints them, they are seen and not carried out."""

from __future__ import annotations

from pathlib import Path

import pytest
from pbx_exchange.sandbox import Sandbox
from product import Connector
from screens import on_a_terminal

from pbx_connector.visible import shown

NAME = "Ann\u202eBerg"
"""Control characters never get into the phone book, direction marks do."""
COMMANDS = (
    "check {profile}",
    "test {profile}",
    "simulate {profile}",
    "simulate --all --save {profile}",
    "plan list",
    "plan show 1",
    "run {profile}",
    "run {missing}",
    "phonebook list",
    "phonebook search Ann",
    "phonebook lookup +498955501",
    "phonebook lookup {missing}",
    "phonebook search {missing}",
    "labels list",
    "labels remove {missing}",
    "accounts list",
    "accounts remove --yes {missing}",
    "profiles list",
    "profiles remove --yes {missing}",
    "profiles resume {missing}",
    "history",
    "history show 1",
    "history show {missing}",
    "schedule",
    "status",
    "fmt --check {profile}",
    "automate {profile} --off",
    "fields {missing}",
    "functions {missing}",
    "test-connection {profile}",
    "rows {profile} --limit 5",
    "undo --yes 99",
)
MISSING = "no\x1b[2J\x9b31m\u202esuch\r\nthing"


@pytest.fixture
def hostile(connector: Connector, profile: Path, sandbox: Sandbox) -> Path:
    """A profile whose file, title and contacts have names that are made to deceive."""
    sandbox.state.update(sandbox.state.find(DisplayName="Reception"), DisplayName=NAME, CompanyName="Be\u2066rg")
    lines = ['title: "Berg\\e[2J\\u202e"' if at.startswith("title:") else at for at in profile.read_text().split("\n")]
    written = profile.with_name("be\u202erg.yaml")
    written.write_text("\n".join(["id: berg", *lines]))
    connector("phonebook", "add", "--display-name", NAME, "--phone", "+498955501", "--label", "V\u202eIP=x\u2066y")
    return written


def test_no_command_lets_a_name_rewrite_the_screen(connector: Connector, hostile: Path) -> None:
    seen = ""
    for command in COMMANDS:
        words = [word.format(profile=hostile, missing=MISSING) for word in command.split()]
        done = connector(*words, code=None)
        printed = done.out + done.err
        assert [line for line in printed.split("\n") if shown(line) != line] == [], command
        seen += printed
    names = ("Ann\\u202eBerg", "Be\\u2066rg", "Berg\\x1b[2J\\u202e", "be\\u202erg.yaml", "V\\u202eIP")
    assert [name for name in names if name not in seen] == []


def test_a_list_on_a_terminal_shows_what_a_name_hides(connector: Connector, hostile: Path) -> None:
    assert any("Ann\\u202eBerg" in line for line in on_a_terminal(connector, "phonebook", "list"))
