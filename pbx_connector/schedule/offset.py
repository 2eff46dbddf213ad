"""By how much a profile starts later than its cron says, so that not all profiles of a machine start at once."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from pbx_connector.schedule.model import Schedule


def offset(profile: str, schedule: Schedule, jitter: timedelta) -> timedelta:
    """Always the same for one profile, so that it can be told beforehand; `jitter` at most."""
    if schedule.every is not None:
        return timedelta(0)
    digest = int.from_bytes(hashlib.sha256(profile.encode()).digest()[:8])
    return timedelta(seconds=digest % (int(jitter.total_seconds()) + 1))
