"""When a profile runs next: by its schedule, the store's history and the clock; the scheduler keeps it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo

import structlog

from pbx_connector.application import reckoning
from pbx_connector.application.history import last_run
from pbx_connector.application.profile_folder import ProfileFile
from pbx_connector.application.status import StatusBoard
from pbx_connector.application.store_watch import StoreWatch
from pbx_connector.errors import StoreError
from pbx_connector.schedule import Schedule
from pbx_connector.service.scheduler import Scheduler
from pbx_connector.stores import RunRecord, Store

LOG = structlog.stdlib.get_logger(__name__)


class RunTimes:
    def __init__(
        self,
        scheduler: Scheduler,
        watch: StoreWatch,
        board: StatusBoard,
        zone: tzinfo,
        clock: Callable[[], datetime],
    ) -> None:
        self._scheduler, self._watch, self._board = scheduler, watch, board
        self._zone, self._clock = zone, clock
        self._set_back_said = False

    def clock_was_set(self) -> None:
        """What was said of the clock may have to be said again."""
        self._set_back_said = False

    def plan(self, loaded: ProfileFile, again: datetime | None = None) -> None:
        """Set when the profile runs next, but not before `again`; never, if it has no schedule."""
        schedule, now = loaded.profile.schedule if loaded.profile else None, self._clock()
        if schedule is None:
            self._scheduler.drop(loaded.id)
            return
        try:
            store = self._watch.current()
            last = last_run(store, loaded.id)
            due = self.due(store, loaded, schedule, last, now)
        except StoreError:
            return  # planned when the store is back
        if last is not None:
            self._board.ran(loaded.id, last)  # before the scheduler asks what kind of run it is
        at = self._scheduler.plan(loaded.id, schedule, max(due, again) if again else due, now)
        self._board.change(loaded.id, next=at)

    def due(
        self, store: Store, loaded: ProfileFile, schedule: Schedule, last: RunRecord | None, now: datetime
    ) -> datetime:
        basis = reckoning.basis(store, loaded.id, last, loaded.seen, now)
        self._board.change(loaded.id, set_back=basis.sighting)
        if basis.sighting and not self._set_back_said:
            self._set_back_said = True
            ahead = str(basis.sighting.moment - basis.sighting.at)
            LOG.warning("the clock was set back, schedules go on from when that was seen", profile=loaded.id, by=ahead)
        return schedule.due(basis.start, basis.seen, now, self._zone, served=basis.served)
