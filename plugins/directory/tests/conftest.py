from __future__ import annotations

from collections.abc import Iterator

import pytest

from pbx_connector.api import Account, DeviceReader, PhoneBook, Store
from pbx_connector.stores import open_store


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
