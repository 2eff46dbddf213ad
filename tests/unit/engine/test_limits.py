"""Sources are asked no more often than they stand, whoever asks."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.limits import OPENS_AFTER, Rate, SourceLimits

SLOW = Rate(burst=3, interval=timedelta(hours=1))


@pytest.fixture
def source_limits(database: EngineDatabase) -> SourceLimits:
    return SourceLimits(database, SLOW)


def test_a_bucket_gives_what_it_holds_and_then_one_by_one(source_limits: SourceLimits, ask: object) -> None:
    assert [source_limits.admit("a", "ews") for _ in range(3)] == [None] * 3
    wait = source_limits.admit("a", "ews")
    assert wait is not None
    assert timedelta(minutes=59) < wait <= timedelta(hours=1)
    assert source_limits.admit("b", "ews") is None
    assert source_limits.admit("a", "graph") is None


def test_a_bucket_fills_with_time(source_limits: SourceLimits, ask: object) -> None:
    for _ in range(3):
        source_limits.admit("a", "ews")
    ask("UPDATE bucket SET filled = filled - interval '150 minutes'")  # type: ignore[operator]
    assert [source_limits.admit("a", "ews") is None for _ in range(3)] == [True, True, False]
    ask("UPDATE bucket SET filled = filled - interval '1 year'")  # type: ignore[operator]
    assert [source_limits.admit("a", "ews") is None for _ in range(4)] == [True, True, True, False]


def test_workers_that_ask_at_once_share_the_tokens(control_url: str) -> None:
    given, threads, ready = [], [], threading.Barrier(8)

    def ask_once() -> None:
        database = EngineDatabase(control_url)
        ready.wait(200)
        given.append(SourceLimits(database, SLOW).admit("a", "ews"))
        database.close()

    for _ in range(8):
        threads.append(threading.Thread(target=ask_once))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert given.count(None) == 3


def test_a_source_that_wants_to_be_left_alone_is(source_limits: SourceLimits) -> None:
    source_limits.throttled("a", "ews", timedelta(minutes=7))
    wait = source_limits.admit("a", "ews")
    assert wait is not None
    assert wait > timedelta(minutes=6)
    assert source_limits.admit("b", "ews") is None


def test_a_source_that_fails_again_and_again_is_left_alone_longer_and_longer(
    source_limits: SourceLimits, ask: object
) -> None:
    held = "SELECT extract(epoch FROM closed_until - now())::float8 FROM bucket"
    for _ in range(OPENS_AFTER - 1):
        source_limits.failed("a", "ews")
    assert ask(held) == [(None,)]  # type: ignore[operator]
    pauses = []
    for _ in range(10):
        source_limits.failed("a", "ews")
        pauses.append(round(ask(held)[0][0] / 60))  # type: ignore[operator]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert source_limits.admit("a", "ews") is not None


def test_after_the_pause_one_run_alone_tries(source_limits: SourceLimits, ask: object) -> None:
    for _ in range(OPENS_AFTER):
        source_limits.failed("a", "ews")
    ask("UPDATE bucket SET closed_until = now() - interval '1 second', tokens = 3")  # type: ignore[operator]
    assert source_limits.admit("a", "ews") is None
    assert source_limits.admit("a", "ews") is not None
    source_limits.succeeded("a", "ews")
    assert source_limits.admit("a", "ews") is None
    assert ask("SELECT failures, closed_until, reason FROM bucket") == [(0, None, "")]  # type: ignore[operator]
