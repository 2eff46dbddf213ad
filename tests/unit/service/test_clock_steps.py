"""Whatever happens to the clock, and whoever is restarted meanwhile: once it stands still, every profile runs again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from pbx_connector.application import reckoning
from pbx_connector.application.installation import Installation
from pbx_connector.application.runs import RunOutcome
from pbx_connector.application.store_watch import StoreWatch
from pbx_connector.config import Config
from pbx_connector.engine.port import Job
from pbx_connector.model import Book, Mapped, Row
from pbx_connector.plugins import Plugins
from pbx_connector.profile import Profile
from pbx_connector.schedule import Schedule
from pbx_connector.schedule.model import CLOCK_SET_BACK
from pbx_connector.service.execution import Execution
from pbx_connector.stores import RunRecord, Store
from pbx_connector.testing import MemorySource
from pbx_connector.testing.memory_source import MemorySettings

START = datetime(2026, 11, 23, 11, 50, tzinfo=UTC)
LOOK = timedelta(minutes=10)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SCHEDULES = {
    Schedule(every=HOUR): HOUR,
    Schedule(every=DAY): DAY,
    Schedule(cron="30 * * * *", timezone="UTC"): HOUR,
    Schedule(cron="0 12 * * *", timezone="UTC"): DAY,
}
"""With the period of each."""


def skip(row: Row, book: Book) -> Mapped:
    return Mapped(skipped="not of interest")


class Machine:
    """Two services on one store, with the clock that both go by."""

    def __init__(self, schedule: Schedule) -> None:
        self.now = START
        self._schedule = schedule
        self._watch = StoreWatch("memory:", lambda: self.now)
        self._profile = Profile("crm", "CRM", MemorySource().type(), MemorySettings(), skip, frozenset(), "f1")
        self._services = [self._service(), self._service()]

    def _service(self) -> Execution:
        installation = Installation(Config(), Plugins([]), lambda: self.now)
        return Execution(installation, self._watch, HOUR, lambda profile, report, reason: None)

    def restart(self) -> None:
        self._services = [self._service(), self._service()]

    def look(self) -> int:
        """Both ask whether the profile is due; how many runs were made."""
        job = Job(tenant="", profile="crm")
        made = [service.attempt(job, self._profile, self._due) for service in self._services]
        return sum(isinstance(outcome, RunOutcome) for outcome in made)

    def _due(self, store: Store, last: RunRecord | None, now: datetime) -> datetime:
        basis = reckoning.basis(store, "crm", last, START, now)
        return self._schedule.due(basis.start, basis.seen, now, served=basis.served)


STEPS = st.lists(st.one_of(st.integers(-60 * 24 * 60, 60 * 24 * 60), st.sampled_from([0, -1, 90, -90])), max_size=12)
"""Minutes by which the clock is set; 0 stands for a restart of both services."""


@settings(max_examples=120)
@given(st.sampled_from(list(SCHEDULES)), STEPS)
def test_every_profile_runs_again_within_a_period_once_the_clock_is_left_alone(
    schedule: Schedule, steps: list[int]
) -> None:
    machine, period = Machine(schedule), SCHEDULES[schedule]
    for step in steps:
        machine.now += timedelta(minutes=step)
        machine.look()
        if not step:
            machine.restart()
        machine.now += LOOK
    still, runs = machine.now, 0
    while not runs:
        runs = machine.look()
        assert runs <= 1, "never twice at once"
        # a time of day that was served before the clock was set back a little does not count twice
        assert machine.now <= still + period + (CLOCK_SET_BACK if schedule.cron else timedelta(0)) + LOOK
        machine.now += LOOK
    until = machine.now + 3 * period
    while machine.now < until:
        runs += machine.look()
        machine.now += LOOK
    assert runs <= 4
