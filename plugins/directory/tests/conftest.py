from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_server import (
    control_templates,
    new_control_url,
    new_database,
    pgserver,
    postgres_process,
    postgres_server,
    postgres_user,
    provider,
)

from pbx_connector.api import Account, DeviceReader, PhoneBook, Store
from pbx_connector.application.fleet import Fleet
from pbx_connector.config import ControlConfig
from pbx_connector.plugins import Plugins
from pbx_connector.stores import open_store

from .many_support import DOMAIN, Many

__all__ = [
    "control_templates",
    "new_control_url",
    "new_database",
    "pgserver",
    "postgres_process",
    "postgres_server",
    "postgres_user",
    "provider",
]


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("memory:") as store:
        store.add_account(Account("1", "ann"))
        store.add_account(Account("2", "bob"))
        yield store


@pytest.fixture
def book(store: Store) -> PhoneBook:
    return PhoneBook(lambda: store)


@pytest.fixture
def devices(store: Store) -> DeviceReader:
    return DeviceReader(lambda: store)


@pytest.fixture(scope="session")
def plugins() -> Plugins:
    return Plugins()


@pytest.fixture
def fleet(new_control_url: str, tmp_path: Path, plugins: Plugins) -> Iterator[Fleet]:
    folders = {name: tmp_path / name for name in ("keys", "files", "cache")}
    with Fleet(ControlConfig(database=new_control_url, domain=DOMAIN, **folders), plugins) as fleet:
        yield fleet


@pytest.fixture
def many(fleet: Fleet, tmp_path: Path) -> Iterator[Many]:
    """The tenants acme and bolt, with the same ids in both, served in all ways."""
    running = Many(fleet, tmp_path)
    for id in ("acme", "bolt"):
        running.add(id)
    with running:
        yield running
