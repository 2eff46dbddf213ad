"""One run of a profile at a time: a lease that expires, with a token that grows whenever it changes hands.

The holder renews it from a thread. When it was silent for too long, as on a machine that slept, the next run or edit of
the profile takes the lease away by raising its token, and the holder finds that in its apply transaction and changes
nothing. One that slept while nobody wanted its lease has missed nothing and goes on. All times are the database's, but
on the machine of the holder: there it is the time since its start, which nobody can set.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from pbx_connector.errors import ProfileBusy, StoreError
from pbx_connector.stores.sql.dialects.database import Database
from pbx_connector.stores.sql.history import uptime
from pbx_connector.stores.sql.schema.tables import lease

SECONDS = 60.0
"""How long a silent holder keeps its lease."""


@dataclass(frozen=True, slots=True)
class Lease:
    profile: str
    token: int
    abandoned: int | None
    """The run whose lease this one took over: it ended without a word."""


def acquire(connection: Connection, database: Database, profile: str, run: int) -> Lease:
    """Raises `ProfileBusy` while somebody else holds the lease."""
    now = connection.execute(select(database.dialect.now())).scalar_one()
    held = connection.execute(select(lease).where(lease.c.profile == profile)).first()
    if held is None:
        connection.execute(insert(lease).values(profile=profile, token=1, holder=_holder(), run=run, renewed=now))
        return Lease(profile, 1, None)
    if held.holder and _alive(held, now):
        raise _held(held)
    token = held.token + 1
    connection.execute(
        update(lease).where(lease.c.profile == profile).values(token=token, holder=_holder(), run=run, renewed=now)
    )
    return Lease(profile, token, held.run if held.holder else None)


def ensure_free(connection: Connection, database: Database, profile: str) -> None:
    """For changes of a profile's entries that are no run: a run that fell silent can no longer be applied after them.

    Raises `ProfileBusy` while a run goes on.
    """
    if (held := find_silent(connection, database, profile)) is not None:
        # The holder stays noted, so that the next run reports the one that fell silent.
        connection.execute(update(lease).where(lease.c.profile == profile).values(token=held.token + 1))


def find_silent(connection: Connection, database: Database, profile: str) -> Row[Any] | None:
    """The lease of a run that fell silent, if there is one; raises `ProfileBusy` while a run goes on."""
    now = connection.execute(select(database.dialect.now())).scalar_one()
    held = connection.execute(select(lease).where(lease.c.profile == profile)).first()
    if held is None or not held.holder:
        return None
    if _alive(held, now):
        raise _held(held)
    return held


def _held(held: Row[Any]) -> ProfileBusy:
    who = json.loads(held.holder)
    return ProfileBusy(
        f"a run of profile {held.profile} is going on: run {held.run} of process {who['pid']} on {who['host']}",
        hint=f"wait for its end; if that process is gone, the profile is free again in {SECONDS:.0f} seconds",
    )


def verify(connection: Connection, taken: Lease) -> None:
    """In the apply transaction: nobody took the lease over."""
    token = connection.execute(select(lease.c.token).where(lease.c.profile == taken.profile)).scalar()
    if token != taken.token:
        raise StoreError(
            f"this run was silent for {SECONDS:.0f} seconds and lost its hold on profile {taken.profile} "
            "to another run or another command; it changed nothing",
            hint="run it again; if it happens again, the machine sleeps, or machine or database are too slow",
        )


def give_back(connection: Connection, taken: Lease) -> None:
    mine = (lease.c.profile == taken.profile) & (lease.c.token == taken.token)
    connection.execute(update(lease).where(mine).values(holder=""))


class Renewal:
    """Renews a lease in the background while its `with` block runs."""

    def __init__(self, database: Database, taken: Lease) -> None:
        self._database = database
        self._taken = taken
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"lease {taken.profile}", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _renew(self) -> None:
        mine = (lease.c.profile == self._taken.profile) & (lease.c.token == self._taken.token) & (lease.c.holder != "")
        while not self._over.wait(SECONDS / 4):
            try:
                with self._database.write() as connection:
                    now = self._database.dialect.now()
                    connection.execute(update(lease).where(mine).values(renewed=now, holder=_holder()))
            except StoreError:
                continue  # the next try may work; if none does, the apply transaction finds out


def _holder() -> str:
    machine = {"boot": uptime.boot(), "up": uptime.seconds()}
    return json.dumps({"host": socket.gethostname(), "pid": os.getpid(), **machine})


def _alive(held: Row[Any], now: float) -> bool:
    return _in_time(held, now) and not _process_ended(json.loads(held.holder))


def _in_time(held: Row[Any], now: float) -> bool:
    """A time of renewal well in the future means that the clock was set back: the lease is no longer trusted."""
    who = json.loads(held.holder)
    if who.get("boot") and who["boot"] == uptime.boot():
        return bool(uptime.seconds() - who["up"] < SECONDS)
    return bool(-SECONDS < now - held.renewed < SECONDS)


def _process_ended(who: dict[str, object]) -> bool:
    """Whether the holder ran on this machine and is known to be gone, as after `kill -9`."""
    if who["host"] != socket.gethostname():
        return False
    try:
        os.kill(int(str(who["pid"])), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
