"""What a command imports is what its start costs: each must do without the libraries that it does not use."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pbx_connector.cli import commands

PROFILE = Path(__file__).parents[3] / "profiles" / "exchange-contacts.yaml"
COMMAND = """
import sys
from pbx_connector.cli.main import run
code = run(sys.argv[1:])
print("imported", *{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
sys.exit(code)
"""
RUNNING = {"alembic", "apscheduler", "prometheus_client", "pygls", "sqlalchemy", "structlog", "vobject", "watchfiles"}
READING = {"exchangelib", "lxml", "msal", "requests"}
IF_ASKED_FOR = {"keyring", "lark", "phonenumbers", "re2", "regex", "tzlocal", "urllib3"}
CHECKING = {"pbx_exchange", "pbx_rules", "pluggy", "pydantic", "rich", "ruamel"}


def imported(*arguments: str) -> set[str]:
    """The packages that a command has imported in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.splitlines()[-1].split())


def test_the_version_takes_neither_plugins_nor_store_nor_models() -> None:
    assert not imported("--version") & (RUNNING | READING | IF_ASKED_FOR | CHECKING)


def test_the_help_page_imports_no_command() -> None:
    """Plugins are asked for theirs, so that they and what describes them are loaded."""
    found = imported("--help")
    assert not found & (RUNNING - {"structlog"} | {"exchangelib", "lxml", "msal"})


def test_checking_takes_neither_store_nor_source() -> None:
    found = imported("check", str(PROFILE))
    assert "pbx_exchange" in found
    assert not found & (RUNNING | READING | IF_ASKED_FOR - {"phonenumbers"})  # which knows the region it names


def test_a_run_loads_what_writes_log_lines_when_there_is_one() -> None:
    code = "from pbx_connector.cli import commands; commands.load('run'); import pbx_connector.stores.sql.store, sys"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    assert "sqlalchemy" in done.stdout.split()
    assert not {"structlog", "alembic"} & set(done.stdout.split())


@pytest.mark.parametrize("name", commands.COMMANDS)
def test_the_help_page_says_what_the_command_says(name: str) -> None:
    command = commands.load(name)
    assert command.name == name
    assert " ".join(inspect.cleandoc(command.help).split()) == commands.COMMANDS[name]


def test_every_file_of_a_command_is_in_the_table() -> None:
    folder = Path(inspect.getfile(commands)).parent
    parts = {"phonebook_duplicates", "phonebook_edit", "phonebook_export", "phonebook_lookup", "profiles_migrate"}
    parts |= {"tenants_hosts", "tenants_members", "tenants_publish", "tenants_secrets"}
    files = {file.stem for file in folder.glob("*.py")} - {"__init__"} - parts
    assert {name.replace("-", "_") for name in commands.COMMANDS} == files


def test_a_shell_completes_the_names_of_templates() -> None:
    completed = subprocess.run(
        [str(Path(sys.executable).with_name("pbx-connector"))],
        env={
            **os.environ,
            "_PBX_CONNECTOR_COMPLETE": "complete_bash",
            "COMP_WORDS": "pbx-connector new ",
            "COMP_CWORD": "2",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert "exchange-contacts" in completed.stdout.split()
    assert not completed.stderr
