"""The network of the LDAP server: an event loop in a thread of its own, and a few threads that ask the phone book."""

from __future__ import annotations

import asyncio
import contextlib
import threading

from pbx_connector.api import ConnectorError, Tls, bound_address, bound_socket, is_loopback
from pbx_directory.ldap.connection import Connection
from pbx_directory.ldap.limits import Limits
from pbx_directory.ldap.shared import Shared
from pbx_directory.systems import Systems

BACKLOG = 512
_START_WITHIN = 60.0
_STOP_WITHIN = 10.0
"""Seconds until whoever starts or stops it does not wait any longer."""


class LdapServer:
    """Serves from `start` to `stop`; addresses are taken when it is made."""

    name = "directory (LDAP)"

    def __init__(
        self,
        systems: Systems,
        *,
        ldap: str | None = None,
        ldaps: str | None = None,
        tls: Tls | None = None,
        plain: bool = False,
        limits: Limits | None = None,
    ) -> None:
        """`ldap` and `ldaps` are addresses as in the settings; without `plain` StartTLS must come first where other
        machines can listen. Raises `UsageError` if an address cannot be had."""
        self._limits = limits or Limits()
        self._systems = systems
        self._tls = tls
        self._needs_tls = bool(ldap) and tls is not None and not plain and not is_loopback(ldap or "")
        self._plain_socket = bound_socket(ldap, "ldap", "plugins: directory: ldap") if ldap else None
        self._tls_socket = bound_socket(ldaps, "ldaps", "plugins: directory: ldaps") if ldaps else None
        self._shared: Shared | None = None
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="directory ldap", daemon=True)

    @property
    def address(self) -> str:
        """Host and port, of what is not encrypted from the first byte if there is that."""
        listening = self._plain_socket or self._tls_socket
        return bound_address(listening) if listening else ""

    @property
    def tls_address(self) -> str:
        return bound_address(self._tls_socket) if self._tls_socket else ""

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._shared.connections) if self._shared else 0

    def start(self) -> None:
        self._thread.start()
        if not self._ready.wait(_START_WITHIN) or self._loop.is_closed():
            raise ConnectorError("the LDAP side of the directory did not start")

    def stop(self) -> None:
        """Cuts all connections. Stopping twice does no harm."""
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(self._stopping.set)
        if self._thread.ident is None:
            self._close_sockets()
        else:
            self._thread.join(_STOP_WITHIN)

    def _run(self) -> None:
        """The sockets are closed where they are listened to: whoever stops does not wait for ever."""
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()
            self._close_sockets()
            self._ready.set()  # whoever starts it hears at once that it could not be

    def _close_sockets(self) -> None:
        for listening in (self._plain_socket, self._tls_socket):
            if listening is not None:
                listening.close()

    async def _serve(self) -> None:
        self._shared = shared = Shared(self._systems, self._tls, self._limits)
        servers = await self._listen(shared)
        self._ready.set()
        await self._stopping.wait()
        for server in servers:
            server.close()
        for connection in tuple(shared.connections):
            connection.cut()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        shared.close()

    async def _listen(self, shared: Shared) -> list[asyncio.Server]:
        servers = []
        if self._plain_socket is not None:
            needs = self._needs_tls
            servers.append(
                await self._loop.create_server(
                    lambda: Connection(shared, needs_tls=needs), sock=self._plain_socket, backlog=BACKLOG
                )
            )
        if self._tls_socket is not None:
            servers.append(
                await self._loop.create_server(
                    lambda: Connection(shared, tls_first=True), sock=self._tls_socket, backlog=BACKLOG
                )
            )
        return servers
