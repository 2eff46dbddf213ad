"""Threads are divided: by database, and in each by phone system; whoever hangs takes no more than its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import own_loop
import pytest
from pbx_directory.access import Gate
from pbx_directory.lanes import Busy, Lane, Lanes, Threads, Width
from pbx_directory.noting import Noting
from pbx_directory.settings import DirectorySettings
from pbx_directory.systems import ServedSystem

from pbx_connector.api import DeviceReader, PhoneBook, Store, application

from .test_access import Clock

WITHIN = 100


class Hanging:
    """Work that begins and does not end before it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Event()

    def __call__(self) -> str:
        self.begun.release()
        assert self.go_on.wait(WITHIN)
        return "late"

    async def has_begun(self, times: int) -> None:
        for _ in range(times):
            assert await asyncio.to_thread(self.begun.acquire, True, WITHIN)


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    work = Hanging()
    yield work
    work.go_on.set()


def test_one_that_hangs_leaves_threads_to_the_others(hanging: Hanging) -> None:
    async def scene() -> None:
        lane = Lane(Width(threads=3, each=2), "test")
        stuck = [asyncio.create_task(lane.run("acme", hanging)) for _ in range(10)]
        await hanging.has_begun(2)
        assert [await lane.run("bolt", str.upper, "b") for _ in range(20)] == ["B"] * 20
        assert not any(task.done() for task in stuck)
        hanging.go_on.set()
        assert await asyncio.gather(*stuck) == ["late"] * 10
        assert (lane._free, lane._busy, lane._waiting) == (3, {}, {})

    own_loop.run(scene())


def test_a_database_that_hangs_leaves_the_other_ones_alone(hanging: Hanging) -> None:
    async def scene() -> None:
        lanes = Lanes(Width(threads=2, each=1), "test")
        stuck = [asyncio.create_task(lanes.to("one").run(f"t{number}", hanging)) for number in range(10)]
        await hanging.has_begun(2)
        assert await lanes.to("two").run("t0", str.upper, "a") == "A"
        waiting = asyncio.create_task(lanes.to("one").run("t11", str.upper, "a"))
        await asyncio.sleep(0)
        assert not waiting.done()
        hanging.go_on.set()
        await asyncio.gather(*stuck, waiting)

    own_loop.run(scene())


def test_phone_systems_have_turns(hanging: Hanging) -> None:
    async def scene() -> None:
        lane, order = Lane(Width(threads=1, each=1), "test"), list[str]()
        first = asyncio.create_task(lane.run("acme", hanging))
        await hanging.has_begun(1)
        crowd = [asyncio.create_task(lane.run("acme", order.append, "acme")) for _ in range(5)]
        await asyncio.sleep(0)
        crowd.append(asyncio.create_task(lane.run("bolt", order.append, "bolt")))
        await asyncio.sleep(0)
        hanging.go_on.set()
        await asyncio.gather(first, *crowd)
        assert order.index("bolt") <= 1

    own_loop.run(scene())


