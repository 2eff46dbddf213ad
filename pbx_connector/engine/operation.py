"""What people ask of the engine of a fleet: how it fares, what is late, that a profile runs now or again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from pbx_connector.application.fleet import Fleet
from pbx_connector.application.fleet_status import FleetStatus, LastRun
from pbx_connector.engine import notes, status, waiting
from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.port import Job, Queue, QueuedRun, RunStage
from pbx_connector.engine.postgres import PostgresEngine
from pbx_connector.errors import UsageError
from pbx_connector.tenants.registry import TenantState, way_on


class FleetEngine:
    """For several threads at once. What it does raises `StoreError`, also for a control database that was not
    prepared: `fleet prepare`."""

    def __init__(self, fleet: Fleet) -> None:
        """Nothing is connected before it is needed."""
        self._database = EngineDatabase(fleet.config.database)

    def status(self) -> FleetStatus:
        return status.fleet_status(self._database)

    def late(self) -> Mapping[str, timedelta]:
        """The tenants of which something is late, and by how much at most."""
        return status.late_tenants(self._database)

    def last_runs(self, tenants: Collection[str]) -> list[LastRun]:
        """Of their published profiles that a worker ran, the latest last."""
        return status.last_runs(self._database, tenants)

    def unserved_since(self) -> datetime | None:
        """When a worker gave a sign of life last, if none lives: what waits, waits for one to be started."""
        with self._database.transaction() as connection:
            return status.unserved_since(connection)

    def run(self, tenant: str, profile: str, *, full: bool = False) -> None:
        """As soon as a worker has a place, before all that is scheduled. Raises `UsageError` for what is not
        published, and for a tenant that is not active."""
        with self._database.transaction() as connection:
            found = connection.execute(
                "SELECT t.state FROM pbx_control.schedule s JOIN pbx_control.tenant t ON t.id = s.tenant"
                " WHERE s.tenant = %s AND s.profile = %s",
                [tenant, profile],
            ).fetchone()
        if found is None:
            raise UsageError(
                f"no profile {profile} is published for tenant {tenant}",
                hint=f"see: pbx-connector tenants show {tenant}",
            )
        if (state := TenantState(found["state"])) is not TenantState.ACTIVE:
            raise UsageError(f"tenant {tenant} is {state}: nothing of it is run", hint=way_on(tenant, state))
        job = Job(tenant=tenant, profile=profile, queue=Queue.INTERACTIVE, full=full)
        PostgresEngine(self._database).enqueue(job)

    def cancel(self, tenant: str, profile: str) -> bool:
        """A run that waits is not wanted any more; False if none waits. One that goes on goes on."""
        return PostgresEngine(self._database).cancel(tenant, profile)

    def stage(self, tenant: str, profile: str) -> QueuedRun:
        """How far a run is that was asked for."""
        with self._database.transaction() as connection:
            found = waiting.stage(connection, tenant, profile)
            if found.stage is not RunStage.WAITING:
                return found
            return replace(found, unserved_since=status.unserved_since(connection))

    def release(self, tenant: str, profile: str) -> None:
        """A quarantined or paused profile runs again. Raises `UsageError` if it is neither."""
        with self._database.transaction() as connection:
            if not notes.release(connection, tenant, profile):
                raise UsageError(
                    f"no profile {profile} of tenant {tenant} is quarantined or paused",
                    hint="see: pbx-connector fleet status",
                )

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
