"""Jobs as rows of Procrastinate's tables, by its own statements, each within a transaction of ours.

Of Procrastinate we use its tables, its functions and its catalogue of statements, and not its worker, whose heartbeat
ends as it begins to stop, and which waits for all its runs once the database was restarted (see ADR 43). Retries are
ours too: a job that waits for one would hold up every later job of its tenant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from procrastinate import SyncPsycopgConnector, sql
from procrastinate.exceptions import UniqueViolation
from procrastinate.manager import JobManager
from psycopg.types.json import Jsonb

from pbx_connector.engine.database import Connection
from pbx_connector.engine.port import Job, Queue, QueuedRun, QueueState, RunStage

VERSION = 1
"""Of what is in a job. A higher one has queues of its own, at which older workers do not look: they would not know what
to do with it."""
TASK = "pbx_connector.run"
PRIORITY = {Queue.INTERACTIVE: 100, Queue.SCHEDULED: 0, Queue.FIRST: 0}
FOUND_AGAIN = 50
"""Priority of a job whose worker died: it has waited already."""
_SEPARATOR = "/"
"""Between tenant and profile in a lock; no id has one."""

_CONNECTOR = SyncPsycopgConnector()
_MANAGER = JobManager(_CONNECTOR)


def queue_name(queue: Queue, version: int = VERSION) -> str:
    return str(queue) if version == 1 else f"{queue}.{version}"


def queue_names(queues: Iterable[Queue], version: int = VERSION) -> list[str]:
    """Those of all versions that a worker of `version` understands."""
    return [queue_name(queue, each) for queue in queues for each in range(1, version + 1)]


def payload(job: Job) -> dict[str, Any]:
    given = {"full": job.full or None, "release": job.release}
    named = {name: value for name, value in given.items() if value}
    return {"tenant": job.tenant, "profile": job.profile, **named}


def job_of(row: dict[str, Any]) -> Job:
    args = row["args"]
    return Job(
        tenant=args["tenant"],
        profile=args["profile"],
        queue=Queue(row["queue_name"].partition(".")[0]),
        full=bool(args.get("full")),
        release=args.get("release"),
    )


def waiting_lock(tenant: str, profile: str) -> str:
    return f"{tenant}{_SEPARATOR}{profile}"


def defer(connection: Connection, jobs: Sequence[Job], *, priority: int | None = None, version: int = VERSION) -> int:
    """Put jobs into their queues; returns how many were not waiting already.

    Procrastinate's own way fails as a whole if one of many waits, and reads which one from an English message.
    """
    wanted = list({job.key: job for job in jobs}.values())
    return connection.execute(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args) "
        "SELECT * FROM unnest(%s::text[], %s::text[], %s::int[], %s::text[], %s::text[], %s::jsonb[]) "
        "ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING",
        [
            [queue_name(job.queue, version) for job in wanted],
            [TASK] * len(wanted),
            [PRIORITY[job.queue] if priority is None else priority for job in wanted],
            [job.tenant for job in wanted],
            [waiting_lock(job.tenant, job.profile) for job in wanted],
            [Jsonb(payload(job)) for job in wanted],
        ],
    ).rowcount


def cancel(connection: Connection, tenant: str, profile: str) -> bool:
    found = connection.execute(
        "SELECT id FROM procrastinate_jobs WHERE queueing_lock = %s AND status = 'todo'",
        [waiting_lock(tenant, profile)],
    ).fetchone()
    return found is not None and _MANAGER.cancel_job_by_id(found["id"], delete_job=True, connection=connection)


def stage(connection: Connection, tenant: str, profile: str) -> QueuedRun:
    """How far a run of the profile is, of those that are wanted."""
    row = connection.execute(
        "SELECT id, status FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND lock = %s "
        "AND args ->> 'profile' = %s ORDER BY status DESC LIMIT 1",  # one that waits before one that goes on
        [tenant, profile],
    ).fetchone()
    if row is None:
        ended = connection.execute(
            "SELECT result FROM progress WHERE tenant = %s AND profile = %s", [tenant, profile]
        ).fetchone()
        return QueuedRun(RunStage.NONE, result=ended["result"] if ended else "")
    if row["status"] == "doing":
        return QueuedRun(RunStage.RUNNING)
    before = connection.execute(
        "SELECT count(*) AS before FROM procrastinate_jobs AS other, procrastinate_jobs AS mine "
        "WHERE mine.id = %s AND other.status = 'todo' AND other.queue_name = mine.queue_name AND other.id <> mine.id "
        "AND (other.priority, -other.id) > (mine.priority, -mine.id)",
        [row["id"]],
    ).fetchone()
    return QueuedRun(RunStage.WAITING, before["before"] if before else 0)


def fetch(connection: Connection, queues: list[str], worker: int) -> dict[str, Any] | None:
    """The next job of these queues whose tenant has no run, now marked as being run by `worker`."""
    try:
        with connection.transaction():
            row = _ask(connection, "fetch_job", queues=queues, worker_id=worker)
    except UniqueViolation:  # another worker took a job of the tenant in the same moment
        return None
    return None if row["id"] is None else row


def still_mine(connection: Connection, job: int, worker: int) -> bool:
    """Whether the job is yet the worker's, who did not fall silent for so long that others took it over. It stays so
    until the end of the transaction."""
    return (
        connection.execute(
            "SELECT 1 FROM procrastinate_jobs WHERE id = %s AND status = 'doing' AND worker_id = %s FOR UPDATE",
            [job, worker],
        ).fetchone()
        is not None
    )


def taken_by(connection: Connection, worker: int, known: Sequence[int]) -> list[dict[str, Any]]:
    """Jobs that a worker is at, but for those in `known`."""
    return connection.execute(
        "SELECT id, queue_name, args FROM procrastinate_jobs "
        "WHERE status = 'doing' AND worker_id = %s AND id <> ALL(%s) FOR UPDATE",
        [worker, list(known)],
    ).fetchall()


def finish(connection: Connection, job: int, *, status: str = "succeeded") -> None:
    """What became of the run stands in the tenant's history; the row is kept until it is swept up with others."""
    _ask(connection, "finish_job", job_id=job, status=status, delete_job=False)


