"""How the profiles are when no service answers: what their folder and the store say by themselves.

For `pbx-connector status` and `schedule`; a running service keeps the same in its `board`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from pbx_connector.application import succession
from pbx_connector.application.history import last_run
from pbx_connector.application.installation import Installation
from pbx_connector.application.profile_folder import Folder, ProfileFile, ProfileFiles
from pbx_connector.application.reckoning import Basis, look
from pbx_connector.application.status import ProfileStatus, ServiceStatus, service_status, status_of
from pbx_connector.application.store_watch import OpenStoreWatch, StoreWatch
from pbx_connector.application.survey import Survey, survey
from pbx_connector.errors import StoreDamaged, StoreError, UsageError
from pbx_connector.notifications.outbox import LocalSharedState
from pbx_connector.schedule.offset import offset
from pbx_connector.stores import SharedState, Store

LOG = logging.getLogger(__name__)


def folder_of(installation: Installation) -> Folder:
    """The profiles folder, not read yet."""
    path = installation.config.profiles
    assert path is not None  # noqa: S101 - load_config sets it
    return Folder(path, installation.plugins)


class KnownStates:
    """Shared state of which all that begins with certain words was asked for at once."""

    def __init__(self, shared: SharedState, prefixes: tuple[str, ...]) -> None:
        self._shared = shared
        self._prefixes = prefixes
        self._known: Mapping[str, str] = {
            key: text for prefix in prefixes for key, text in shared.shared_states(prefix).items()
        }

    def shared_state(self, key: str) -> str:
        return self._known.get(key, "") if key.startswith(self._prefixes) else self._shared.shared_state(key)

    def shared_states(self, prefix: str) -> dict[str, str]:
        return self._shared.shared_states(prefix)

    def compare_and_set(self, key: str, old: str, new: str) -> bool:
        return self._shared.compare_and_set(key, old, new)


class OfflineStatus:
    """Writes nothing: neither a phone book that is not there nor anything into one that is."""

    def __init__(
        self,
        installation: Installation,
        store_url: str,
        *,
        folder: ProfileFiles | None = None,
        store: Callable[[], Store] | None = None,
    ) -> None:
        """`folder`: one that was read before, so that only what changed is read now; `store`: one that is open."""
        self.folder: ProfileFiles = folder or folder_of(installation)
        list(self.folder.scan())
        self.now = now = installation.clock()
        self._installation = installation
        self._watch = (
            OpenStoreWatch(store_url, lambda: now, store)
            if store
            else StoreWatch(store_url, lambda: now, read_only=True)
        )

    def require_folder(self) -> None:
        """Raises `UsageError` if the folder cannot be read."""
        if self.folder.missing:
            raise UsageError(self.folder.missing, hint="make it, or say where it is: profiles: in config.yaml")

    def status(self) -> ServiceStatus:
        self._watch.look()
        self._look_over()
        try:
            survey = self._survey()
            known = self._known()
            status = [self._status(loaded, survey, known) for _, loaded in sorted(self.folder.profiles.items())]
            return service_status(False, self._watch, self.folder, status, orphans=survey.orphans)
        finally:
            self._watch.close()

    def next_run(self, loaded: ProfileFile, basis: Basis) -> datetime | None:
        """When the service would run it; past if that is due already."""
        profile = loaded.profile
        if profile is None or profile.schedule is None:
            return None
        zone = self._installation.zone
        due = profile.schedule.due(basis.start, basis.seen, self.now, zone, served=basis.served)
        return due + offset(profile.id, profile.schedule, self._installation.config.service.jitter)

    def word_wanted(self, store: Store, survey: Survey, loaded: ProfileFile) -> str:
        """The command that a profile waits for: after an undo, or because it seems to be renamed or copied."""
        if loaded.id in survey.held or loaded.profile is None:
            return survey.held.get(loaded.id, "")
        if survey.has_made(loaded.id):
            return ""
        found = succession.waiting(self._installation, store, survey.states, loaded.profile)
        return succession.adopting(found, loaded.id) if found else ""

    def _look_over(self) -> None:
        """What a damaged file says of its profiles is not believed without a word."""
        try:
            if self._watch.lost_since is None:
                list(self._watch.current().entries(limit=1))
        except StoreDamaged as error:
            self._watch.checked((error.message,))
        except StoreError:
            LOG.debug("the store was lost since it was looked at")

    def _survey(self) -> Survey:
        if self._watch.lost_since is None:
            with suppress(StoreError):
                return survey(self._watch.current(), self.folder.profiles.keys())
        return Survey()

    def _known(self) -> KnownStates:
        """What is kept of all profiles, so that not each of them is asked for."""
        with suppress(StoreError):
            if self._watch.lost_since is None:
                return KnownStates(self._watch.current(), ("clock ", "notices "))
        return KnownStates(LocalSharedState(), ())

    def _status(self, loaded: ProfileFile, survey: Survey, known: KnownStates) -> ProfileStatus:
        status = status_of(loaded)
        if self._watch.lost_since is None:
            with suppress(StoreError):  # it was lost since it was looked at
                return self._remembered(status, self._watch.current(), loaded, survey, known)
        return status

    def _remembered(
        self, status: ProfileStatus, store: Store, loaded: ProfileFile, survey: Survey, known: KnownStates
    ) -> ProfileStatus:
        last = survey.last_run(loaded.id) or last_run(store, loaded.id)
        basis = look(known, loaded.id, last, loaded.seen, self.now)
        outbox = self._installation.outbox(known)
        alert_state = outbox.alert_state(loaded.id)
        return replace(
            status.after(last) if last else status,
            next=self.next_run(loaded, basis),
            undelivered=outbox.undelivered(loaded.id),
            set_back=basis.sighting,
            held=self.word_wanted(store, survey, loaded),
            success=alert_state.success,
            trouble=alert_state.in_a_word,
        )
