"""A run that is killed at a random moment leaves the phone book as before or as after, and the next run completes it.

`PBX_CRASHES` sets how many kills there are for each database; `make crash` has many.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from pbx_connector.model import RunStatus
from pbx_connector.plan import Content
from pbx_connector.profile import ChangeLimit, Limits, Profile, RemovalLimit
from pbx_connector.run import run_profile
from pbx_connector.stores import open_store
from pbx_connector.testing import MemorySource
from pbx_connector.testing.memory_source import MemorySettings

from .conftest import map_row

CRASHES = int(os.environ.get("PBX_CRASHES", "10"))
ROWS = 1500
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["pbx_connector.run", "pbx_connector.stores.sql.dialects.postgres", "pbx_connector.testing"]
)
Book = dict[str, tuple[int, Content]]


def profile_of(generation: int) -> Profile:
    """Each generation changes a third of the rows, drops a third of the others and adds as many."""
    source = MemorySource()
    book = source.add("public")
    for number in range(ROWS):
        if number % 3 != 1 or number % 2 == generation % 2:
            name = f"Name {number}" if number % 3 else f"Name {number} of {generation}"
            book.put(f"k{number:05}", display_name=name, phone=f"+4999{number}", label=f"Group {number % 7}")
    free = Limits(RemovalLimit(1.0, ROWS), ChangeLimit(1.0))
    settings = MemorySettings()
    return Profile("crm", "CRM", source.type(), settings, map_row, frozenset(), f"f{generation}", limits=free)


def run_in_child(url: str, generation: int, ready: Event) -> None:
    profile = profile_of(generation)
    with open_store(url) as store:
        ready.set()
        run_profile(profile, store)


def complete(url: str, generation: int) -> None:
    with open_store(url) as store:
        run_profile(profile_of(generation), store)


def contents(url: str) -> Book:
    with open_store(url) as store:
        return {entry.origin.row: (entry.id, entry.content) for entry in store.entries() if entry.origin}


def without_ids(book: Book) -> dict[str, Content]:
    return {key: content for key, (_, content) in book.items()}


def wanted(generation: int) -> dict[str, Content]:
    with open_store("memory:") as store:
        run_profile(profile_of(generation), store)
        return {entry.origin.row: entry.content for entry in store.entries() if entry.origin}


def kill_after(url: str, generation: int, seconds: float) -> bool:
    """Returns whether the run was still going on."""
    ready = PROCESSES.Event()
    child = PROCESSES.Process(target=run_in_child, args=(url, generation, ready))
    child.start()
    assert ready.wait(200)
    child.join(seconds)
    alive = child.is_alive()
    if alive:
        os.kill(child.pid or 0, signal.SIGKILL)
    child.join()
    return alive


def crash_again_and_again(url: str, seed: int) -> int:
    """Returns how many kills hit a run that went on."""
    choice = random.Random(seed)
    expected = [wanted(generation) for generation in range(2)]
    complete(url, 0)
    start = time.monotonic()
    complete(url, 1)
    longest = time.monotonic() - start
    hits = crash = 0
    while crash < CRASHES or (hits < CRASHES // 3 and crash < 5 * CRASHES):
        generation = crash % 2
        before = contents(url)
        hit = kill_after(url, generation, choice.uniform(0, longest))
        hits += hit
        longest *= 1 if hit else 0.8  # this machine has become faster since it was measured
        found = contents(url)
        assert without_ids(found) in (without_ids(before), expected[generation]), f"seed {seed}, crash {crash}"
        complete(url, generation)
        after = contents(url)
        assert without_ids(after) == expected[generation], f"seed {seed}, crash {crash}"
        assert all(after[key][0] == before[key][0] for key in after.keys() & before.keys()), "an id changed"
        crash += 1
    return hits


def check_history(url: str) -> None:
    """What was killed is in the history as failed, with nothing changed."""
    with open_store(url) as store:
        killed = [run for run in store.runs() if run.report.status is RunStatus.FAILED]
        assert all("without a word" in run.note and not list(store.changes(run.id)) for run in killed)
        assert store.profiles()[0].last


@pytest.mark.timeout(1200)
def test_sqlite_survives_a_kill_at_any_moment(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'book.db'}"
    hits = crash_again_and_again(url, seed=random.randrange(10**6))
    assert hits >= CRASHES // 3
    check_history(url)


@pytest.mark.timeout(1200)
def test_postgres_survives_a_kill_at_any_moment(empty_postgres: Callable[[], str]) -> None:
    url = empty_postgres()
    hits = crash_again_and_again(url, seed=random.randrange(10**6))
    assert hits >= CRASHES // 3
    check_history(url)
