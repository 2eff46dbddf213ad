"""How often a tenant's source is asked: a bucket of tokens for each, and a breaker, shared by all workers.

Each question is one statement by the database's clock. A source that wants to be left alone for a while, or fails again
and again, holds back the runs of its tenant from it alone; they end at once, and take no worker's place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from pbx_connector.engine.database import EngineDatabase

OPENS_AFTER = 5
"""Failures in a row after which a source is left alone for a while."""
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
"""Then one run may try."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket holds `burst` tokens, each run takes one, and one comes every `interval`."""

    burst: float = 10
    interval: timedelta = timedelta(seconds=6)


class SourceLimits:
    def __init__(self, database: EngineDatabase, rate: Rate | None = None) -> None:
        self._database = database
        self._rate = rate or Rate()

    def admit(self, tenant: str, source: str) -> timedelta | None:
        """None: go on, a token was taken. Otherwise after how long to ask again. Raises `StoreError`."""
        values = {
            "tenant": tenant,
            "source": source,
            "burst": self._rate.burst,
            "interval": self._rate.interval.total_seconds(),
        }
        with self._database.transaction() as connection:
            row = connection.execute(_TAKE, values).fetchone()
            if row is not None:
                return None
            row = connection.execute(_WAIT, values).fetchone()
        return timedelta(seconds=max(0.1, float(row["wait"]))) if row else None

    def throttled(self, tenant: str, source: str, wait: timedelta) -> None:
        """The source said when to come back."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO bucket (tenant, source, tokens, filled, closed_until, reason) "
                "VALUES (%(tenant)s, %(source)s, 0, now(), now() + %(held)s, 'throttled') "
                "ON CONFLICT (tenant, source) DO UPDATE SET reason = 'throttled', "
                "closed_until = GREATEST(bucket.closed_until, now() + %(held)s)",
                {"tenant": tenant, "source": source, "held": wait},
            )

    def failed(self, tenant: str, source: str) -> None:
        """From `OPENS_AFTER` failures in a row on each makes the pause twice as long."""
        with self._database.transaction() as connection:
            connection.execute(
                _FAILED,
                {
                    "tenant": tenant,
                    "source": source,
                    "opens": OPENS_AFTER,
                    "first": FIRST_PAUSE,
                    "longest": LONGEST_PAUSE,
                },
            )

    def succeeded(self, tenant: str, source: str) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE bucket SET failures = 0, closed_until = NULL, reason = '' "
                "WHERE tenant = %s AND source = %s AND (failures > 0 OR closed_until IS NOT NULL)",
                [tenant, source],
            )


_FILLED = "LEAST(%(burst)s, bucket.tokens + extract(epoch FROM clock_timestamp() - bucket.filled) / %(interval)s)"
_TAKE = f"""
INSERT INTO bucket (tenant, source, tokens, filled)
VALUES (%(tenant)s, %(source)s, %(burst)s - 1, clock_timestamp())
ON CONFLICT (tenant, source) DO UPDATE SET tokens = {_FILLED} - 1, filled = clock_timestamp(),
  closed_until = CASE WHEN bucket.reason = 'failing' THEN clock_timestamp() + interval '1 minute' END
WHERE {_FILLED} >= 1 AND (bucket.closed_until IS NULL OR bucket.closed_until <= clock_timestamp())
RETURNING 1
"""  # noqa: S608 - of a source that fails one run alone tries, for a minute
_WAIT = f"""
SELECT GREATEST((1 - {_FILLED}) * %(interval)s, extract(epoch FROM closed_until - clock_timestamp()), 0)
  ::double precision AS wait
FROM bucket WHERE tenant = %(tenant)s AND source = %(source)s
"""  # noqa: S608
_FAILED = """
INSERT INTO bucket (tenant, source, tokens, filled, failures)
VALUES (%(tenant)s, %(source)s, 0, now(), 1)
ON CONFLICT (tenant, source) DO UPDATE SET failures = bucket.failures + 1,
  reason = CASE WHEN bucket.failures + 1 >= %(opens)s THEN 'failing' ELSE bucket.reason END,
  closed_until = CASE WHEN bucket.failures + 1 >= %(opens)s
    THEN now() + LEAST(%(first)s * 2 ^ LEAST(bucket.failures + 1 - %(opens)s, 12), %(longest)s)
    ELSE bucket.closed_until END
"""
