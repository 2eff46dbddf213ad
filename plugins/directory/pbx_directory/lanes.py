"""Threads that ask databases, so that one which hangs holds up nobody else's telephones.

Each database has threads of its own, and no phone system takes all of them: who waits, waits behind its own, and the
phone systems have turns. What hangs for ever keeps no process from ending.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

Result = TypeVar("Result")
Work = tuple[Future[Any], Callable[[], Any]]


class Busy(Exception):
    """Too many wait already, or one has waited for too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Width:
    """Of a lane."""

    threads: int
    each: int
    """Of them, at most, for one phone system."""
    waiting: int = 400
    """For a thread, at most, of one phone system."""
    seconds: float = 20.0
    """That one waits for a thread at most."""


class Threads:
    """Started as they are needed; they are nobody's to wait for."""

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._work: SimpleQueue[Work | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._started = 0
        self._unfinished = 0

    def submit(self, call: Callable[[], Result]) -> Future[Result]:
        done: Future[Result] = Future()
        with self._lock:
            self._unfinished += 1
            if self._unfinished > self._started < self._most:
                self._started += 1
                threading.Thread(target=self._run, name=self._name, daemon=True).start()
        self._work.put((done, call))
        return done

    def close(self) -> None:
        """What has begun goes on; nobody hears of it."""
        with self._lock:
            for _ in range(self._started):
                self._work.put(None)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            done, call = work
            if done.set_running_or_notify_cancel():
                _carry_out(done, call)
            with self._lock:
                self._unfinished -= 1
            del done, call, work  # a thread that waits keeps no answer


class Lane:
    """The threads for one database. To be used in one event loop."""

    def __init__(self, width: Width, name: str) -> None:
        self._width = width
        self._threads = Threads(width.threads, name)
        self._free = width.threads
        self._busy: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    async def run(self, phone_system: str, call: Callable[..., Result], *arguments: Any) -> Result:
        """Raises `Busy`, and what `call` raises."""
        await self._turn(phone_system)
        loop = asyncio.get_running_loop()

        def end(_: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed already
                loop.call_soon_threadsafe(self._leave, phone_system)

        done = self._threads.submit(partial(call, *arguments))
        done.add_done_callback(end)  # whoever asked may be gone before: the thread is not
        return await asyncio.wrap_future(done)

    def close(self) -> None:
        self._threads.close()

    async def _turn(self, phone_system: str) -> None:
        if self._free and self._may_enter(phone_system) and phone_system not in self._waiting:
            self._enter(phone_system)
            return
        with self._queued(phone_system) as turn:
            try:
                async with asyncio.timeout(self._width.seconds):
                    await turn
            except TimeoutError:
                self._give_back(phone_system, turn)
                raise Busy from None
            except asyncio.CancelledError:
                self._give_back(phone_system, turn)
                raise

    @contextmanager
    def _queued(self, phone_system: str) -> Iterator[asyncio.Future[None]]:
        queue = self._waiting.setdefault(phone_system, deque())
        if len(queue) >= self._width.waiting:
            raise Busy
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            yield turn
        finally:
            if turn in queue:
                queue.remove(turn)
            if not queue and self._waiting.get(phone_system) is queue:
                del self._waiting[phone_system]

    def _give_back(self, phone_system: str, turn: asyncio.Future[None]) -> None:
        """The turn, if it came in the same moment as the end of waiting for it."""
        if turn.done() and not turn.cancelled():
            self._leave(phone_system)

    def _may_enter(self, phone_system: str) -> bool:
        return self._busy[phone_system] < self._width.each

    def _enter(self, phone_system: str) -> None:
        self._free -= 1
        self._busy[phone_system] += 1

    def _leave(self, phone_system: str) -> None:
        self._free += 1
        self._busy[phone_system] -= 1
        if not self._busy[phone_system]:
            del self._busy[phone_system]
        for waiting in list(self._waiting):
            if not self._free:
                return
            self._let_in(waiting)

    def _let_in(self, phone_system: str) -> None:
        queue = self._waiting[phone_system]
        while queue and self._free and self._may_enter(phone_system):
            turn = queue.popleft()
            if not turn.done():
                self._enter(phone_system)
                turn.set_result(None)
                self._waiting.move_to_end(phone_system)  # the others have their turn first


class Lanes:
    """A lane for each database. To be used in one event loop."""

    def __init__(self, width: Width, name: str) -> None:
        self._width = width
        self._name = name
        self._lanes: dict[str, Lane] = {}

    def to(self, database: str) -> Lane:
        if database not in self._lanes:
            self._lanes[database] = Lane(self._width, self._name)
        return self._lanes[database]

    def close(self) -> None:
        for lane in self._lanes.values():
            lane.close()


def _carry_out(done: Future[Any], call: Callable[[], Any]) -> None:
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001 - whoever waits gets it
        done.set_exception(error)
    else:
        done.set_result(result)
