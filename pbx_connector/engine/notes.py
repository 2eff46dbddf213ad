"""What the engine writes down of each profile: that a run began, how it ended, when the next one is due.

`pbx_control.schedule` is the tenants' table: published profiles, and when each is due. `progress` is ours.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum, auto

from pbx_connector.engine.database import Connection
from pbx_connector.engine.port import Ended, Job, Result

MOST_LOST = 3
"""A profile in whose runs so many workers died, one after the other, is quarantined."""
SUSPECT = 2
"""From so many on it is run while no other such profile is: what dies beside it once or twice is not blamed for it."""
LONGEST_PAUSE = timedelta(hours=6)
"""A profile that fails again and again is tried at least this often, and by its schedule."""
_SUCCEEDED = (Result.DONE, Result.PARTIAL)
_ENDED_WELL = (*_SUCCEEDED, Result.REFUSED)
_RAN = (*_ENDED_WELL, Result.FAILED)


def begun(connection: Connection, job: Job, worker: int) -> None:
    connection.execute(
        "INSERT INTO progress (tenant, profile, begun, worker) VALUES (%s, %s, now(), %s) "
        "ON CONFLICT (tenant, profile) DO UPDATE SET begun = now(), worker = excluded.worker, ended = NULL",
        [*job.key, worker],
    )


def ended(connection: Connection, job: Job, how: Ended) -> None:
    """Its worker lives, so whatever happened before is no reason for a quarantine."""
    well = how.result in _ENDED_WELL
    look = "excluded.look_at" if how.result in _SUCCEEDED else "LEAST(progress.look_at, excluded.look_at)"
    connection.execute(
        "INSERT INTO progress (tenant, profile, ended, result, ran, look_at) "  # noqa: S608 - of the words above
        "VALUES (%s, %s, now(), %s, %s, now() + %s) ON CONFLICT (tenant, profile) DO UPDATE SET "
        f"ended = now(), result = excluded.result, ran = progress.ran OR excluded.ran, look_at = {look}",
        [*job.key, how.result, well, how.look],
    )
    if how.result in _RAN:  # what was put off says nothing of the run before
        connection.execute(
            "UPDATE progress SET ran_until = ended, ran_as = result WHERE tenant = %s AND profile = %s", job.key
        )
    failures = "failures + 1" if how.result is Result.FAILED else "0" if well else "failures"
    connection.execute(
        f"UPDATE pbx_control.schedule SET lost = 0, failures = {failures} WHERE tenant = %s AND profile = %s",  # noqa: S608 - of the words above
        job.key,
    )
    if how.again is not None:
        look_again(connection, job, how.again, growing=how.result is Result.FAILED)


def look_again(connection: Connection, job: Job, after: timedelta, *, growing: bool) -> None:
    """No later than its schedule says. `growing`: twice as long with each failure in a row."""
    factor = "2 ^ LEAST(GREATEST(failures - 1, 0), 12)" if growing else "1"
    connection.execute(
        "UPDATE pbx_control.schedule SET next_at = LEAST(next_at, "  # noqa: S608 - of the words above
        f"extract(epoch FROM clock_timestamp()) + LEAST(%s * {factor}, %s)) WHERE tenant = %s AND profile = %s",
        [after.total_seconds(), max(after, LONGEST_PAUSE).total_seconds(), *job.key],
    )


class Blame(Enum):
    """What becomes of a profile whose worker died in its run."""

    NONE = auto()
    """It is run again at once."""
    SUSPECT = auto()
    """It is due, and the dispatcher lets it run when no other suspect does."""
    QUARANTINED = auto()


def worker_lost(connection: Connection, job: Job) -> Blame:
    """Count a worker that died in a run of the profile."""
    row = connection.execute(
        "UPDATE pbx_control.schedule SET lost = lost + 1, "
        "state = CASE WHEN lost + 1 >= %(most)s THEN 'quarantined' ELSE state END, "
        "reason = CASE WHEN lost + 1 >= %(most)s THEN %(reason)s ELSE reason END, "
        "next_at = CASE WHEN lost + 1 >= %(suspect)s THEN extract(epoch FROM clock_timestamp()) ELSE next_at END "
        "WHERE tenant = %(tenant)s AND profile = %(profile)s RETURNING state, lost",
        {
            "most": MOST_LOST,
            "suspect": SUSPECT,
            "reason": f"{MOST_LOST} workers died in its runs, one after the other",
            "tenant": job.tenant,
            "profile": job.profile,
        },
    ).fetchone()
    if row is None or row["lost"] < SUSPECT:
        return Blame.NONE
    return Blame.QUARANTINED if row["lost"] >= MOST_LOST else Blame.SUSPECT


def release(connection: Connection, tenant: str, profile: str) -> bool:
    """A person's word that a quarantined or paused profile runs again, now; False if there is none."""
    return bool(
        connection.execute(
            "UPDATE pbx_control.schedule SET state = 'ready', lost = 0, failures = 0, reason = '', "
            "next_at = extract(epoch FROM clock_timestamp()) "
            "WHERE tenant = %s AND profile = %s AND state IN ('quarantined', 'paused')",
            [tenant, profile],
        ).rowcount
    )
