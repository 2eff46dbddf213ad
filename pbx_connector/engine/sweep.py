"""Finds the jobs of workers that died, and has them made again; every worker does it, and none waits for another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog

from pbx_connector.engine import notes, waiting
from pbx_connector.engine.database import Connection, EngineDatabase
from pbx_connector.engine.heart import NORMAL
from pbx_connector.engine.notes import Blame
from pbx_connector.engine.port import Job

LOG = structlog.stdlib.get_logger(__name__)

AT_ONCE = 200
"""Jobs of one transaction."""
KEPT_FINISHED = 1000
"""Finished jobs that one sweep deletes."""
LOST_KEPT = "7 days"


@dataclass(frozen=True, slots=True)
class Swept:
    found: tuple[Job, ...] = ()
    """Whose worker died; each waits again or is due, unless it is among `quarantined`."""
    quarantined: tuple[Job, ...] = ()
    """Nobody knows yet, but for `fleet status`."""


def sweep(database: EngineDatabase, silent: float = NORMAL.silent) -> Swept:
    """Raises `StoreError`."""
    with database.transaction() as connection:
        dead = _mark_dead(connection, silent)
        rows = connection.execute(
            "SELECT job.id, job.queue_name, job.args, COALESCE(worker.stopping, false) AS stopping "
            "FROM procrastinate_jobs job LEFT JOIN worker ON worker.id = job.worker_id "
            "WHERE job.status = 'doing' AND (job.worker_id IS NULL OR job.worker_id = ANY(%s)) "
            "ORDER BY job.id LIMIT %s FOR UPDATE OF job SKIP LOCKED",
            [dead, AT_ONCE],
        ).fetchall()
        swept = _have_made_again(connection, rows)
        _forget_dead(connection, dead)
        waiting.delete_finished(connection, KEPT_FINISHED)
    for job in swept.found:
        LOG.warning("a worker died in a run, it is made again", tenant=job.tenant, profile=job.profile)
    for job in swept.quarantined:
        LOG.error("a profile is quarantined, its workers died", tenant=job.tenant, profile=job.profile)
    return swept


def _mark_dead(connection: Connection, silent: float) -> list[int]:
    rows = connection.execute(
        "SELECT id FROM procrastinate_workers WHERE last_heartbeat < now() - make_interval(secs => %s) "
        "FOR UPDATE SKIP LOCKED",
        [silent],
    )
    return [row["id"] for row in rows]


def _have_made_again(connection: Connection, rows: list[dict[str, Any]]) -> Swept:
    """What a worker left behind as it was told to stop is no fault of the profile's."""
    found, quarantined = [], []
    for row in rows:
        job = waiting.job_of(row)
        found.append(job)
        waiting.finish(connection, row["id"], status="aborted")
        blame = Blame.NONE if row["stopping"] else notes.worker_lost(connection, job)
        if blame is Blame.NONE:
            waiting.defer(connection, [job], priority=max(waiting.FOUND_AGAIN, waiting.PRIORITY[job.queue]))
            continue
        waiting.cancel(connection, job.tenant, job.profile)
        if blame is Blame.QUARANTINED:
            quarantined.append(job)
    return Swept(tuple(found), tuple(quarantined))


def _forget_dead(connection: Connection, dead: list[int]) -> None:
    """Those of whom nothing is left to be found; others are looked at again."""
    connection.execute("DELETE FROM lost_worker WHERE found < now() - %s::interval", [LOST_KEPT])
    connection.execute(
        "INSERT INTO lost_worker (id, host, process, jobs) SELECT id, host, process, running FROM worker "
        "WHERE id = ANY(%s) ON CONFLICT DO NOTHING",
        [dead],
    )
    connection.execute(
        "DELETE FROM procrastinate_workers WHERE id = ANY(%s) AND NOT EXISTS "
        "(SELECT 1 FROM procrastinate_jobs WHERE worker_id = procrastinate_workers.id AND status = 'doing')",
        [dead],
    )
