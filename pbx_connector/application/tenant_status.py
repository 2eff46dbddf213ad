"""How one phone system of many stands: by what is published for it, when that is due, and what its phone book says.

Whether there are workers is a matter of all: see `fleet_status`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pbx_connector.application.fleet import Fleet
from pbx_connector.application.offline_status import OfflineStatus
from pbx_connector.application.phone_systems import PhoneSystem
from pbx_connector.application.profile_folder import ProfileFile, first_error
from pbx_connector.application.reckoning import Basis
from pbx_connector.application.status import ProfileStatus, ServiceStatus
from pbx_connector.tenants import registry, schedules, versions
from pbx_connector.tenants.loading import CONFIG
from pbx_connector.tenants.registry import TenantState
from pbx_connector.tenants.schedules import ProfileRunState, ScheduleRow


class PublishedProfiles:
    """What is published for a tenant, as a folder of profiles. A version never changes."""

    missing = ""

    def __init__(self, fleet: Fleet, id: str) -> None:
        """Raises `ConnectorError`."""
        self.path = Path(f"/{id}/profiles")
        self._files = {file.id: file for file in _published(fleet, id)}

    @property
    def profiles(self) -> Mapping[str, ProfileFile]:
        return self._files

    def files(self) -> list[ProfileFile]:
        return list(self._files.values())

    def scan(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Path]:
        return iter(())


class TenantStatus(OfflineStatus):
    """As `OfflineStatus`; when a profile runs next is what the dispatcher goes by."""

    def __init__(self, system: PhoneSystem) -> None:
        """Raises `ConnectorError`."""
        fleet, id = system.fleet, system.id
        place = f"the phone book of tenant {id}"
        super().__init__(system.installation, place, folder=PublishedProfiles(fleet, id), store=lambda: system.store)
        self.tenant = registry.find(fleet.control, id)
        self.state = self.tenant.state
        with fleet.control.read() as connection:
            self._rows = {row.profile: row for row in schedules.of_tenant(connection, id)}

    def status(self) -> ServiceStatus:
        found = super().status()
        profiles = tuple(_with_state(status, self._rows.get(status.id)) for status in found.profiles)
        return replace(found, ready=found.reachable and self.state is TenantState.ACTIVE, profiles=profiles)

    def next_run(self, loaded: ProfileFile, basis: Basis) -> datetime | None:
        row = self._rows.get(loaded.id)
        if row is None or row.next_at is None or row.state is not ProfileRunState.READY:
            return None
        return datetime.fromtimestamp(row.next_at, UTC) if self.state is TenantState.ACTIVE else None


def _published(fleet: Fleet, id: str) -> Iterator[ProfileFile]:
    tenant = registry.find(fleet.control, id)
    if not tenant.published:
        return
    loaded = fleet.load_version(tenant, tenant.published)
    with fleet.control.read() as connection:
        made = datetime.fromtimestamp(versions.one(connection, id, tenant.published).made, UTC)
    for profile in loaded.profiles.values():
        assert profile.file is not None  # noqa: S101 - `read_contents` sets it
        yield ProfileFile(profile.file, "", made, profile)
    for file in loaded.contents.wrong:
        if file.path != CONFIG:
            yield ProfileFile(Path(f"/{id}/{file.path}"), "", made, None, first_error(file.findings))


def _with_state(status: ProfileStatus, row: ScheduleRow | None) -> ProfileStatus:
    """What the engine does not run any more is failing, whatever its last run said."""
    if row is None or row.state is ProfileRunState.READY:
        return status
    return replace(status, trouble=str(row.state), reason=row.reason or status.reason)