def delete_finished(connection: Connection, most: int) -> int:
    return connection.execute(
        "DELETE FROM procrastinate_jobs WHERE id IN (SELECT id FROM procrastinate_jobs "
        "WHERE status IN ('succeeded', 'failed', 'cancelled', 'aborted') ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)",
        [most],
    ).rowcount


def register_worker(connection: Connection) -> int:
    return int(_ask(connection, "register_worker")["worker_id"])


def beat(connection: Connection, worker: int) -> bool:
    """The worker lives; False if others gave it up."""
    _ask(connection, "update_heartbeat", worker_id=worker)
    return connection.execute("SELECT 1 FROM procrastinate_workers WHERE id = %s", [worker]).fetchone() is not None


def unregister_worker(connection: Connection, worker: int) -> None:
    _ask(connection, "unregister_worker", worker_id=worker)


def states(connection: Connection) -> list[QueueState]:
    """All queues, those of other versions among them."""
    rows = connection.execute(
        "SELECT split_part(queue_name, '.', 1) AS queue, count(*) FILTER (WHERE status = 'todo') AS waiting, "
        "count(*) FILTER (WHERE status = 'doing') AS running, extract(epoch FROM now() - min(("
        "SELECT max(at) FROM procrastinate_events WHERE job_id = procrastinate_jobs.id AND type = 'deferred'"
        ")) FILTER (WHERE status = 'todo')) AS oldest FROM procrastinate_jobs "
        "WHERE status IN ('todo', 'doing') GROUP BY 1"
    ).fetchall()
    found = {row["queue"]: row for row in rows}
    return [_state(queue, found.get(str(queue))) for queue in Queue]


def _state(queue: Queue, row: dict[str, Any] | None) -> QueueState:
    if row is None:
        return QueueState(queue)
    oldest = None if row["oldest"] is None else timedelta(seconds=max(0.0, float(row["oldest"])))
    return QueueState(queue, row["waiting"], row["running"], oldest)


def _ask(connection: Any, query: str, **values: Any) -> dict[str, Any]:
    """One of Procrastinate's statements; its connector gives rows as mappings whatever the connection does."""
    return _CONNECTOR.execute_query_one_with_connection(connection, sql.queries[query], **values)
