"""The servers that plugins add to the service: each starts in a thread of its own, and one that fails is only named."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from pbx_connector.application.status import ServerStatus
from pbx_connector.errors import ConnectorError
from pbx_connector.extensions import PluginContext, Server
from pbx_connector.machine import machine_error
from pbx_connector.plugins import BrokenPlugin, Plugins

LOG = structlog.stdlib.get_logger(__name__)


class Servers:
    """Foreign code may raise anything and take any time; neither reaches the thread that calls."""

    def __init__(self, plugins: Plugins, context: Callable[[str], PluginContext]) -> None:
        self._plugins = plugins
        self._context = context
        self._lock = threading.Lock()
        self._stopping = False
        self._statuses: dict[int, ServerStatus] = {}
        """By place."""
        self._started: list[tuple[int, Server]] = []

    def start(self) -> None:
        """Returns at once."""
        threading.Thread(target=self._start_all, name="servers", daemon=True).start()

    def statuses(self) -> list[ServerStatus]:
        with self._lock:
            return list(self._statuses.values())

    def stop(self, within: float) -> None:
        """Let each go; one that does not in `within` seconds is left behind, and ends with the process."""
        with self._lock:
            self._stopping = True
            started, self._started = self._started, []
        threads = [threading.Thread(target=self._stop, args=each, name="servers", daemon=True) for each in started]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + within
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _start_all(self) -> None:
        known = len(self._plugins.broken)
        servers = self._plugins.servers(self._context)
        self._name_broken(self._plugins.broken[known:])
        for plugin, server in servers:
            place = self._add(ServerStatus(plugin, server.name))
            threading.Thread(target=self._start, args=(place, server), name=server.name, daemon=True).start()

    def _name_broken(self, broken: Sequence[BrokenPlugin]) -> None:
        for one in broken:
            LOG.error("a plugin's servers are left out", plugin=one.name, reason=one.reason)
            self._add(ServerStatus(one.name, one.name, reason=one.reason))

    def _add(self, status: ServerStatus) -> int:
        with self._lock:
            place = len(self._statuses)
            self._statuses[place] = status
            return place

    def _change(self, place: int, **changes: str) -> ServerStatus:
        with self._lock:
            self._statuses[place] = replace(self._statuses[place], **changes)
            return self._statuses[place]

    def _start(self, place: int, server: Server) -> None:
        try:
            server.start()
            address = str(server.address)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code may raise anything
            status = self._change(place, reason=_reason(error))
            LOG.error("a server cannot start", plugin=status.plugin, server=status.name, reason=status.reason)
            return
        with self._lock:  # whoever sees its address can have it stopped
            stopping = self._stopping
            if not stopping:
                self._started.append((place, server))
                status = self._statuses[place] = replace(self._statuses[place], address=address)
        if stopping:  # the service was told to stop meanwhile
            self._stop(place, server)
        else:
            LOG.info("server started", plugin=status.plugin, server=status.name, address=status.address)

    def _stop(self, place: int, server: Server) -> None:
        try:
            server.stop()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code may raise anything
            status = self._statuses[place]
            LOG.error("a server did not stop", plugin=status.plugin, server=status.name, reason=_reason(error))
        self._change(place, address="")


def _reason(error: BaseException) -> str:
    known = machine_error(error) or error
    return known.message if isinstance(known, ConnectorError) else f"{type(error).__name__}: {error}"
