"""Which phone systems are served: the only one, or those of a provider, each found by how it is asked for.

What is found is kept for a moment and asked for anew behind the requests, so that no telephone waits for the control
database while that hangs. One that is not there is served like all others: it has no device.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import structlog

from pbx_connector.api import ConnectorError, PhoneBook, PluginContext, Store, StoreError, host_of
from pbx_directory.access import Gate, Guard
from pbx_directory.lanes import Busy, Threads, Width
from pbx_directory.noting import Noting
from pbx_directory.settings import DirectorySettings

if TYPE_CHECKING:
    from pbx_connector.api import application

    PhoneSystem = application.phone_systems.PhoneSystem
    PhoneSystems = application.phone_systems.PhoneSystems

Result = TypeVar("Result")
Found = TypeVar("Found")

LOG = structlog.stdlib.get_logger(__name__)

FRESH = 1.0
"""Seconds for which nobody looks again; the core remembers for a few more."""
SLOW = 1.0
"""Seconds after which what was known holds, while somebody still looks."""
PATIENCE = 10.0
"""Seconds that one waits for what was not known."""
KEPT = 5_000
"""Ways to ask for phone systems that are remembered, a few kilobytes each."""
ABSENT = 1_000
"""Names of which is remembered that they are no phone system's: those of the machine, and what strangers make up."""
LOOKED_FOR = 1_000
"""At a time, at most: strangers make up names."""
DOORS = 3
"""Threads that look; the control database gives a process four connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Widths:
    """How many threads ask each database, by what for: who calls may be held up by no book."""

    callers: Width
    books: Width
    ldap: Width


ALONE = Widths(
    callers=Width(threads=1, each=1, waiting=1_000),
    books=Width(threads=3, each=3, waiting=1_000),
    ldap=Width(threads=8, each=8, waiting=1_000),
)
"""A look-up takes a millisecond or two, nearly all of it Python's own time, so that a second thread would only make
both wait for each other."""


def shared_widths(connections: int) -> Widths:
    """Of a database that gives its phone systems so many connections. One of them that hangs holds four at most."""
    third = max(1, connections * 3 // 10)
    return Widths(
        callers=Width(threads=third, each=1, waiting=100),
        books=Width(threads=third, each=1, waiting=100),
        ldap=Width(threads=third, each=min(2, third), waiting=100),
    )


@dataclass(eq=False)
class ServedSystem:
    """A phone system as it was asked for. Another object for each way to ask for it."""

    book: PhoneBook
    gate: Gate
    settings: DirectorySettings
    """As they are at the moment."""
    id: str = ""
    """Empty for one that is alone, or not there."""
    key: str = ""
    """For what it shares with others and may not use up."""
    database: str = ""
    is_by_host: bool = False
    """It has a host name to itself, which leads back to it."""
    is_dropped: bool = False
    """Nobody asks for it any more."""
    origin: PhoneSystem | None = field(default=None, repr=False)

    def is_same(self, other: ServedSystem) -> bool:
        """Asked for by another way, perhaps; not another one under the same id."""
        return self is other or self.origin is other.origin is not None


@dataclass(frozen=True, slots=True)
class _Kept(Generic[Found]):
    system: Found
    since: float


class Systems(Protocol):
    @property
    def widths(self) -> Widths: ...
    @property
    def evened(self) -> float:
        """Seconds whose multiples a refusal takes, that it does not tell by its time what is there."""
        ...

    async def at(self, host: str) -> ServedSystem | None:
        """None: the host name leaves open which one is asked. Raises `StoreError` and `Busy`."""
        ...

    async def named(self, id: str) -> ServedSystem:
        """Raises `StoreError` and `Busy`."""
        ...

    def nobody(self, name: str) -> ServedSystem:
        """In place of one that is not there."""
        ...

    def start(self) -> None:
        """As often as `stop`."""
        ...

    def stop(self) -> None: ...


class OneSystem:
    """Whatever is asked for, it is this one."""

    evened = 0.0

    def __init__(self, book: PhoneBook, gate: Gate, settings: DirectorySettings, *, widths: Widths = ALONE) -> None:
        self._system = ServedSystem(book, gate, settings)
        self._noting = Noting(lambda: [self._system])
        self.widths = widths

    async def at(self, host: str) -> ServedSystem:
        return self._system

    async def named(self, id: str) -> ServedSystem:
        return self._system

    def nobody(self, name: str) -> ServedSystem:
        return self._system

    def start(self) -> None:
        self._noting.start()

    def stop(self) -> None:
        self._noting.stop()


class ManySystems:
    """Those of a provider."""

    evened = 0.1

    def __init__(self, systems: PhoneSystems, plugin: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._systems = systems
        self._plugin = plugin
        self._clock = clock
        self._guard = Guard(clock)
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Kept[ServedSystem]] = OrderedDict()
        self._absent: OrderedDict[str, _Kept[None]] = OrderedDict()
        self._dropped: list[ServedSystem] = []
        self._looking: dict[str, tuple[Future[ServedSystem | None], float]] = {}
        self._doors = Threads(DOORS, "directory phone systems")
        self._noting = Noting(self._to_note)
        self.widths = shared_widths(systems.fleet.config.connections)

    async def at(self, host: str) -> ServedSystem | None:
        name, domain = host_of(host), self._systems.fleet.config.domain
        found = await self._found(name, partial(self._systems.at, name), is_by_host=True) if name else None
        # A name in the domain of all is one's own, whether there is one or not.
        is_ones = found is None and domain is not None and name.endswith(f".{domain}")
        return self.nobody(name) if is_ones else found

    async def named(self, id: str) -> ServedSystem:
        id = id.lower()
        found = await self._found(f"@{id}", partial(self._systems.named, id), is_by_host=False)
        return found or self.nobody(f"@{id}")

    def nobody(self, name: str) -> ServedSystem:
        gate = Gate(None, guard=self._guard, name=name[:300])
        return ServedSystem(PhoneBook(_no_store), gate, DirectorySettings(), key=name)

    def start(self) -> None:
        self._noting.start()

    def stop(self) -> None:
        self._noting.stop()

    # --- finding -------------------------------------------------------------------------------------------------

    async def _found(
        self, name: str, ask: Callable[[], PhoneSystem | None], *, is_by_host: bool
    ) -> ServedSystem | None:
        now = self._clock()
        with self._lock:
            kept = self._known(name)
            if kept is not None and now - kept.since < FRESH:
                return kept.system
            looking, since = self._look(name, partial(self._looked, name, ask, is_by_host, now), now)
        if kept is not None and now - since > SLOW:
            return kept.system
        try:
            async with asyncio.timeout(SLOW if kept is not None else PATIENCE):
                return await outcome(looking)
        except TimeoutError:
            if kept is None:
                raise StoreError("the control database does not answer") from None
            LOG.warning("the control database does not answer, what was known holds")
            return kept.system

    def _known(self, name: str) -> _Kept[ServedSystem] | _Kept[None] | None:
        for kept in (self._kept, self._absent):
            if name in kept:
                kept.move_to_end(name)
                return kept[name]
        return None

    def _look(
        self, name: str, look: Callable[[], ServedSystem | None], now: float
    ) -> tuple[Future[ServedSystem | None], float]:
        """Once at a time for a name. Raises `Busy`."""
        if name not in self._looking:
            if len(self._looking) >= LOOKED_FOR:
                raise Busy
            self._looking[name] = self._doors.submit(look), now
        return self._looking[name]

    def _looked(
        self, name: str, ask: Callable[[], PhoneSystem | None], is_by_host: bool, now: float
    ) -> ServedSystem | None:
        """In a thread. Raises `StoreError`."""
        try:
            origin = ask()
            settings = self._settings(origin, name) if origin is not None else None
        finally:
            with self._lock:
                self._looking.pop(name, None)
        with self._lock:
            if origin is None or settings is None:
                self._forget(name, now)
                return None
            return self._keep(name, origin, settings, is_by_host, now)

    def _forget(self, name: str, now: float) -> None:
        self._kept.pop(name, None)
        self._absent[name] = _Kept(None, now)
        self._absent.move_to_end(name)
        while len(self._absent) > ABSENT:
            self._absent.popitem(last=False)

    def _keep(
        self, name: str, origin: PhoneSystem, settings: DirectorySettings, is_by_host: bool, now: float
    ) -> ServedSystem:
        """Without a secret one may ask where a host name says whom: a name in a request is anybody's to give."""
        self._absent.pop(name, None)
        kept = self._kept.get(name)
        system = kept.system if kept is not None and kept.system.origin is origin else None
        system = system or self._made(name, origin, is_by_host)
        system.settings = settings
        system.gate.networks = settings.trusted if is_by_host else ()
        self._kept[name] = _Kept(system, now)
        self._kept.move_to_end(name)
        while len(self._kept) > KEPT:
            _, dropped = self._kept.popitem(last=False)
            dropped.system.is_dropped = True
            self._dropped.append(dropped.system)
        return system

    def _made(self, name: str, origin: PhoneSystem, is_by_host: bool) -> ServedSystem:
        context = origin.context(self._plugin)
        gate = Gate(context.devices, guard=self._guard, name=name)
        return ServedSystem(
            context.phone_book,
            gate,
            DirectorySettings(),
            origin.id,
            key=origin.id,
            database=origin.database,
            is_by_host=is_by_host,
            origin=origin,
        )

    def _settings(self, origin: PhoneSystem, name: str) -> DirectorySettings:
        """What was known holds, or else what counts without any, if those that are published cannot be used here."""
        context: PluginContext = origin.context(self._plugin)
        try:
            return context.settings or DirectorySettings()
        except StoreError:
            raise
        except ConnectorError as error:
            if self._guard.logged.count(f"settings of {origin.id}"):
                LOG.error("settings cannot be used", phone_system=origin.id, reason=error.message)
            kept = self._kept.get(name)
            return kept.system.settings if kept is not None else DirectorySettings()

    def _to_note(self) -> Sequence[ServedSystem]:
        with self._lock:
            dropped, self._dropped = self._dropped, []
            return [*dropped, *(kept.system for kept in self._kept.values())]


async def outcome(done: Future[Result]) -> Result:
    """Of what others may wait for, too: who does not wait any more ends nothing."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def end(_: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            loop.call_soon_threadsafe(ended.set)

    done.add_done_callback(end)
    await ended.wait()
    return done.result()


def served_systems(context: PluginContext) -> Systems:
    """Those that a plugin's context is about."""
    many = context.phone_systems if context.phone_system is None else None
    if many is not None:
        return ManySystems(many, context.plugin)
    settings: DirectorySettings = context.settings or DirectorySettings()
    return OneSystem(context.phone_book, Gate(context.devices, settings.trusted), settings)


def _no_store() -> Store:
    raise StoreError("there is no such phone system")
