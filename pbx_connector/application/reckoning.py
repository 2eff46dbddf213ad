"""From when a schedule counts, by a clock that may have been set back since.

What lies in the future cannot have been: a last run by a clock that was ahead, or a file from such a machine. It counts
from the moment at which it was first seen to lie there. That moment is kept in the store, for all services and over
restarts: a due time that is computed from "now" each time it is asked for never comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from pbx_connector.stores import RunRecord, SharedState

SKEW = timedelta(seconds=2)
"""By so much the clocks of several machines may differ without a word."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something lay in the future."""

    what: str
    """A run's number, or the time of a file."""
    moment: datetime
    """When it would have been."""
    at: datetime
    """When it was first seen: from then on it counts as made."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a profile's next run is reckoned from."""

    start: datetime | None
    """When its last run counts as begun; None if it never ran."""
    seen: datetime
    """When its file counts as having come."""
    sighting: Sighting | None = None
    """Set if the clock was set back since, so that one of the two is not what was written down."""

    @property
    def served(self) -> datetime | None:
        """When the last run began by its own clock, if that is ahead."""
        return self.sighting.moment if self.sighting and self.start else None


_SIGHTING = TypeAdapter(Sighting)


def basis(shared: SharedState, profile: str, last: RunRecord | None, seen: datetime, now: datetime) -> Basis:
    """Keeps what is seen to lie in the future. Raises `StoreError`."""
    key = f"clock {profile}"
    while True:
        text = shared.shared_state(key)
        found, sighting = _reckoned(_parse(text), last, seen, now)
        written = _SIGHTING.dump_json(sighting).decode() if sighting else ""
        if sighting is None or written == text or shared.compare_and_set(key, text, written):
            return found


def look(shared: SharedState, profile: str, last: RunRecord | None, seen: datetime, now: datetime) -> Basis:
    """The same, and nothing is kept."""
    return _reckoned(_parse(shared.shared_state(f"clock {profile}")), last, seen, now)[0]


def forget(shared: SharedState, profile: str) -> None:
    """Of a profile that is no more."""
    key = f"clock {profile}"
    shared.compare_and_set(key, shared.shared_state(key), "")


def _reckoned(
    held: Sighting | None, last: RunRecord | None, seen: datetime, now: datetime
) -> tuple[Basis, Sighting | None]:
    if last is not None and last.report.started is not None:
        sighting = _sighting(held, f"run {last.id}", last.report.started, now)
        return Basis(sighting.at if sighting else last.report.started, seen, sighting), sighting
    sighting = _sighting(held, f"file {seen.isoformat()}", seen, now)
    return Basis(None, sighting.at if sighting else seen, sighting), sighting


def _sighting(held: Sighting | None, what: str, moment: datetime, now: datetime) -> Sighting | None:
    """Once it was seen to lie in the future that stays so, even when its time comes; a clock that is set back further
    than that makes it a new one."""
    if held is not None and held.what == what and held.at <= now:
        return held
    return Sighting(what, moment, now) if moment > now + SKEW else None


def _parse(text: str) -> Sighting | None:
    try:
        return _SIGHTING.validate_json(text) if text else None
    except ValidationError:
        return None
