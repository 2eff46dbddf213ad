"""Which tenants there are, and what state each is in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, column, delete, select, table, text, update

from pbx_connector.errors import UsageError
from pbx_connector.tenants.control import ControlDatabase
from pbx_connector.tenants.ids import checked_id, role_of, schema_of
from pbx_connector.tenants.tables import metadata, tenant

ENGINE = "pbx_engine"
"""The schema of what runs the profiles; it has rows of tenants, too."""


class TenantState(StrEnum):
    """What may be done with it."""

    ADDING = "adding"
    """Its schema and role are being made, or were not when somebody ended that; `tenants add` goes on."""
    ACTIVE = "active"
    SUSPENDED = "suspended"
    """Nothing of it is run; all is kept."""
    REMOVING = "removing"
    """Its phone book is going, or is gone in part; `tenants remove` goes on."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One phone system of a provider, as the control database has it."""

    id: str
    title: str
    state: TenantState
    store: str
    """Address of the database that its phone book is in; empty for the control database."""
    role: str
    schema_version: str
    """Of its phone book, as of the last migration; empty before there is one."""
    published: int
    """The version that counts; 0 for none."""
    made: float
    changed: float

    @property
    def schema(self) -> str:
        return schema_of(self.id)

    @property
    def place(self) -> str:
        return f"the phone book of tenant {self.id}"


def all_tenants(control: ControlDatabase) -> list[Tenant]:
    with control.read() as connection:
        return [_tenant(row) for row in connection.execute(select(tenant).order_by(tenant.c.id))]


SERVED = (TenantState.ACTIVE, TenantState.SUSPENDED)
"""Whose phone books can be read: a suspended tenant keeps its telephones."""


def find(control: ControlDatabase, id: str) -> Tenant:
    """Raises `UsageError`."""
    with control.read() as connection:
        return required(connection, id)


def known(control: ControlDatabase, id: str) -> Tenant | None:
    with control.read() as connection:
        row = connection.execute(select(tenant).where(tenant.c.id == id)).first()
        return _tenant(row) if row else None


def find_served(control: ControlDatabase, id: str) -> Tenant:
    """One whose phone book can be read. Raises `UsageError`."""
    found = find(control, id)
    if found.state not in SERVED:
        raise UsageError(f"tenant {id} is {found.state}", hint=way_on(found.id, found.state))
    return found


def required(connection: Connection, id: str, *, lock: bool = False) -> Tenant:
    """With `lock` nobody else changes it before the transaction ends. Raises `UsageError`."""
    query = select(tenant).where(tenant.c.id == checked_id(id))
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise UsageError(f"there is no tenant {id}", hint="see: pbx-connector tenants list")
    return _tenant(row)


def register(control: ControlDatabase, id: str, title: str, store: str) -> Tenant:
    """A row for a new tenant, which is not yet whole; that of one that was left so is given back.

    Raises `UsageError` for one that is whole.
    """
    with control.write() as connection:
        now = control.now(connection)
        values = {"id": checked_id(id), "title": title or id, "store": store, "role": role_of(id, control.id)}
        _insert_new(connection, values | {"state": TenantState.ADDING, "made": now, "changed": now})
        found = required(connection, id, lock=True)
        if found.state is not TenantState.ADDING:
            raise UsageError(f"there is a tenant {id} already", hint=f"see: pbx-connector tenants show {id}")
        return found


def _insert_new(connection: Connection, values: dict[str, Any]) -> None:
    from sqlalchemy.dialects.postgresql import insert as insert_or

    connection.execute(insert_or(tenant).values(values).on_conflict_do_nothing())


def change_state(control: ControlDatabase, id: str, to: TenantState, *, of: Collection[TenantState]) -> Tenant:
    """Raises `UsageError` for a tenant that is in none of the states `of`; one that is in state `to` stays."""
    with control.write() as connection:
        found = required(connection, id, lock=True)
        if found.state is to:
            return found
        if found.state not in of:
            raise UsageError(f"tenant {id} is {found.state}", hint=way_on(found.id, found.state))
        now = control.now(connection)
        connection.execute(update(tenant).where(tenant.c.id == id).values(state=to, changed=now))
        return required(connection, id)


def forget(connection: Connection, id: str) -> None:
    """Every row of it, in tables of the engine, too, which stand beside ours where one runs."""
    for name in _tables_of_the_engine(connection):
        rows = table(name, column("tenant"), schema=ENGINE)
        connection.execute(delete(rows).where(rows.c.tenant == id))
    for ours in reversed(metadata.sorted_tables):
        if "tenant" in ours.c:
            connection.execute(delete(ours).where(ours.c.tenant == id))
    connection.execute(delete(tenant).where(tenant.c.id == id))


def _tables_of_the_engine(connection: Connection) -> Sequence[str]:
    query = text(
        "SELECT table_name FROM information_schema.columns WHERE table_schema = :schema AND column_name = 'tenant'"
    )
    return connection.execute(query, {"schema": ENGINE}).scalars().all()


def way_on(id: str, state: TenantState) -> str:
    """The hint that leads a tenant out of its state."""
    ways = {
        TenantState.ADDING: f"pbx-connector tenants add {id} finishes it",
        TenantState.REMOVING: f"pbx-connector tenants remove {id} finishes it",
        TenantState.SUSPENDED: f"pbx-connector tenants resume {id}",
    }
    return ways.get(state, "")


def tenant_of(values: Mapping[str, Any]) -> Tenant:
    """From the columns of a row."""
    return Tenant(**{**values, "state": TenantState(values["state"])})


def _tenant(row: Row[Any]) -> Tenant:
    return tenant_of(row._asdict())
