"""A worker or a dispatcher as a process: what it serves over HTTP, and how it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from pbx_connector.application.fleet import Fleet, RunnableTenants
from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.dispatcher import Dispatcher
from pbx_connector.engine.heart import NORMAL
from pbx_connector.engine.metrics import WorkerMetrics
from pbx_connector.engine.schema import require_prepared
from pbx_connector.engine.status import fleet_status
from pbx_connector.engine.sweep import Swept, sweep
from pbx_connector.engine.worker import Worker, WorkerSettings
from pbx_connector.errors import EXIT_DONE, EXIT_UNREACHABLE, StoreError
from pbx_connector.service import supervisor
from pbx_connector.service.web import Page, Web

LOG = structlog.stdlib.get_logger(__name__)


class WorkerProcess:
    def __init__(self, fleet: Fleet, settings: WorkerSettings, listen: str) -> None:
        """`listen`: address and port, or `off`. Raises `UsageError` if the address cannot be had."""
        self._database = EngineDatabase(fleet.config.database, connections=6)
        self._worker = Worker(self._database, RunnableTenants(fleet), settings)
        self._metrics = WorkerMetrics(
            lambda: fleet_status(self._database),
            lambda: len(self._worker.engine.running()),
            self._worker.heart.age,
            settings.places.total,
        )
        self._worker.engine.on_ended = self._metrics.ended
        self._worker.on_swept = self._swept
        self._stop = threading.Event()
        self._web = _web(listen, self._metrics.page, self._is_alive, self._is_ready)

    def run(self, stop: threading.Event) -> int:
        """Returns the exit code. What is left behind then lives in threads that end with the process."""
        self._stop = stop
        if self._web:
            self._web.start()
        LOG.info("working", places=self._worker.places.total, health=self._web.address if self._web else "off")
        supervisor.notify("READY=1")
        ended = self._worker.run(stop)
        supervisor.notify("STOPPING=1")
        if self._web:
            self._web.stop()
        self.abandoned = not ended
        for taken in self._worker.engine.running():
            LOG.warning("run abandoned, others make it", tenant=taken.job.tenant, profile=taken.job.profile)
        LOG.info("stopped")
        return EXIT_UNREACHABLE if self._worker.stuck else EXIT_DONE

    abandoned = False

    def _swept(self, swept: Swept) -> None:
        self._metrics.found(len(swept.found))

    def _is_alive(self) -> bool:
        return not self._worker.stuck

    def _is_ready(self) -> bool:
        return not self._stop.is_set() and self._worker.heart.is_well()


class DispatcherProcess:
    """Dispatches and looks for dead workers, and makes no run: for fleets whose workers should do nothing else."""

    def __init__(self, fleet: Fleet, listen: str) -> None:
        """See `WorkerProcess`."""
        self._database = EngineDatabase(fleet.config.database)
        self._dispatcher = Dispatcher(self._database)
        self._metrics = WorkerMetrics(lambda: fleet_status(self._database), lambda: 0, lambda: 0.0, 0)
        self._web = _web(listen, self._metrics.page, lambda: True, self._is_ready)

    def run(self, stop: threading.Event) -> int:
        """Returns the exit code. Raises `StoreError` for a database that was not prepared."""
        require_prepared(self._database)
        if self._web:
            self._web.start()
        sweeping = threading.Thread(target=self._sweep, args=[stop], name="sweep", daemon=True)
        sweeping.start()
        LOG.info("dispatching", health=self._web.address if self._web else "off")
        supervisor.notify("READY=1")
        self._dispatcher.run(stop)
        sweeping.join(timeout=20)
        if self._web:
            self._web.stop()
        LOG.info("stopped")
        return EXIT_DONE

    def _sweep(self, stop: threading.Event) -> None:
        while not stop.wait(NORMAL.sweep):
            try:
                self._metrics.found(len(sweep(self._database).found))
            except StoreError as error:
                LOG.error("nobody can look for dead workers", reason=error.message)
            except Exception:
                LOG.exception("a bug in looking for dead workers")

    def _is_ready(self) -> bool:
        try:
            require_prepared(self._database)
        except StoreError:
            return False
        return True


def _web(listen: str, metrics: Callable[[], bytes], alive: Callable[[], bool], ready: Callable[[], bool]) -> Web | None:
    if listen == "off":
        return None
    pages: dict[str, Page] = {
        "/livez": lambda: _said(alive()),
        "/readyz": lambda: _said(ready()),
        "/metrics": lambda: (200, "text/plain; version=0.0.4; charset=utf-8", metrics()),
    }
    return Web(listen, pages)


def _said(well: bool) -> tuple[int, str, bytes]:
    return (200, "text/plain", b"ok\n") if well else (503, "text/plain", b"not now\n")
