"""What pages do in one way where one phone system is served alone, and in another where it is one of many."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from pbx_connector.api import FleetEngine, PluginContext, Store, UsageError, application

if TYPE_CHECKING:
    PhoneSystem = application.phone_systems.PhoneSystem

ServiceStatus = application.status.ServiceStatus
AppliedSetting = application.configuration.AppliedSetting
ProfileStatus = application.status.ProfileStatus
STOPPED = ("paused", "quarantined")
OF_THE_MACHINE = ("listen", "certificate", "key", "url", "proxies")


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

    saves_mistakes: bool
    """Whether a profile with mistakes can be kept."""


class LocalOperations:
    """Of a folder of profiles, and the service that runs them, if there is one."""

    saves_mistakes = True

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


class HostedOperations:
    """Of one of many phone systems: versions of its profiles are published, and workers run them."""

    saves_mistakes = False

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
        applied = application.configuration.applied_settings(self._system.installation)
        return Settings([_without_machine(one) for one in applied if not _is_providers(one.key)], "", (), ())

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


def _is_providers(key: str) -> bool:
    of_machine = [f"plugins.web.{name}" for name in OF_THE_MACHINE]
    return key.partition(".")[0] in ("store", "profiles", "service", "control") or key in of_machine


def _without_machine(one: AppliedSetting) -> AppliedSetting:
    secret = "" if not one.secret else "kept"
    return AppliedSetting(one.key, one.value, one.origin, secret=secret)
