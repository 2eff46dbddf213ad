"""How the profiles are when no service answers: what their folder and the store say by themselves.

For `pbx-connector status` and `schedule`; a running service keeps the same in its `ledger`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Any

from pbx_connector.config import Config
from pbx_connector.errors import StoreError
from pbx_connector.notices.desk import Desk
from pbx_connector.plugins import Plugins
from pbx_connector.schedule.zone import local_zone, zone
from pbx_connector.service.claims import last_run
from pbx_connector.service.folder import Folder, Loaded
from pbx_connector.service.ledger import Facts, facts_of, health
from pbx_connector.service.store_watch import StoreWatch
from pbx_connector.service.timetable import offset
from pbx_connector.stores import RunRecord, Store


def last_start(store_url: str, profile: str, now: datetime) -> datetime | None:
    """When the profile's last run began; None if it never did, or the store does not say. Raises `UsageError`."""
    watch = StoreWatch(store_url, lambda: now, read_only=True)
    try:
        last = last_run(watch.current(), profile)
    except StoreError:
        return None
    finally:
        watch.close()
    return last.report.started if last else None


class Outside:
    """Writes nothing: neither a phone book that is not there nor anything into one that is."""

    def __init__(self, config: Config, plugins: Plugins, store_url: str, now: datetime) -> None:
        assert config.profiles is not None  # noqa: S101 - load_config sets it
        self.folder = Folder(config.profiles, plugins)
        list(self.folder.scan())
        self._config = config
        self._now = now
        self._watch = StoreWatch(store_url, lambda: now, read_only=True)

    @property
    def zone(self) -> tzinfo:
        return zone(self._config.timezone) if self._config.timezone else local_zone()

    def health(self) -> dict[str, Any]:
        self._watch.look()
        try:
            facts = [self._facts(loaded) for _, loaded in sorted(self.folder.profiles.items())]
            return health(False, self._watch, self.folder, facts, self._now)
        finally:
            self._watch.close()

    def next_run(self, loaded: Loaded, last: RunRecord | None) -> datetime | None:
        """When the service would run it; past if that is due already."""
        profile = loaded.profile
        if profile is None or profile.schedule is None:
            return None
        due = profile.schedule.due(last.report.started if last else None, loaded.seen, self._now, self.zone)
        return due + offset(profile.id, profile.schedule, self._config.service.jitter)

    def _facts(self, loaded: Loaded) -> Facts:
        facts = facts_of(loaded)
        if self._watch.lost_since is None:
            with suppress(StoreError):  # it went away since it was looked at
                return self._remembered(facts, self._watch.current(), loaded)
        return facts

    def _remembered(self, facts: Facts, store: Store, loaded: Loaded) -> Facts:
        last = last_run(store, loaded.id)
        standing = Desk(store, {}, self._config, lambda: self._now).standing(loaded.id)
        return replace(
            facts.after(last) if last else facts,
            next=self.next_run(loaded, last),
            success=standing.success,
            trouble=standing.in_a_word,
        )
