"""The engine's tables in a schema of their own: Procrastinate's, as its pinned version has them, and ours beside them.

They are made and changed by the release step alone (`pbx-connector fleet prepare`), never as a worker starts. A step
that old and new workers cannot both live with is two: one before the workers are exchanged, one in the next version.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import LiteralString

from procrastinate.schema import SchemaManager

from pbx_connector.engine.database import SCHEMA, Connection, EngineDatabase
from pbx_connector.errors import StoreError

PROCRASTINATE = "3.10"
"""Whose tables and functions these are; another minor version brings migrations, which become a step below."""

_LOCK = 0x70627865
"""The advisory lock of whoever prepares."""

STEPS: tuple[LiteralString, ...] = (
    """
    CREATE INDEX pbx_waiting_by_tenant ON procrastinate_jobs (lock) WHERE status IN ('todo', 'doing');
    ALTER TABLE procrastinate_jobs SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02,
      autovacuum_vacuum_threshold = 500);
    CREATE TABLE worker (
      id bigint PRIMARY KEY REFERENCES procrastinate_workers (id) ON DELETE CASCADE,
      host text NOT NULL,
      process integer NOT NULL,
      version text NOT NULL,
      places integer NOT NULL,
      running integer NOT NULL DEFAULT 0,
      stopping boolean NOT NULL DEFAULT false,
      started timestamptz NOT NULL DEFAULT now()
    );
    CREATE TABLE lost_worker (
      id bigint PRIMARY KEY,
      host text NOT NULL,
      process integer NOT NULL,
      jobs integer NOT NULL,
      found timestamptz NOT NULL DEFAULT now()
    );
    CREATE TABLE progress (
      tenant text COLLATE "C" NOT NULL,
      profile text COLLATE "C" NOT NULL,
      begun timestamptz,
      worker bigint,
      ended timestamptz,
      result text NOT NULL DEFAULT '',
      ran boolean NOT NULL DEFAULT false,
      PRIMARY KEY (tenant, profile)
    );
    CREATE TABLE bucket (
      tenant text COLLATE "C" NOT NULL,
      source text COLLATE "C" NOT NULL,
      tokens double precision NOT NULL,
      filled timestamptz NOT NULL,
      failures integer NOT NULL DEFAULT 0,
      closed_until timestamptz,
      reason text NOT NULL DEFAULT '',
      PRIMARY KEY (tenant, source)
    );
    CREATE INDEX bucket_closed ON bucket (closed_until) WHERE closed_until IS NOT NULL;
    CREATE INDEX schedule_suspects ON pbx_control.schedule (lost) WHERE lost > 0;
    CREATE INDEX schedule_stopped ON pbx_control.schedule (state) WHERE state <> 'ready'
    """,
    """
    ALTER TABLE progress ADD COLUMN look_at timestamptz;
    CREATE INDEX progress_look_at ON progress (look_at);
    CREATE TABLE watch (
      since timestamptz NOT NULL DEFAULT now(),
      last timestamptz NOT NULL DEFAULT now()
    );
    INSERT INTO watch DEFAULT VALUES
    """,
    "ALTER TABLE progress ADD COLUMN ran_until timestamptz, ADD COLUMN ran_as text NOT NULL DEFAULT ''",
)
"""Ours; the number of those that were taken is kept in the table `step`."""


def prepare(database: EngineDatabase) -> int:
    """Make the tables, or bring them to this version; returns how many steps were taken. To be called again is safe.

    Raises `StoreError`, also for tables of a newer version.
    """
    _require_procrastinate()
    with database.transaction(seconds=300) as connection:
        connection.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'")
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        taken = _taken(connection)
        if taken > len(STEPS):
            raise StoreError(
                f"{database.place} was prepared by a newer version of pbx-connector",
                hint="update pbx-connector on this machine",
            )
        for number, step in enumerate(STEPS[taken:], start=taken + 1):
            connection.execute(step)
            connection.execute("UPDATE step SET number = %s", [number])
        return len(STEPS) - taken


def require_prepared(database: EngineDatabase) -> None:
    """Raises `StoreError` if the release step was not taken. A database that is ahead by a step is used: that is how
    workers are exchanged one after the other."""
    with database.transaction() as connection:
        found = connection.execute("SELECT number FROM step").fetchone()
    if found is None or found["number"] < len(STEPS):
        raise StoreError(f"{database.place} is not prepared for this version", hint="run: pbx-connector fleet prepare")


def _taken(connection: Connection) -> int:
    known = connection.execute("SELECT to_regclass('step') AS step").fetchone()
    if known is None or known["step"] is None:
        connection.execute(SchemaManager.get_schema())
        connection.execute("CREATE TABLE step (number integer NOT NULL)")
        connection.execute("INSERT INTO step VALUES (0)")
        return 0
    found = connection.execute("SELECT number FROM step").fetchone()
    return int(found["number"]) if found else 0


def _require_procrastinate() -> None:
    found = version("procrastinate")
    if not found.startswith(f"{PROCRASTINATE}."):
        raise StoreError(
            f"this version works with Procrastinate {PROCRASTINATE}, and {found} is installed",
            hint=f"pip install 'procrastinate=={PROCRASTINATE}.*'",
        )
