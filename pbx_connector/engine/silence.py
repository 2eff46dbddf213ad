"""Sees that people hear of profiles that did not succeed for too long. Every worker does it, one at a time.

A run that succeeds puts down when the next look is due (`progress.look_at`), a time that its profile's next runs keep
ahead of; so a look, which opens the tenant's phone book, is made of those alone that stopped succeeding. It is claimed
before it is made: a worker that dies over one leaves it to others, and what was told stands in the phone book.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from pbx_connector.application.installation import utc_now
from pbx_connector.application.silence import look, look_again
from pbx_connector.engine.database import Connection, EngineDatabase
from pbx_connector.engine.directory import TenantDirectory
from pbx_connector.errors import ConnectorError, StoreError

LOG = structlog.stdlib.get_logger(__name__)

BATCH = 20
"""Profiles of one claim."""
CLAIMED = timedelta(minutes=10)
"""A look that ended without a word is made again after so long; a new profile has so long to succeed."""
NOBODY_LOOKED = timedelta(minutes=10)
"""After such a gap the fleet was down, and what it missed is made up for now, and not late yet."""
_LOOKS = 0x70627866
"""The advisory lock of the one that claims."""

_WATCH = """
UPDATE watch SET since = CASE WHEN last < now() - %s THEN now() ELSE since END, last = now()
WHERE pg_try_advisory_xact_lock(%s) RETURNING since
"""
_NEW = """
INSERT INTO progress (tenant, profile, look_at) SELECT tenant, profile, now() + %s FROM pbx_control.schedule
WHERE next_at IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM progress
  WHERE progress.tenant = schedule.tenant AND progress.profile = schedule.profile AND look_at IS NOT NULL
)
ON CONFLICT (tenant, profile) DO UPDATE SET look_at = excluded.look_at
"""
_CLAIM = """
UPDATE progress SET look_at = now() + %s FROM (
  SELECT tenant, profile, changed FROM progress
  JOIN pbx_control.schedule USING (tenant, profile) JOIN pbx_control.tenant ON tenant.id = tenant
  WHERE look_at <= now() AND next_at IS NOT NULL AND tenant.state = 'active' ORDER BY look_at LIMIT %s
) AS due
WHERE progress.tenant = due.tenant AND progress.profile = due.profile
RETURNING progress.tenant, progress.profile, to_timestamp(changed) AS changed
"""


@dataclass(frozen=True, slots=True)
class Look:
    tenant: str
    profile: str
    watched: datetime
    """Since when somebody makes its runs."""


class SilenceWatch:
    def __init__(
        self, database: EngineDatabase, tenants: TenantDirectory, clock: Callable[[], datetime] = utc_now
    ) -> None:
        """`clock`: the time in UTC, as the control database has it."""
        self._database = database
        self._tenants = tenants
        self._clock = clock

    def run(self, stop: threading.Event, seconds: float) -> None:
        """Look every so many seconds, and on while there is more."""
        while not stop.wait(seconds):
            try:
                while self.look() == BATCH and not stop.is_set():
                    pass
            except StoreError as error:
                LOG.error("nobody can look for profiles that do not succeed", reason=error.message)
            except Exception:
                LOG.exception("a bug in looking for profiles that do not succeed")

    def look(self) -> int:
        """One batch; returns how many were looked at. Raises `StoreError`."""
        with self._database.transaction() as connection:
            claimed = _claim(connection)
        for one in claimed:
            with structlog.contextvars.bound_contextvars(tenant=one.tenant, profile=one.profile):
                self._look_at(one)
        return len(claimed)

    def _look_at(self, one: Look) -> None:
        try:
            after = self._told(one)
        except ConnectorError as error:
            LOG.error("nobody could look whether people should hear of the profile", reason=error.message)
            return
        except Exception:
            LOG.exception("a bug in looking at a profile")
            return
        if after is not None:
            _put_off(self._database, one, after)

    def _told(self, one: Look) -> timedelta | None:
        """After how long to look again."""
        tenant = self._tenants.load(one.tenant)
        profile = tenant.profile(one.profile) if tenant else None
        if tenant is None or profile is None:
            return None
        installation = replace(tenant.installation, clock=self._clock)
        with tenant.open_store() as store:
            for notice in look(installation, profile, store, one.watched):
                LOG.warning("people are to hear of the profile", notice=str(notice.kind))
            return look_again(installation, profile, store)


def _claim(connection: Connection) -> list[Look]:
    watch = connection.execute(_WATCH, [NOBODY_LOOKED, _LOOKS]).fetchone()
    if watch is None:  # another worker is at it
        return []
    connection.execute(_NEW, [CLAIMED])
    rows = connection.execute(_CLAIM, [CLAIMED, BATCH])
    return [Look(row["tenant"], row["profile"], max(watch["since"], row["changed"])) for row in rows]


def _put_off(database: EngineDatabase, one: Look, after: timedelta) -> None:
    """Unless a run succeeded meanwhile, which knows better."""
    with database.transaction() as connection:
        connection.execute(
            "UPDATE progress SET look_at = now() + %s WHERE tenant = %s AND profile = %s AND look_at <= now() + %s",
            [after, one.tenant, one.profile, CLAIMED],
        )
