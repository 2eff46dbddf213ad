"""Which runs of the last day took something away, by a clock that nobody sets.

The guard goes by the database's clock. Where that is set forward, yesterday's losses would be long ago; so each run
that loses something also notes how long its machine had been up. A restart of the machine ends what such a note says.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from pbx_connector.stores.sql import shared_state
from pbx_connector.stores.sql.history import uptime

DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Loss:
    run: int
    boot: str
    up: float
    """Seconds since that start of the machine."""


_LOSSES = TypeAdapter(list[Loss])


def recent(connection: Connection, profile: str) -> list[int]:
    """The runs that certainly were made within the last day."""
    return [loss.run for loss in _recent(shared_state.read(connection, _key(profile)))]


def note(connection: Connection, profile: str, run: int) -> None:
    """In the transaction in which the run is applied."""
    if not uptime.boot():
        return
    text = shared_state.read(connection, _key(profile))
    losses = [*_recent(text), Loss(run, uptime.boot(), uptime.seconds())]
    shared_state.swap(connection, _key(profile), text, _LOSSES.dump_json(losses).decode())


def _recent(text: str) -> list[Loss]:
    try:
        noted = _LOSSES.validate_json(text) if text else []
    except ValidationError:
        return []
    return [loss for loss in noted if loss.boot == uptime.boot() and uptime.seconds() - loss.up < DAY]


def _key(profile: str) -> str:
    return f"losses {profile}"
