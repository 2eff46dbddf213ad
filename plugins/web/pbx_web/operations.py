"""What pages do in one way where one phone system is served alone, and in another where it is one of many."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from pbx_connector.api import (
    ConnectorError,
    FleetEngine,
    MachineError,
    PluginConfig,
    PluginContext,
    ProfileBusy,
    QueuedRun,
    Store,
    StoreError,
    UsageError,
    application,
)

if TYPE_CHECKING:
    PhoneSystem = application.phone_systems.PhoneSystem

LOG = structlog.stdlib.get_logger(__name__)

ServiceStatus = application.status.ServiceStatus
AppliedSetting = application.configuration.AppliedSetting
ProfileStatus = application.status.ProfileStatus
STOPPED = ("paused", "quarantined")
OF_ALL = ("store", "profiles", "service", "control")
"""Sections of the configuration that a provider says for all phone systems."""


COMMAND = re.compile(r"\bpbx-connector (?:-|[a-z])|\bpip install\b")
"""In a hint, what is typed on a command line."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What applies, as its page shows it."""

    applied: list[AppliedSetting]
    file: str
    """Empty for one that people cannot open."""
    broken: Any
    """Plugins that cannot be used."""
    exposed: Any
    """Secrets that others may read."""


class Operations(Protocol):
    def status(self) -> ServiceStatus:
        """How all stands. Raises `ConnectorError`."""
        ...

    def settings(self) -> Settings: ...

    def resume(self, profile: str) -> None:
        """A profile that was held or stopped runs again. Raises `UsageError` for one that is not known."""
        ...

    def require_active(self) -> None:
        """Raises `UsageError` while nothing may be run."""
        ...

    def ask_for_run(self, profile: str, *, full: bool) -> bool:
        """Have workers make a run; False where there are none: it is made here. Raises `ConnectorError`."""
        ...

    def queued_run(self, profile: str) -> QueuedRun | None:
        """How far a run is that workers make; None where there are none."""
        ...

    def give_up_run(self, profile: str) -> bool:
        """A run that waits for a worker is not wanted any more; False if none waits."""
        ...

    def told(self, error: ConnectorError) -> tuple[str, str]:
        """What people here may know of a failure: message and hint."""
        ...

    def advice(self, hint: str | None) -> str:
        """What of a hint people here can follow."""
        ...

    saves_mistakes: bool
    """Whether a profile with mistakes can be kept."""
    is_hosted: bool
    """Whether somebody else provides it: people here have no command line, and no files but those of the pages."""


class LocalOperations:
    """Of a folder of profiles, and the service that runs them, if there is one."""

    saves_mistakes = True
    is_hosted = False

    def __init__(self, context: PluginContext, store: Callable[[], Store]) -> None:
        self._context = context
        self._store = store
        self._folder: Any = None
        self._scanning = threading.Lock()

    def status(self) -> ServiceStatus:
        """Live within the service, else what folder and store say by themselves."""
        if self._context.status:
            return self._context.status()
        installation = self._context.installation
        with self._scanning:
            self._folder = self._folder or application.offline_status.folder_of(installation)
            offline = application.offline_status.OfflineStatus(
                installation, self._context.store_url, folder=self._folder, store=self._store
            )
            return offline.status()

    def settings(self) -> Settings:
        installation = self._context.installation
        file = installation.file.document.file if installation.file else ""
        applied = application.configuration.applied_settings(installation)
        return Settings(applied, file, installation.plugins.broken, installation.exposed_secrets)

    def resume(self, profile: str) -> None:
        self._store().resume_profile(profile)

    def require_active(self) -> None:
        return

    def ask_for_run(self, profile: str, *, full: bool) -> bool:
        return False

    def queued_run(self, profile: str) -> QueuedRun | None:
        return None

    def give_up_run(self, profile: str) -> bool:
        return False

    def told(self, error: ConnectorError) -> tuple[str, str]:
        return error.message, self.advice(error.hint)

    def advice(self, hint: str | None) -> str:
        return hint or ""


class HostedOperations:
    """Of one of many phone systems: versions of its profiles are published, and workers run them."""

    saves_mistakes = False
    is_hosted = True

    def __init__(self, system: PhoneSystem, engine: FleetEngine, store: Callable[[], Store]) -> None:
        self._system = system
        self._engine = engine
        self._store = store

    def status(self) -> ServiceStatus:
        found = application.tenant_status.TenantStatus(self._system).status()
        reason = "its database does not answer" if found.reason else ""
        profiles = tuple(self._with_word(profile) for profile in found.profiles)
        return replace(found, profiles=profiles, reason=reason)

    def _with_word(self, profile: ProfileStatus) -> ProfileStatus:
        """What workers do not run any more waits for somebody to say that it may."""
        if profile.trouble not in STOPPED:
            return profile
        command = f"pbx-connector fleet release {self._system.id} {profile.id}"
        return replace(profile, held=command, why_held=profile.reason)

    def settings(self) -> Settings:
        """What the provider says for all is no tenant's business: neither files nor variables nor databases of his."""
        installation = self._system.installation
        configs = installation.plugins.configs
        applied = application.configuration.applied_settings(installation)
        own = [_without_machine(one) for one in applied if not _is_providers(one.key, configs)]
        return Settings(own, "", (), ())

    def resume(self, profile: str) -> None:
        """One that workers do not run any more, or one that an undo has held, or both."""
        released = False
        with suppress(UsageError):
            self._engine.release(self._system.id, profile)
            released = True
        try:
            self._store().resume_profile(profile)
        except UsageError:
            if not released:
                raise

    def require_active(self) -> None:
        self._system.require_active()

    def ask_for_run(self, profile: str, *, full: bool) -> bool:
        self.require_active()
        self._engine.run(self._system.id, profile, full=full)
        return True

    def queued_run(self, profile: str) -> QueuedRun | None:
        return self._engine.stage(self._system.id, profile)

    def give_up_run(self, profile: str) -> bool:
        return self._engine.cancel(self._system.id, profile)

    def told(self, error: ConnectorError) -> tuple[str, str]:
        """Where the provider's databases and files are is no tenant's business."""
        if isinstance(error, (StoreError, MachineError)) and not isinstance(error, ProfileBusy):
            LOG.error("a page cannot be made", reason=error.message, hint=error.hint)
            return "this cannot be had at the moment: try again, or ask your provider", ""
        return error.message, self.advice(error.hint)

    def advice(self, hint: str | None) -> str:
        return "; ".join(part for part in (hint or "").split("; ") if not COMMAND.search(part))


def _is_providers(key: str, configs: Mapping[str, PluginConfig]) -> bool:
    if key.partition(".")[0] in OF_ALL:
        return True
    _, plugin, name, *_ = [*key.split("."), "", ""]
    return plugin in configs and name in configs[plugin].of_the_machine


def _without_machine(one: AppliedSetting) -> AppliedSetting:
    secret = "" if not one.secret else "kept"
    return AppliedSetting(one.key, one.value, one.origin, secret=secret)
