"""Who makes a run: of several services on one store, exactly one, even if another dies over it.

A claim is kept in the store's shared state: which run of a profile it is (the time when it was due), who
tries it and since when.
"""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from pbx_connector.stores import SharedState

GRACE = timedelta(seconds=90)
"""A claim without a run in the history is somebody's who died, once it is this old: longer than a lease lasts."""
MOST_TRIES = 3
"""A run that kills its service this often is left until it is due again."""


@dataclass(frozen=True, slots=True)
class Claim:
    due: datetime
    holder: str
    at: datetime
    tries: int = 1


_CLAIM = TypeAdapter(Claim)


@dataclass(frozen=True, slots=True)
class ClaimHeld:
    """Somebody else has the run; look again at `until`."""

    until: datetime


@dataclass(frozen=True, slots=True)
class RetriesExhausted:
    """The run was tried `tries` times, and none of them came to an end."""

    tries: int


def claim(
    shared_state: SharedState, profile: str, due: datetime, now: datetime, me: str
) -> Claim | ClaimHeld | RetriesExhausted:
    """Ask for the run that was due at `due`. Whoever gets it looks at the history once more: the run may have been
    made between his first look and his claim."""
    key = f"claim {profile}"
    while True:
        text = shared_state.shared_state(key)
        held = _parse(text)
        tries = 1
        if held is not None and held.holder not in ("", me) and _in_force(held, now):
            return ClaimHeld(held.at + GRACE)
        if held is not None and due <= held.due < now + GRACE:  # a later one is from before the clock was set back
            if held.tries >= MOST_TRIES:
                return RetriesExhausted(held.tries)
            tries = held.tries + 1
        mine = Claim(due, me, now, tries)
        if shared_state.compare_and_set(key, text, _text(mine)):
            return mine


def release(shared_state: SharedState, profile: str, mine: Claim) -> None:
    """The run has ended, or did not begin for no fault of its own: nobody need wait for it, and no try is counted."""
    freed = Claim(mine.due, "", mine.at, mine.tries - 1)
    shared_state.compare_and_set(f"claim {profile}", _text(mine), _text(freed))


def forget(shared_state: SharedState, profile: str) -> None:
    """Of a profile that is no more."""
    key = f"claim {profile}"
    shared_state.compare_and_set(key, shared_state.shared_state(key), "")


def new_holder() -> str:
    """Who claims: a machine, a process, and one of its services."""
    return f"{socket.gethostname()} {os.getpid()} {uuid.uuid4().hex[:8]}"


def _in_force(held: Claim, now: datetime) -> bool:
    """A claim of a process of this machine that is gone is nobody's; one from the future is from a clock set back."""
    return abs(now - held.at) < GRACE and not _ended(held.holder)


def _ended(holder: str) -> bool:
    host, process, *_ = [*holder.split(), "", ""]
    if host != socket.gethostname() or not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _text(claim: Claim) -> str:
    return _CLAIM.dump_json(claim).decode()


def _parse(text: str) -> Claim | None:
    try:
        return _CLAIM.validate_json(text) if text else None
    except ValidationError:
        return None
