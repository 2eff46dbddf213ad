"""Puts what is due into the queues. Every worker may do it; in each moment one does, by a lock that ends with its
transaction, so that a dispatcher that dies leaves nothing behind.

Due times are rows (`pbx_control.schedule`), and all time is the database's. What was missed is made up for once, and
keeps its place in the interval: after an outage tenants do not all run in the same minute for ever after.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog

from pbx_connector.engine import waiting
from pbx_connector.engine.database import Connection, EngineDatabase
from pbx_connector.engine.notes import SUSPECT
from pbx_connector.engine.port import Job, Queue
from pbx_connector.errors import StoreError
from pbx_connector.schedule import Schedule
from pbx_connector.schedule.zone import zone

LOG = structlog.stdlib.get_logger(__name__)

TICK = 1.0
"""Seconds between two looks at what is due."""
BATCH = 500
"""Profiles of one transaction."""
MOST_WAITING = 20_000
"""With so many jobs waiting nothing more is put into the queues: what is due stays due."""
_LEADS = 0x70627864
"""The advisory lock of the dispatcher."""

_DUE = """
SELECT schedule.tenant, schedule.profile, schedule.rule, schedule.zone, schedule.jitter, schedule.next_at,
  extract(epoch FROM clock_timestamp())::double precision AS now, COALESCE(progress.ran, false) AS ran
FROM pbx_control.schedule
JOIN pbx_control.tenant ON tenant.id = schedule.tenant
LEFT JOIN progress ON progress.tenant = schedule.tenant AND progress.profile = schedule.profile
WHERE schedule.next_at <= extract(epoch FROM clock_timestamp()) AND schedule.state = 'ready' AND tenant.state = 'active'
  AND (schedule.lost < %s OR schedule.tenant || '/' || schedule.profile = %s)
ORDER BY schedule.next_at LIMIT %s FOR UPDATE OF schedule SKIP LOCKED
"""
_SUSPECT = """
SELECT (
  SELECT tenant || '/' || profile FROM pbx_control.schedule
  WHERE lost >= %s AND state = 'ready' AND next_at <= extract(epoch FROM clock_timestamp()) ORDER BY next_at LIMIT 1
) AS value
WHERE NOT EXISTS (
  SELECT 1 FROM procrastinate_jobs job
  JOIN pbx_control.schedule ON job.args ->> 'tenant' = schedule.tenant AND job.args ->> 'profile' = schedule.profile
  WHERE job.status IN ('todo', 'doing') AND schedule.lost >= %s
)
"""
"""The profile that may have killed its workers and is to run next, if none of its kind waits or runs."""


@dataclass(frozen=True, slots=True)
class Dispatched:
    due: int
    enqueued: int
    """The others were waiting already."""


class Dispatcher:
    def __init__(self, database: EngineDatabase, *, batch: int = BATCH) -> None:
        self._database = database
        self._batch = batch
        self.leads = False
        """Whether the last look was this one's to make."""

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                if not self._whole_batch(self.tick()):
                    stop.wait(TICK * random.uniform(0.5, 1.5))  # noqa: S311 - so that dispatchers take turns
            except StoreError as error:
                LOG.error("nothing can be dispatched", reason=error.message)
                stop.wait(TICK * 2)
            except Exception:
                LOG.exception("a bug in dispatching")
                stop.wait(TICK * 10)

    def tick(self) -> Dispatched | None:
        """One batch of what is due; None if another dispatcher is at it. Raises `StoreError`."""
        with self._database.transaction() as connection:
            self.leads = _value(connection, "SELECT pg_try_advisory_xact_lock(%s) AS value", _LEADS)
            if not self.leads:
                return None
            room = MOST_WAITING - _value(
                connection, "SELECT count(*) AS value FROM procrastinate_jobs WHERE status = 'todo'"
            )
            suspect = _value(connection, _SUSPECT, SUSPECT, SUSPECT)
            rows = connection.execute(_DUE, [SUSPECT, suspect, max(0, min(self._batch, room))]).fetchall()
            _set_next(connection, rows)
            enqueued = waiting.defer(connection, [_job(row) for row in rows])
        if rows:
            LOG.debug("dispatched", due=len(rows), enqueued=enqueued)
        return Dispatched(len(rows), enqueued)

    def _whole_batch(self, done: Dispatched | None) -> bool:
        return done is not None and done.due == self._batch


def next_after(row: Mapping[str, Any]) -> float | None:
    """When a profile is due after a run that begins now, in seconds since 1970; None: not by itself."""
    if not row["rule"]:
        return None
    rule, now = Schedule.model_validate_json(row["rule"]), row["now"]
    if rule.every is None:
        moment = datetime.fromtimestamp(now - row["jitter"], UTC)
        return rule.next_after(moment, zone(row["zone"] or "UTC")).timestamp() + float(row["jitter"])
    step = rule.every.total_seconds()
    missed = (now - row["next_at"]) // step
    after = row["next_at"] + (missed + 1) * step
    return float(after if after - now > step / 2 or not missed else after + step)


def _job(row: Mapping[str, Any]) -> Job:
    queue = Queue.SCHEDULED if row["ran"] else Queue.FIRST
    return Job(tenant=row["tenant"], profile=row["profile"], queue=queue)


def _set_next(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    connection.execute(
        "UPDATE pbx_control.schedule SET next_at = given.next_at "
        "FROM unnest(%s::text[], %s::text[], %s::double precision[]) AS given (tenant, profile, next_at) "
        "WHERE schedule.tenant = given.tenant AND schedule.profile = given.profile",
        [[row["tenant"] for row in rows], [row["profile"] for row in rows], [next_after(row) for row in rows]],
    )


def _value(connection: Connection, query: Any, *values: object) -> Any:
    row = connection.execute(query, values).fetchone()
    return row["value"] if row else None
