"""What docs/providers.md says of backups: dumped and restored with PostgreSQL's own tools."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pbx_connector.application import publishing, tenants
from pbx_connector.application.fleet import Fleet
from pbx_connector.plan import Content
from pbx_connector.stores import Store
from pbx_connector.tenants import registry

Tool = Callable[..., str]


@pytest.fixture
def tool(postgres_process: Any) -> Tool:
    """A program of PostgreSQL, which a superuser runs on the database of a URL."""

    def run(name: str, url: str, *options: str, text: str = "") -> str:
        program = Path(postgres_process.server.bin_path) / name
        command = [program, *options, "--dbname", url.replace("provider@", "postgres@")]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
        assert "ERROR" not in done.stderr, done.stderr
        return done.stdout

    return run


def open_store(fleet: Fleet, id: str) -> Store:
    return fleet.open_store(registry.find(fleet.control, id))


def names(fleet: Fleet, id: str) -> list[str]:
    with open_store(fleet, id) as store:
        return [entry.content.fields["display_name"] for entry in store.entries()]


@pytest.fixture
def filled(fleet: Fleet, tree: Callable[..., Path]) -> Fleet:
    tenants.new_key(fleet.config.keys)
    for id in ("acme", "bolt"):
        tenants.add(fleet, id)
        tenants.set_secret(fleet, id, "ews", f"w0rd of {id}", who="ann")
        with open_store(fleet, id) as store:
            store.add_entry(Content(None, {"display_name": f"Ann of {id}"}))
    for planned in publishing.publications(fleet, tree("acme", "Bob"), who="ann"):
        publishing.publish(fleet, planned)
    return fleet


def test_a_database_that_was_dumped_whole_is_restored_whole(
    filled: Fleet, new_database: Callable[[], str], tool: Tool
) -> None:
    url = new_database()
    tool("psql", url, "--quiet", "--set", "ON_ERROR_STOP=1", text=tool("pg_dump", filled.config.database))
    with Fleet(filled.config.model_copy(update={"database": url}), filled.plugins) as restored:
        assert [names(restored, id) for id in ("acme", "bolt")] == [["Ann of acme"], ["Ann of bolt"]]
        assert restored.load("acme").profile("staff")
        assert tenants.rotate_secrets(restored) == 0
        with open_store(restored, "acme") as store:
            store.add_label("Department")


def test_the_phone_book_of_one_tenant_is_restored_beside_the_others(filled: Fleet, tool: Tool) -> None:
    url = filled.config.database
    dump = tool("pg_dump", url, "--schema=tenant_acme")
    for id in ("acme", "bolt"):
        with open_store(filled, id) as store:
            store.add_entry(Content(None, {"display_name": "Later"}))
    with psycopg.connect(url.replace("provider@", "postgres@")) as connection:
        connection.execute("DROP SCHEMA tenant_acme CASCADE")
    tool("psql", url, "--quiet", "--set", "ON_ERROR_STOP=1", text=dump)
    assert names(filled, "acme") == ["Ann of acme"]
    assert names(filled, "bolt") == ["Ann of bolt", "Later"]
