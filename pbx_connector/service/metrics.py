"""The service in numbers, for Prometheus; labels are profile ids, never anything of a contact."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pbx_connector.application.status import ProfileStatus, StatusBoard
from pbx_connector.application.store_watch import StoreWatch
from pbx_connector.model import Report, RunStatus

ACTIONS = ("added", "updated", "removed")


class Metrics:
    def __init__(self, board: StatusBoard, clock: Callable[[], datetime], store: StoreWatch) -> None:
        self._registry = CollectorRegistry()
        self._runs = self._counter("runs", "Runs that ended", "status")
        self._seconds = self._counter("run_seconds", "Time spent in runs")
        self._rows = self._counter("rows", "Contacts that runs looked at")
        self._changes = self._counter("changes", "Entries that runs changed", "action")
        self._problems = self._counter("problems", "Problems that runs reported")
        self._registry.register(_Present(board, clock, store))

    def ran(self, report: Report) -> None:
        profile, counts = report.profile, report.counts
        self._runs.labels(profile, str(report.status)).inc()
        self._seconds.labels(profile).inc(report.duration)
        self._rows.labels(profile).inc(counts.rows)
        self._problems.labels(profile).inc(counts.problems)
        if report.status in (RunStatus.DONE, RunStatus.PARTIAL):
            for action in ACTIONS:
                self._changes.labels(profile, action).inc(getattr(counts, action))

    def forget(self, profile: str) -> None:
        for counter in (self._runs, self._seconds, self._rows, self._changes, self._problems):
            counter.remove_by_labels({"profile": profile})

    def page(self) -> bytes:
        return generate_latest(self._registry)

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"pbx_connector_{name}", words, ("profile", *labels), registry=self._registry)


class _Present(Collector):
    """What is true at the moment of asking."""

    def __init__(self, board: StatusBoard, clock: Callable[[], datetime], store: StoreWatch) -> None:
        self._board = board
        self._clock = clock
        self._store = store

    def collect(self) -> Iterator[Metric]:
        up, damaged = self._store.lost_since is None, bool(self._store.faults)
        yield GaugeMetricFamily("pbx_connector_store_up", "Whether the store answers", value=float(up))
        yield GaugeMetricFamily(
            "pbx_connector_store_damaged", "Whether the last check found damage", value=float(damaged)
        )
        status = self._board.statuses()
        yield GaugeMetricFamily("pbx_connector_profiles", "Profiles in the folder", value=len(status))
        for name, words, value in _GAUGES:
            family = GaugeMetricFamily(f"pbx_connector_{name}", words, labels=["profile"])
            for profile in status:
                number = value(profile, self._clock())
                if number is not None:
                    family.add_metric([profile.id], number)
            yield family


def _age(status: ProfileStatus, now: datetime) -> float | None:
    return max(0.0, (now - status.success).total_seconds()) if status.success else None


def _duration(status: ProfileStatus, now: datetime) -> float | None:
    return status.last.duration if status.last else None


def _next(status: ProfileStatus, now: datetime) -> float | None:
    return status.next.timestamp() if status.next else None


def _undelivered(status: ProfileStatus, now: datetime) -> float:
    return float(status.undelivered.messages) if status.undelivered else 0.0


def _failing(status: ProfileStatus, now: datetime) -> float:
    return float(bool(status.trouble))


_GAUGES: tuple[tuple[str, str, Callable[[ProfileStatus, datetime], float | None]], ...] = (
    ("last_success_age_seconds", "Time since a run was done, at least in part", _age),
    ("last_run_duration_seconds", "How long the last run took", _duration),
    ("next_run_timestamp_seconds", "When the next run is due", _next),
    ("profile_broken", "Whether the profile's file cannot be used", lambda status, now: float(bool(status.broken))),
    ("profile_failing", "Whether its runs fail", _failing),
    ("profile_in_trouble", "The former name of pbx_connector_profile_failing", _failing),
    ("messages_undelivered", "Messages that could not be delivered so far", _undelivered),
    ("profile_running", "Whether a run is under way", lambda status, now: float(status.running)),
    ("profile_hung", "Whether a run hangs", lambda status, now: float(status.hung)),
)
