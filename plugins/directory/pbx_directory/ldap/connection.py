"""One connection of a client: octets to requests, answers to octets, and an end to who asks too much of it.

Everything here happens in the event loop's thread but the asking itself, which is done by `Shared.threads`, one piece
of an answer at a time: the next one is asked for when the client has taken the last.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import structlog

from pbx_connector.api import StoreError, Tls, ber
from pbx_directory.devices import telephone
from pbx_directory.lanes import Busy, Lanes, Threads
from pbx_directory.ldap import answers
from pbx_directory.ldap.codes import Code, Tag
from pbx_directory.ldap.cursors import CursorBudget
from pbx_directory.ldap.limits import Limits
from pbx_directory.ldap.messages import (
    Abandon,
    Bind,
    Excessive,
    Extended,
    Request,
    Search,
    Unbind,
    read_request,
    take_message,
)
from pbx_directory.ldap.session import Directory, Session, named_in, starts_tls
from pbx_directory.systems import ServedSystem, Systems, outcome

LOG = structlog.stdlib.get_logger(__name__)

HANDSHAKE_SECONDS = 15.0
FAREWELL_SECONDS = 1.0
"""For the last words to a client, before the connection is cut."""
UNREAD = 64 * 1024
"""Octets that wait for a client before no more are made."""
ENOUGH = 16 * 1024
"""Octets that are worth a change of threads."""


class Shared:
    """What all connections of a server have in common."""

    def __init__(self, systems: Systems, tls: Tls | None, limits: Limits) -> None:
        self.systems = systems
        self.tls = tls
        self.limits = limits
        self.lanes = Lanes(systems.widths.ldap, "directory ldap")
        self.renewing = Threads(1, "directory certificate")
        self.connections: set[Connection] = set()
        self.by_address: Counter[str] = Counter()
        self.waiting = 0
        """Requests that are answered or wait to be; not those whose clients have not yet taken what there is."""
        self._budget = CursorBudget(limits.cursor_ids)
        if tls is not None:
            tls.context.sni_callback = _note_name

    def directory(self, system: ServedSystem) -> Directory:
        return Directory(
            system.book,
            system.gate,
            dial_form=lambda device: telephone(device, system.settings).form,
            limits=replace(self.limits, entries=min(self.limits.entries, system.settings.entries)),
            has_start_tls=self.tls is not None,
            phone_system=system.id,
            budget=self._budget,
        )

    def close(self) -> None:
        self.lanes.close()
        self.renewing.close()


class Connection(asyncio.Protocol):
    def __init__(self, shared: Shared, *, tls_first: bool = False, needs_tls: bool = False) -> None:
        self._shared = shared
        self._limits = shared.limits
        self._tls_first = tls_first
        self._needs_tls = needs_tls
        self._is_secure = False
        self._address = ""
        self._server_name = ""
        """What the client took the server for, in TLS."""
        self._named = ""
        """The phone system in the name of the last bind."""
        self._unread = bytearray()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._held_back = False
        self._ends: asyncio.TimerHandle | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._is_counted = False
        self._is_binding = False
        self._is_at_end = False
        """The client says nothing more."""

    # --- from the transport --------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment] # of a stream
        self._loop = asyncio.get_running_loop()
        self._address = _address(transport)
        self._system = self._shared.systems.nobody("")
        self._session = Session(self._shared.directory(self._system), self._address, needs_tls=self._needs_tls)
        transport.set_write_buffer_limits(high=UNREAD)  # type: ignore[attr-defined] # of a stream
        self._count(1)
        self._end_in(self._limits.greeting_seconds)
        if self._is_crowded():
            self.farewell(Code.BUSY, "too many connections")
        elif self._tls_first:
            self._transport.pause_reading()
            self._tasks[0] = self._loop.create_task(self._secure(b""))

    def connection_lost(self, exc: Exception | None) -> None:
        self._let_go()

    def _let_go(self) -> None:
        """Of all that the connection has; once more does no harm."""
        if self._ends is not None:
            self._ends.cancel()
        for task in tuple(self._tasks.values()):
            task.cancel()
        self._may_write.set()
        self._session.close()
        self._count(-1)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        self._read()

    def eof_received(self) -> bool:
        """A client that has asked and says no more still gets its answers."""
        self._is_at_end = True
        return bool(self._tasks) and not self._is_secure

    def pause_writing(self) -> None:
        self._may_write.clear()
        self._hold_back(True)

    def resume_writing(self) -> None:
        self._may_write.set()
        self._read()

    # --- requests ------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        """As many as may be under way at a time; what else has come waits."""
        try:
            while self._may_take():
                message = take_message(self._unread, self._limits.message_bytes)
                if message is None:
                    break
                self._end_in(self._limits.idle_seconds)
                self._take(read_request(message, self._limits))
        except ber.Malformed:
            self.farewell(Code.PROTOCOL_ERROR, "this is no LDAP that is understood here")
            return
        self._hold_back(not self._may_take())
        if self._is_at_end and not self._tasks:
            self._transport.close()

    def _may_take(self) -> bool:
        """Another request: while one binds, who asks is not known; and who does not read gets no more to read."""
        busy = self._is_binding or len(self._tasks) >= self._limits.requests or not self._may_write.is_set()
        return not busy and 0 not in self._tasks and not self._transport.is_closing()

    def _hold_back(self, hold: bool) -> None:
        if self._transport.is_closing() or hold == self._held_back or 0 in self._tasks:
            return
        self._held_back = hold
        (self._transport.pause_reading if hold else self._transport.resume_reading)()

    def _take(self, request: Request) -> None:
        match request.operation:
            case Unbind():
                self.cut()
                return
            case Abandon(number):
                self._abandon(number)
                return
            case Bind():
                self._abandon_all()
        if request.id == 0 or request.id in self._tasks:
            self.farewell(Code.PROTOCOL_ERROR, "each request needs a number of its own")
        elif starts_tls(request.operation):
            self._start_tls(request)
        elif self._shared.waiting >= self._limits.waiting:
            self._transport.write(_unanswered(request, Code.BUSY, "too many requests at once"))
        else:
            self._is_binding = isinstance(request.operation, Bind)
            self._shared.waiting += 1
            self._tasks[request.id] = task = self._loop.create_task(self._answer(request))
            task.add_done_callback(lambda task: self._finish(request, task))

    def _finish(self, request: Request, task: asyncio.Task[None] | None) -> None:
        """Before its result is sent, as the next request may follow it at once and have the same number; once more
        does no harm."""
        if task is None or self._tasks.get(request.id) is not task:
            return
        del self._tasks[request.id]
        self._shared.waiting -= 1
        if isinstance(request.operation, Bind):
            self._is_binding = False
        if not self._transport.is_closing():
            self._loop.call_soon(self._read)

    def _abandon(self, number: int) -> None:
        task = self._tasks.get(number)
        if task is not None and number:
            task.cancel()

    def _abandon_all(self) -> None:
        for task in self._tasks.values():
            task.cancel()

    async def _answer(self, request: Request) -> None:
        pieces = self._session.answer(request)
        begun = self._loop.time()
        ends_at = begun + self._limits.search_seconds + 1.0
        ended = False
        try:
            await self._find(request)
            while not ended:
                asked = self._gathered(pieces)
                piece, ended = await asyncio.wait_for(asked, ends_at - self._loop.time())
                if ended:
                    await self._even(request, begun)
                    self._finish(request, asyncio.current_task())
                self._transport.write(piece)
                await self._drained()
        except Busy:
            self._give_up(request, Code.BUSY, "too many ask at the moment")
        except StoreError:
            self._give_up(request, Code.UNAVAILABLE, "nobody knows at the moment whose phone book that is")
        except TimeoutError:
            self._give_up(request, Code.TIME_LIMIT_EXCEEDED, "it took too long")
        except Exception as error:
            LOG.error("an LDAP request could not be answered", error=type(error).__name__)
            LOG.debug("what was wrong", exc_info=error)
            self._give_up(request, Code.OTHER, "this could not be answered")

    async def _find(self, request: Request) -> None:
        """The phone system that is asked: the one of the server's name, else the one of the bind's. Nothing of what was
        bound or asked before goes over to another one. Raises `StoreError` and `Busy`."""
        if isinstance(request.operation, Bind):
            self._named = named_in(request.operation.name).phone_system
        shared = self._shared
        system = await shared.systems.at(self._server_name)
        if system is None:
            system = await shared.systems.named(self._named) if self._named else shared.systems.nobody("")
        if system is self._system:
            return
        directory = shared.directory(system)
        (self._session.go_on if system.is_same(self._system) else self._session.enter)(directory)
        self._system = system

    async def _gathered(self, pieces: Iterator[bytes]) -> tuple[bytes, bool]:
        lane = self._shared.lanes.to(self._system.database)
        return await lane.run(self._system.key, _gather, pieces)

    async def _even(self, request: Request, begun: float) -> None:
        """A bind that is refused tells by its time nothing of what there is."""
        step = self._shared.systems.evened
        if step and isinstance(request.operation, Bind) and not self._session.is_bound:
            await asyncio.sleep(step - (self._loop.time() - begun) % step)

    def _give_up(self, request: Request, code: Code, said: str) -> None:
        self._finish(request, asyncio.current_task())
        self._transport.write(_unanswered(request, code, said))

    async def _drained(self) -> None:
        """Until the client has taken what waits for it, or has not for too long."""
        if self._may_write.is_set():
            return
        self._shared.waiting -= 1
        try:
            await asyncio.wait_for(self._may_write.wait(), self._limits.write_seconds)
        except TimeoutError:
            self.cut()
            raise asyncio.CancelledError from None
        finally:
            self._shared.waiting += 1

    # --- TLS -----------------------------------------------------------------------------------------------------

    def _start_tls(self, request: Request) -> None:
        if self._shared.tls is None:
            self._transport.write(_unanswered(request, Code.PROTOCOL_ERROR, "there is no TLS here"))
        elif self._is_secure or self._tasks:
            self._transport.write(_unanswered(request, Code.OPERATIONS_ERROR, "not now"))
        elif self._unread:  # whoever sent that before the handshake would be believed after it
            self.farewell(Code.PROTOCOL_ERROR, "after StartTLS the handshake comes first")
        else:
            self._transport.pause_reading()
            self._session.forget()
            self._tasks[0] = self._loop.create_task(self._secure(_unanswered(request, Code.SUCCESS, "")))

    async def _secure(self, before: bytes) -> None:
        tls = self._shared.tls
        assert tls is not None  # noqa: S101 - asked by the callers
        try:
            await outcome(self._shared.renewing.submit(tls.renew))
            self._transport.write(before)
            secured = await self._loop.start_tls(
                self._transport, self, tls.context, server_side=True, ssl_handshake_timeout=HANDSHAKE_SECONDS
            )
        except (OSError, ssl.SSLError, asyncio.CancelledError):
            self._transport.abort()
            self._let_go()  # nobody else says that a connection has gone in the middle of a handshake
            return
        self._tasks.pop(0, None)
        self._use(secured)

    def _use(self, secured: asyncio.Transport | None) -> None:
        if secured is None or secured.is_closing():
            self._transport.abort()
            self._let_go()
            return
        self._transport = secured
        self._transport.set_write_buffer_limits(high=UNREAD)
        self._is_secure, self._session.needs_tls = True, False
        self._server_name = getattr(secured.get_extra_info("ssl_object"), _NAME, "")
        self._read()

    # --- the end -------------------------------------------------------------------------------------------------

    def farewell(self, code: Code, why: str) -> None:
        """End the connection, and say why (RFC 4511, 4.4.1)."""
        if self._transport.is_closing():
            return
        in_handshake = 0 in self._tasks or (self._tls_first and not self._is_secure)
        self._abandon_all()
        if not in_handshake:
            self._transport.write(answers.notice(code, why))
        self._transport.close()
        self._loop.call_later(FAREWELL_SECONDS, self._transport.abort)

    def cut(self) -> None:
        self._abandon_all()
        self._transport.abort()

    def _end_in(self, seconds: float) -> None:
        if self._ends is not None:
            self._ends.cancel()
        self._ends = self._loop.call_later(seconds, self._end_idle)

    def _end_idle(self) -> None:
        if self._tasks and 0 not in self._tasks:
            self._end_in(self._limits.idle_seconds)  # whoever waits for an answer is not idle
        else:
            self.farewell(Code.UNAVAILABLE, "nothing was asked for a long time")

    def _count(self, change: int) -> None:
        shared, is_counted = self._shared, change > 0
        if is_counted == self._is_counted:
            return
        self._is_counted = is_counted
        (shared.connections.add if is_counted else shared.connections.discard)(self)
        shared.by_address[self._address] += change
        if not shared.by_address[self._address]:
            del shared.by_address[self._address]

    def _is_crowded(self) -> bool:
        shared, limits = self._shared, self._limits
        return (
            len(shared.connections) > limits.connections
            or shared.by_address[self._address] > limits.connections_per_address
        )


def _gather(pieces: Iterator[bytes]) -> tuple[bytes, bool]:
    """The next pieces of an answer, and whether these were the last."""
    found, size = [], 0
    for piece in pieces:
        found.append(piece)
        size += len(piece)
        if isinstance(piece, answers.Result) or size >= ENOUGH:
            break
    return b"".join(found), not found or isinstance(found[-1], answers.Result)


_NAME = "name_of_server"


def _note_name(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
    """In the handshake. Python keeps it nowhere."""
    setattr(connection, _NAME, name or "")


def _address(transport: asyncio.BaseTransport) -> str:
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) else ""


def _unanswered(request: Request, code: Code, said: str) -> bytes:
    """A result in place of an answer."""
    match request.operation:
        case Bind():
            tag: int = Tag.BIND_ANSWER
        case Search() | Excessive():
            tag = Tag.SEARCH_DONE
        case Extended():
            tag = Tag.EXTENDED_ANSWER
        case _:
            tag = Tag.COMPARE_ANSWER
    return answers.result(tag, request.id, code, said)
