"""Brings the phone books of all tenants to this version, one after the other; what is done stays done.

A phone book is migrated in one transaction. Whoever is ended in the middle is followed by the next who asks, and one
that fails stops no other. Programs of the version before go on with those that are not migrated yet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects.postgresql import insert

from pbx_connector.errors import ConnectorError
from pbx_connector.tenants import provider
from pbx_connector.tenants.control import ControlDatabase
from pbx_connector.tenants.phone_books import SCHEMA_VERSION, PhoneBooks
from pbx_connector.tenants.registry import Tenant, TenantState, all_tenants
from pbx_connector.tenants.tables import migration, tenant


class MigrationState(StrEnum):
    """How a migration ended, if it did."""

    RUNNING = "running"
    """Or its process ended before it said how that went."""
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PhoneBookMigration:
    """How far a tenant's phone book is."""

    tenant: str
    wanted: str
    reached: str
    state: MigrationState
    error: str
    started: float
    ended: float | None


def outdated(control: ControlDatabase, only: Collection[str] = ()) -> list[Tenant]:
    """Those that are not of this version as far as the control database knows, or those that were named."""
    whole = (TenantState.ACTIVE, TenantState.SUSPENDED)
    tenants = [one for one in all_tenants(control) if one.state in whole]
    if only:
        return [one for one in tenants if one.id in only]
    return [one for one in tenants if one.schema_version != SCHEMA_VERSION]


def migrate(
    control: ControlDatabase, phone_books: PhoneBooks, tenants: Collection[Tenant]
) -> Iterator[PhoneBookMigration]:
    """Each as it is done, or failed. Raises `StoreError` only for the control database itself."""
    for each in tenants:
        _note(control, each.id, MigrationState.RUNNING, reached=each.schema_version)
        try:
            phone_books.migrate(each)
        except ConnectorError as error:
            yield _note(control, each.id, MigrationState.FAILED, reached=each.schema_version, error=error.message)
        else:
            yield _note(control, each.id, MigrationState.DONE, reached=SCHEMA_VERSION)


def migrate_provider(control: ControlDatabase, phone_books: PhoneBooks) -> Iterator[PhoneBookMigration]:
    """What the provider's pages keep, if it is not of this version; its name stands where a tenant's id would."""
    if not provider.is_outdated(control, phone_books):
        return
    state, error = MigrationState.DONE, ""
    started = _now(control)
    try:
        phone_books.migrate(provider.provider_of(control))
    except ConnectorError as failed:
        state, error = MigrationState.FAILED, failed.message
    reached = "" if error else SCHEMA_VERSION
    yield PhoneBookMigration(provider.NAME, SCHEMA_VERSION, reached, state, error, started, _now(control))


def _now(control: ControlDatabase) -> float:
    with control.read() as connection:
        return control.now(connection)


def state_of(connection: Connection, id: str) -> PhoneBookMigration | None:
    """None if it was never asked for."""
    row = connection.execute(select(migration).where(migration.c.tenant == id)).first()
    return _migration(row) if row else None


def _note(
    control: ControlDatabase, id: str, state: MigrationState, *, reached: str, error: str = ""
) -> PhoneBookMigration:
    with control.write() as connection:
        now = control.now(connection)
        values: dict[str, Any] = {"state": state, "reached": reached, "error": error, "wanted": SCHEMA_VERSION}
        values |= {"started": now, "ended": None} if state is MigrationState.RUNNING else {"ended": now}
        adding = insert(migration).values({"tenant": id, "started": now} | values)
        kept = adding.on_conflict_do_update(index_elements=["tenant"], set_=values).returning(migration)
        noted = _migration(connection.execute(kept).one())
        if state is MigrationState.DONE:
            connection.execute(update(tenant).where(tenant.c.id == id).values(schema_version=reached))
        return noted


def _migration(row: Row[Any]) -> PhoneBookMigration:
    values = row._asdict()
    return PhoneBookMigration(**values | {"state": MigrationState(values["state"])})
