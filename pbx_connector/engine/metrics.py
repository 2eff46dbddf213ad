"""A worker or dispatcher in numbers, for Prometheus.

No label names a tenant or a profile: there are too many of them, and who looks at graphs need not know the customers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import structlog
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pbx_connector.application.fleet_status import FleetStatus
from pbx_connector.engine.port import Ended, Job, Queue, Result
from pbx_connector.errors import StoreError

LOG = structlog.stdlib.get_logger(__name__)


class WorkerMetrics:
    """What this process did, and how the fleet fares as it is asked."""

    def __init__(
        self, status: Callable[[], FleetStatus], running: Callable[[], int], silent: Callable[[], float], places: int
    ) -> None:
        self._registry = CollectorRegistry()
        self._runs = Counter(
            "pbx_connector_worker_jobs", "Jobs that ended here", ("queue", "result"), registry=self._registry
        )
        self._seconds = Counter(
            "pbx_connector_worker_job_seconds", "Time that jobs took here", ("queue",), registry=self._registry
        )
        self._found = Counter(
            "pbx_connector_worker_jobs_found", "Jobs of dead workers that this one found", registry=self._registry
        )
        for queue in Queue:
            self._seconds.labels(str(queue))
            for result in Result:
                self._runs.labels(str(queue), str(result))
        self._registry.register(_Present(status, running, silent, places))

    def ended(self, job: Job, ended: Ended, seconds: float) -> None:
        self._runs.labels(str(job.queue), str(ended.result)).inc()
        self._seconds.labels(str(job.queue)).inc(seconds)

    def found(self, jobs: int) -> None:
        self._found.inc(jobs)

    def page(self) -> bytes:
        return generate_latest(self._registry)


class _Present(Collector):
    def __init__(
        self, status: Callable[[], FleetStatus], running: Callable[[], int], silent: Callable[[], float], places: int
    ) -> None:
        self._status = status
        self._running = running
        self._silent = silent
        self._places = places

    def collect(self) -> Iterator[Metric]:
        yield _gauge("worker_places", "Runs that this worker makes at once at most", self._places)
        yield _gauge("worker_running", "Runs that this worker makes now", self._running())
        yield _gauge("worker_silent_seconds", "Since this worker's last sign of life", self._silent())
        try:
            status = self._status()
        except StoreError as error:
            LOG.debug("the control database does not answer", reason=error.message)
            yield _gauge("control_up", "Whether the control database answers", 0)
            return
        yield _gauge("control_up", "Whether the control database answers", 1)
        yield from _fleet(status)


def _fleet(status: FleetStatus) -> Iterator[Metric]:
    waiting = GaugeMetricFamily("pbx_connector_queue_waiting", "Jobs that wait", labels=["queue"])
    running = GaugeMetricFamily("pbx_connector_queue_running", "Jobs that are being run", labels=["queue"])
    oldest = GaugeMetricFamily("pbx_connector_queue_oldest_seconds", "How long the oldest job waits", labels=["queue"])
    for queue in status.queues:
        waiting.add_metric([queue.queue], queue.waiting)
        running.add_metric([queue.queue], queue.running)
        oldest.add_metric([queue.queue], queue.oldest.total_seconds() if queue.oldest else 0.0)
    yield from (waiting, running, oldest)
    dead = sum(worker.dead for worker in status.workers)
    yield _gauge("fleet_tenants", "Tenants", status.tenants)
    yield _gauge("fleet_profiles", "Published profiles", status.profiles)
    yield _gauge("fleet_workers", "Workers that live", len(status.workers) - dead)
    yield _gauge("fleet_workers_dead", "Workers that gave no sign of life", dead)
    yield _gauge("fleet_profiles_late", "Profiles whose run should have begun", status.late_count)
    yield _gauge("fleet_profiles_stopped", "Profiles that are quarantined or paused", status.stopped_count)
    yield _gauge("fleet_sources_held", "Sources that are left alone for now", status.held_count)


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"pbx_connector_{name}", words, value=float(value))
