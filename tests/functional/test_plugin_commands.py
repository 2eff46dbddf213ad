"""Commands of plugins on the command line: loaded when called, and one that is broken costs nobody else anything."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from product import Connector

PLUGIN = """
import typer
from pbx_connector.api import Command, ConnectorError, application, hookimpl

def group():
    app = typer.Typer()

    @app.command()
    def count(context: typer.Context):
        print(context.obj.phone_book.count_entries())

    @app.command()
    def label(context: typer.Context, name: str):
        with context.obj.open_store() as store:
            store.add_label(name)

    @app.command()
    def profiles(context: typer.Context):
        offline = application.offline_status.OfflineStatus(context.obj.installation, context.obj.store_url)
        print(*[profile.id for profile in offline.status().profiles])

    @app.command()
    def fail():
        raise ConnectorError("the wire is cut", hint="splice it")

    return app

def broken():
    import no_such_module

@hookimpl
def pbx_commands():
    added = ("tool", "Several tools.", group), ("torn", "Nothing.", broken), ("run", "Mine.", group)
    return [Command(*one) for one in added]
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Puts a module on the path, with the metadata of an installed plugin."""
    names: list[str] = []

    def installed(name: str, code: str) -> None:
        (tmp_path / f"{name}_plugin.py").write_text(code)
        names.append(f"{name}_plugin")
        metadata = tmp_path / f"{name}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[pbx_connector]\n{name} = {name}_plugin\n")

    monkeypatch.syspath_prepend(tmp_path)
    yield installed
    for name in names:
        sys.modules.pop(name, None)


@pytest.fixture
def tool(connector: Connector, install: Callable[[str, str], None]) -> Connector:
    install("tool", PLUGIN)
    return connector


def test_a_group_of_commands_reads_and_writes_the_phone_book(tool: Connector) -> None:
    looked = tool("tool", "count")
    assert looked.out == "0\n"
    assert "an empty one stands for it" in looked.err
    tool("tool", "label", "VIP")
    assert [label["name"] for label in tool("labels", "list", "--json").json] == ["VIP"]
    assert "Usage: pbx-connector tool" in tool("tool", "--help").out


def test_a_command_asks_for_the_status_as_the_core_does(tool: Connector) -> None:
    folder = tool.home / "profiles"
    folder.mkdir()
    (folder / "odd.yaml").write_text("title: [")
    config = tool.home / "config.yaml"
    config.write_text(f"profiles: {folder}\n")
    assert tool("--config", config, "tool", "profiles").out == "odd\n"


def test_a_failure_of_a_plugins_command_is_said_like_any_other(tool: Connector) -> None:
    failed = tool("tool", "fail", code=4)
    assert "error: the wire is cut" in failed.err
    assert "hint: splice it" in failed.err


def test_a_command_that_cannot_be_loaded_is_listed_and_named_when_it_is_called(tool: Connector) -> None:
    listed = tool("--help").out
    assert "Several tools." in listed
    assert "Nothing." in listed
    called = tool("torn", code=2)
    assert "plugin 'tool' cannot load its command 'torn': ModuleNotFoundError" in called.err


def test_a_command_of_the_core_stays_and_the_plugin_is_named_once(tool: Connector) -> None:
    called = tool("tool", "count")
    assert called.err.count("its command 'run' exists already, in the core") == 1
    assert "Mine." not in tool("--help").out


def test_who_might_have_had_an_unknown_command_is_named(
    connector: Connector, install: Callable[[str, str], None]
) -> None:
    install("hasty", "raise RuntimeError('in a hurry')")
    called = connector("hasty", code=2)
    assert "plugin 'hasty' is left out: RuntimeError: in a hurry" in called.err
    assert "No such command 'hasty'" in called.err
    assert "hasty" not in connector("labels", "list").err
