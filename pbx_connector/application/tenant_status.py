"""How the profiles of one of many phone systems are: by what is published, its schedules and its history."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pbx_connector.application.fleet import Fleet, LoadedTenant
from pbx_connector.application.history import last_run
from pbx_connector.application.installation import Installation
from pbx_connector.application.status import ProfileStatus, ServiceStatus
from pbx_connector.application.survey import Orphan, Survey, survey
from pbx_connector.errors import StoreError
from pbx_connector.profile import Profile
from pbx_connector.stores import Store
from pbx_connector.tenants import schedules
from pbx_connector.tenants.loading import PROFILES, CheckedFile
from pbx_connector.tenants.registry import Tenant
from pbx_connector.tenants.schedules import ProfileRunState, ScheduleRow


def tenant_status(fleet: Fleet, tenant: Tenant, store: Store) -> ServiceStatus:
    """Raises `ConnectorError` for a configuration that cannot be used here, and while the control database cannot be
    reached; that the tenant's phone book cannot be is a part of it."""
    loaded = fleet.load_version(tenant, tenant.published) if tenant.published else None
    with fleet.control.read() as connection:
        rows = {row.profile: row for row in schedules.of_tenant(connection, tenant.id)}
    known, reason = Survey(), ""
    try:
        known = survey(store, loaded.profiles.keys() if loaded else ())
    except StoreError as error:
        reason = error.message
    return ServiceStatus(
        ready=False,
        store=tenant.id,
        reachable=not reason,
        reason=reason,
        faults=None,
        folder=Path(f"/{tenant.id}") / PROFILES,
        folder_missing="",
        profiles=tuple(_profiles(loaded, rows, known, store)) if loaded else (),
        orphans=tuple(_orphans(loaded, known)),
    )


def _orphans(loaded: LoadedTenant | None, known: Survey) -> Iterator[Orphan]:
    """Of what was published, whatever files lie on this machine."""
    there = loaded.profiles if loaded else {}
    for state in known.states:
        if state.entries and state.id not in there:
            yield Orphan(state.id, state.title, state.entries)


def _profiles(
    loaded: LoadedTenant, rows: dict[str, ScheduleRow], known: Survey, store: Store
) -> Iterator[ProfileStatus]:
    found = [_profile(loaded, profile, rows.get(profile.id), known, store) for profile in loaded.profiles.values()]
    found += [_broken(loaded, file) for file in loaded.contents.wrong if file.path.startswith(f"{PROFILES}/")]
    yield from sorted(found, key=lambda status: status.id)


def _broken(loaded: LoadedTenant, file: CheckedFile) -> ProfileStatus:
    """Right when it was published, and not on this machine."""
    name = Path(file.path).stem
    first = next(found for found in file.findings if found.severity == "error")
    broken = f"line {first.span.line}: {first.message}"
    return ProfileStatus(name, name, f"/{loaded.tenant.id}/{file.path}", "", broken=broken)


def _profile(
    loaded: LoadedTenant, profile: Profile, row: ScheduleRow | None, known: Survey, store: Store
) -> ProfileStatus:
    words = profile.schedule.in_words() if profile.schedule else ""
    status = ProfileStatus(profile.id, profile.title, str(profile.file), words, next=_next(row))
    with suppress(StoreError):  # it was lost since it was looked at
        status = _remembered(status, loaded.installation, known, store)
    if row is not None and row.state is not ProfileRunState.READY:
        command = f"pbx-connector fleet release {loaded.tenant.id} {profile.id}"
        status = replace(status, held=command, why_held=row.reason, next=None)
    return status


def _remembered(status: ProfileStatus, installation: Installation, known: Survey, store: Store) -> ProfileStatus:
    last = known.last_run(status.id) or last_run(store, status.id)
    outbox = installation.outbox(store)
    alert_state = outbox.alert_state(status.id)
    return replace(
        status.after(last) if last else status,
        undelivered=outbox.undelivered(status.id),
        held=known.held.get(status.id, ""),
        success=alert_state.success,
        trouble=alert_state.in_a_word,
    )


def _next(row: ScheduleRow | None) -> datetime | None:
    return datetime.fromtimestamp(row.next_at, UTC) if row is not None and row.next_at is not None else None