def test_too_many_and_too_long_are_told(hanging: Hanging) -> None:
    async def scene() -> None:
        lane = Lane(Width(threads=1, each=1, waiting=2, seconds=0.2), "test")
        stuck = asyncio.create_task(lane.run("acme", hanging))
        await hanging.has_begun(1)
        waiting = [asyncio.create_task(lane.run("acme", hanging)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await lane.run("acme", hanging)
        assert [type(error) for error in await asyncio.gather(*waiting, return_exceptions=True)] == [Busy, Busy]
        hanging.go_on.set()
        await stuck
        assert await lane.run("acme", str.upper, "a") == "A"

    own_loop.run(scene())


def test_who_asks_no_more_keeps_its_thread_and_no_place_in_the_queue(hanging: Hanging) -> None:
    async def scene() -> None:
        lane = Lane(Width(threads=1, each=1), "test")
        stuck = asyncio.create_task(lane.run("acme", hanging))
        await hanging.has_begun(1)
        waiting = asyncio.create_task(lane.run("acme", hanging))
        await asyncio.sleep(0)
        for task in (waiting, stuck):
            task.cancel()
        await asyncio.gather(stuck, waiting, return_exceptions=True)
        behind = asyncio.create_task(lane.run("bolt", str.upper, "b"))
        await asyncio.sleep(0.05)
        assert not behind.done(), "a second thread was taken while the first one hangs"
        hanging.go_on.set()
        assert await behind == "B"

    own_loop.run(scene())


def test_what_fails_fails_for_who_asked() -> None:
    async def scene() -> None:
        lane = Lane(Width(threads=1, each=1), "test")
        with pytest.raises(ZeroDivisionError):
            await lane.run("acme", lambda: 1 // 0)
        assert await lane.run("acme", str.upper, "a") == "A"

    own_loop.run(scene())


def test_threads_are_started_as_they_are_needed_and_end() -> None:
    threads = Threads(5, "counted")
    for _ in range(20):
        threads.submit(lambda: None).result(WITHIN)
    mine = [thread for thread in threading.enumerate() if thread.name == "counted"]
    assert len(mine) == 1
    threads.close()
    mine[0].join(WITHIN)
    assert not mine[0].is_alive()


# --- who was seen ----------------------------------------------------------------------------------------------------


def seen(store: Store, clock: Clock) -> tuple[ServedSystem, Callable[[], bool]]:
    """A phone system of which a device was seen, and whether that is noted."""
    made = application.devices.add_device(store, "Hall", None, {})
    gate = Gate(DeviceReader(lambda: store), (), clock)
    assert gate.by_secret(made.device.id, made.secret, "192.0.2.7")
    system = ServedSystem(PhoneBook(lambda: store), gate, DirectorySettings())
    return system, lambda: any(device.seen for device in store.devices())


def noted_by(gate: Gate, noted: threading.Event) -> Callable[[], None]:
    def flush() -> None:
        Gate.flush(gate)
        noted.set()

    return flush


def test_who_was_seen_is_noted_at_the_end(store: Store) -> None:
    system, is_noted = seen(store, Clock())
    noting = Noting(lambda: [system])
    noting.start()
    assert not is_noted()
    noting.stop()
    assert is_noted()


def test_who_was_seen_is_noted_behind_the_requests(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pbx_directory.noting.EVERY", 0.02)
    clock = Clock()
    system, is_noted = seen(store, clock)
    noting, noted = Noting(lambda: [system]), threading.Event()
    monkeypatch.setattr(system.gate, "flush", noted_by(system.gate, noted))
    noting.start()
    try:
        assert not noted.wait(0.2)
        clock.now += 60
        assert noted.wait(WITHIN)
        assert is_noted()
    finally:
        noting.stop()


def test_one_that_nobody_asks_for_any_more_is_noted_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pbx_directory.noting.EVERY", 0.02)
    system, is_noted = seen(store, Clock())
    noted = threading.Event()
    monkeypatch.setattr(system.gate, "flush", noted_by(system.gate, noted))
    noting = Noting(lambda: [system])
    noting.start()
    try:
        system.is_dropped = True
        assert noted.wait(WITHIN)
        assert is_noted()
    finally:
        noting.stop()


def test_a_store_that_hangs_keeps_the_end_waiting_for_a_moment_only(
    store: Store, monkeypatch: pytest.MonkeyPatch, hanging: Hanging
) -> None:
    monkeypatch.setattr("pbx_directory.noting.FAREWELL", 0.2)
    system, _ = seen(store, Clock())
    monkeypatch.setattr(system.gate, "flush", hanging)
    noting = Noting(lambda: [system])
    noting.start()
    noting.stop()
    assert hanging.begun.acquire(timeout=WITHIN), "nothing hung, so that nothing is proven"
