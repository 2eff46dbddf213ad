"""Asks the control database how the fleet fares."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from pbx_connector.application.fleet_status import (
    SHOWN,
    FleetStatus,
    HeldSource,
    LastRun,
    LateProfile,
    LostWorker,
    QueueStatus,
    StoppedProfile,
    WorkerStatus,
)
from pbx_connector.engine import waiting
from pbx_connector.engine.database import Connection, EngineDatabase
from pbx_connector.engine.heart import NORMAL

LATE = timedelta(minutes=2)
"""A profile whose run begins this long after it was due is late."""

_DUE = """
  SELECT schedule.tenant, profile, next_at AS due FROM pbx_control.schedule
  JOIN pbx_control.tenant ON tenant.id = schedule.tenant AND tenant.state = 'active'
  WHERE next_at IS NOT NULL AND schedule.state = 'ready'
  UNION ALL
  SELECT args ->> 'tenant', args ->> 'profile', extract(epoch FROM (
    SELECT max(at) FROM procrastinate_events WHERE job_id = procrastinate_jobs.id AND type = 'deferred'))
  FROM procrastinate_jobs WHERE status = 'todo'
"""
"""What waits for its time, for a dispatcher or for a worker, and since when it is due."""
_LATE = f"""
SELECT tenant, profile, extract(epoch FROM clock_timestamp())::double precision - due AS late,
  count(*) OVER () AS count
FROM ({_DUE}) AS wanted
WHERE due < extract(epoch FROM clock_timestamp()) - %s ORDER BY due LIMIT %s
"""  # noqa: S608 - of constants above
_LATE_TENANTS = f"""
SELECT tenant, extract(epoch FROM clock_timestamp())::double precision - min(due) AS late
FROM ({_DUE}) AS wanted
WHERE due < extract(epoch FROM clock_timestamp()) - %s GROUP BY tenant
"""  # noqa: S608 - of constants above
_LAST_RUNS = """
SELECT tenant, profile, ran_until, ran_as FROM progress JOIN pbx_control.schedule USING (tenant, profile)
WHERE tenant = ANY(%s) AND ran_until IS NOT NULL ORDER BY ran_until
"""
_WORKERS = """
SELECT worker.*, extract(epoch FROM now() - last_heartbeat)::double precision AS silent
FROM worker JOIN procrastinate_workers USING (id) ORDER BY id
"""
_UNSERVED = """
SELECT CASE WHEN max(last_heartbeat) >= now() - make_interval(secs => %s) THEN NULL
  ELSE greatest(max(last_heartbeat), (SELECT last FROM watch)) END AS since
FROM worker JOIN procrastinate_workers USING (id)
"""
"""One that has signed off is known by its last look for silent profiles alone, at most seconds before."""


def fleet_status(database: EngineDatabase) -> FleetStatus:
    """Raises `StoreError`."""
    with database.transaction() as connection:
        late = connection.execute(_LATE, [LATE.total_seconds(), SHOWN]).fetchall()
        stopped = _rows(
            connection,
            "SELECT tenant, profile, state, reason, count(*) OVER () AS count FROM pbx_control.schedule "
            "WHERE state <> 'ready' ORDER BY tenant, profile LIMIT %s",
        )
        held = _rows(
            connection,
            "SELECT tenant, source, reason, extract(epoch FROM closed_until - now())::double precision AS left, "
            "count(*) OVER () AS count FROM bucket WHERE closed_until > now() ORDER BY closed_until DESC LIMIT %s",
        )
        lost = _rows(
            connection,
            "SELECT * FROM lost_worker WHERE found > now() - interval '1 day' ORDER BY found DESC LIMIT %s",
        )
        return FleetStatus(
            tenants=_count(connection, "SELECT count(*) FROM pbx_control.tenant"),
            profiles=_count(connection, "SELECT count(*) FROM pbx_control.schedule"),
            queues=[
                QueueStatus(str(one.queue), one.waiting, one.running, one.oldest) for one in waiting.states(connection)
            ],
            workers=[_worker(row) for row in connection.execute(_WORKERS)],
            unserved_since=unserved_since(connection),
            lost=[LostWorker(row["id"], row["host"], row["process"], row["jobs"], row["found"]) for row in lost],
            late=[LateProfile(row["tenant"], row["profile"], timedelta(seconds=row["late"])) for row in late],
            late_count=_all(late),
            stopped=[StoppedProfile(row["tenant"], row["profile"], row["state"], row["reason"]) for row in stopped],
            stopped_count=_all(stopped),
            held=[
                HeldSource(row["tenant"], row["source"], row["reason"], timedelta(seconds=row["left"])) for row in held
            ],
            held_count=_all(held),
        )


def unserved_since(connection: Connection) -> datetime | None:
    """Since when no worker is known to have lived; None while one does. Tables that were just prepared count as a sign
    of life."""
    row = connection.execute(_UNSERVED, [NORMAL.silent]).fetchone()
    return row["since"] if row else None


def late_tenants(database: EngineDatabase) -> dict[str, timedelta]:
    """By how much the latest profile of each is late. Raises `StoreError`."""
    with database.transaction() as connection:
        rows = connection.execute(_LATE_TENANTS, [LATE.total_seconds()])
        return {row["tenant"]: timedelta(seconds=row["late"]) for row in rows}


def last_runs(database: EngineDatabase, tenants: Collection[str]) -> list[LastRun]:
    """Of their published profiles that ran, the latest last. Raises `StoreError`."""
    with database.transaction() as connection:
        rows = connection.execute(_LAST_RUNS, [list(tenants)])
        return [LastRun(row["tenant"], row["profile"], row["ran_until"], row["ran_as"]) for row in rows]


def _worker(row: dict[str, Any]) -> WorkerStatus:
    silent = max(0.0, row["silent"])
    return WorkerStatus(
        row["id"],
        row["host"],
        row["process"],
        row["version"],
        row["places"],
        row["running"],
        row["stopping"],
        timedelta(seconds=silent),
        silent > NORMAL.silent,
    )


def _rows(connection: Connection, query: Any) -> list[dict[str, Any]]:
    return connection.execute(query, [SHOWN]).fetchall()


def _count(connection: Connection, query: Any) -> int:
    row = connection.execute(query).fetchone()
    return int(row["count"]) if row else 0


def _all(rows: list[dict[str, Any]]) -> int:
    return int(rows[0]["count"]) if rows else 0
