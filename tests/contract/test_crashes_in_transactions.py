"""A process that is killed while it commits, or inside the transaction of `prune`, leaves everything or nothing.

The process itself sets the timer that kills it, where the transaction begins that is aimed at, and notes in shared
memory how far it came; so it is known where each kill fell. Kills go on until enough of them fell within.
`PBX_CRASHES` sets how many that are, as in `test_crashes.py`.
"""

from __future__ import annotations

import ctypes
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from pbx_connector.run import run_profile
from pbx_connector.stores import open_store, retention
from pbx_connector.stores.sql.dialects.database import Database
from pbx_connector.stores.sql.plan.plan_transaction import SqlPlanTransaction

from .conftest import dump, grow_older
from .test_crashes import (
    CRASHES,
    PROCESSES,
    check_history,
    complete,
    contents,
    profile_of,
    wanted,
    without_ids,
)

WITHIN = max(1, CRASHES // 4)
"""How many kills have to fall within."""
TRIES = 40
"""So many kills for each one that has to fall within, at most."""
DAY = timedelta(days=1)


class Place(IntEnum):
    """Where a kill fell."""

    BEFORE = 0
    WITHIN = 1
    AFTER = 2


@dataclass(frozen=True)
class Watch:
    """Goes to the process that is to be killed, and comes back with what it saw."""

    place: ctypes.c_int
    seconds: ctypes.c_double
    """From `enter` to `leave`, if the process came so far."""
    share: float | None
    """When to kill it, as a share of the seconds that were measured; before it begins if negative."""

    def enter(self) -> None:
        if self.share is not None:
            if self.share < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            # The signal has no handler: the kernel ends the process, wherever it is.
            signal.setitimer(signal.ITIMER_REAL, max(self.share * self.seconds.value, 1e-6))
        self.place.value = Place.WITHIN

    def leave(self, began: float) -> None:
        self.place.value = Place.AFTER
        if self.share is None:
            self.seconds.value = time.monotonic() - began
        else:
            time.sleep(60)  # until the timer ends it


def commit_in_child(url: str, generation: int, watch: Watch) -> None:
    """Watches the one commit that applies the plan."""
    applied, apply, commit = [], SqlPlanTransaction.apply, Database.commit

    def noted_apply(self: SqlPlanTransaction, *args: Any, **options: Any) -> None:
        apply(self, *args, **options)
        applied.append(self)

    def watched_commit(self: Database, connection: Connection) -> None:
        if not any(one.connection is connection for one in applied):
            return commit(self, connection)
        watch.enter()
        began = time.monotonic()
        commit(self, connection)
        return watch.leave(began)

    SqlPlanTransaction.apply = noted_apply  # type: ignore[method-assign]
    Database.commit = watched_commit  # type: ignore[method-assign]
    with open_store(url) as store:
        run_profile(profile_of(generation), store)


def prune_in_child(url: str, watch: Watch) -> None:
    """Watches the transaction from its beginning to the end of its commit."""
    write = Database.write

    @contextmanager
    def watched_write(self: Database) -> Iterator[Connection]:
        began = 0.0
        with write(self) as connection:
            watch.enter()
            began = time.monotonic()
            yield connection
        watch.leave(began)

    with open_store(url) as store:
        Database.write = watched_write  # type: ignore[method-assign]
        store.prune(DAY)


class Killer:
    """Kills one process after the other, and counts where that fell."""

    def __init__(self, target: Callable[..., None]) -> None:
        self._target = target
        self._seconds = 0.0
        self.fell: Counter[Place] = Counter()

    def measure(self, *args: Any) -> None:
        place, self._seconds = self._go(None, *args)
        assert place is Place.AFTER

    def kill(self, *args: Any, share: float) -> None:
        place, _ = self._go(share, *args)
        self.fell[place] += 1
        if place is Place.AFTER:
            self._seconds *= 0.8  # this machine has become faster since it was measured

    def _go(self, share: float | None, *args: Any) -> tuple[Place, float]:
        place = PROCESSES.Value("i", Place.BEFORE, lock=False)
        watch = Watch(place, PROCESSES.Value("d", self._seconds, lock=False), share)
        child = PROCESSES.Process(target=self._target, args=(*args, watch))
        child.start()
        child.join(120)
        ends = (0,) if share is None else (-signal.SIGKILL, -signal.SIGALRM)
        assert child.exitcode in ends, f"ended by itself with {child.exitcode}"
        return Place(watch.place.value), watch.seconds.value

    def shares(self) -> Iterator[float]:
        """Until enough of them fell within; every fourth is before or after."""
        choice = random.Random()
        for number in range(WITHIN * TRIES):
            if self.fell[Place.WITHIN] >= WITHIN:
                return
            yield choice.uniform(0, 1) if number % 4 else (-1, 1.5)[number // 4 % 2]
        raise AssertionError(f"of {WITHIN * TRIES} kills too few fell within: {self.fell}")


def killed_while_it_commits(url: str) -> Counter[Place]:
    expected = [wanted(generation) for generation in range(2)]
    killer, generation = Killer(commit_in_child), 0
    complete(url, 0)
    killer.measure(url, 1)
    for share in killer.shares():
        before = contents(url)
        killer.kill(url, generation, share=share)
        found = without_ids(contents(url))
        assert found in (without_ids(before), expected[generation]), f"killed at {share}"
        complete(url, generation)
        after = contents(url)
        assert without_ids(after) == expected[generation]
        assert all(after[key][0] == before[key][0] for key in after.keys() & before.keys()), "an id changed"
        generation = 1 - generation
    return killer.fell


def age(url: str, generation: int) -> None:
    """A run, and then days without one."""
    complete(url, generation)
    with open_store(url) as store:
        grow_older(store, 3 * DAY)


def everything(url: str) -> Any:
    """But for the time that pruning last believed in, which goes on."""
    with open_store(url) as store:
        found = dump(store)
    found["shared_state"] = [row for row in found["shared_state"] if retention.KEY not in row]
    return found


def killed_while_it_prunes(url: str) -> Counter[Place]:
    killer = Killer(prune_in_child)
    for generation in (0, 1, 0):
        age(url, generation)
    killer.measure(url)
    generation = 1
    for share in killer.shares():
        age(url, generation)
        before, book = everything(url), contents(url)
        killer.kill(url, share=share)
        left = everything(url)
        with open_store(url) as store:
            store.prune(DAY)
        assert left in (before, everything(url)), f"half of a history is left; killed at {share}"
        assert contents(url) == book
        generation = 1 - generation
    complete(url, generation)
    assert without_ids(contents(url)) == wanted(generation)
    return killer.fell


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("empty_postgres")())
    return f"sqlite:///{tmp_path / 'book.db'}"


@pytest.mark.timeout(1200)
def test_a_kill_in_mid_commit_leaves_all_or_nothing(url: str) -> None:
    fell = killed_while_it_commits(url)
    print({place.name: fell[place] for place in Place})
    check_history(url)


@pytest.mark.timeout(1200)
def test_a_kill_inside_prune_leaves_all_or_nothing(url: str) -> None:
    fell = killed_while_it_prunes(url)
    print({place.name: fell[place] for place in Place})
