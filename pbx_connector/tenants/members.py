"""Which users of the provider may see to a tenant, and as what."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from pbx_connector.errors import UsageError
from pbx_connector.stores import Role
from pbx_connector.tenants.control import ControlDatabase
from pbx_connector.tenants.registry import required
from pbx_connector.tenants.tables import member


@dataclass(frozen=True, slots=True)
class Member:
    """A user of the provider who may see to a tenant."""

    tenant: str
    user: str
    role: Role


def members(control: ControlDatabase, tenant: str) -> list[Member]:
    """By name. Raises `UsageError`."""
    with control.read() as connection:
        required(connection, tenant)
        rows = connection.execute(select(member).where(member.c.tenant == tenant).order_by(member.c.user))
        return [Member(row.tenant, row.user, Role(row.role)) for row in rows]


def role_in(control: ControlDatabase, tenant: str, user: str) -> Role | None:
    """None for who is no member, also of what is no tenant."""
    mine = (member.c.tenant == tenant) & (member.c.user == user)
    with control.read() as connection:
        role = connection.execute(select(member.c.role).where(mine)).scalar()
    return Role(role) if role else None


def set_member(control: ControlDatabase, tenant: str, user: str, role: Role) -> Member:
    """A member gets the role instead of the one before. Raises `UsageError`."""
    adding = insert(member).values(tenant=tenant, user=user, role=role)
    with control.write() as connection:
        required(connection, tenant)
        connection.execute(adding.on_conflict_do_update(index_elements=["tenant", "user"], set_={"role": role}))
    return Member(tenant, user, role)


def remove_member(control: ControlDatabase, tenant: str, user: str) -> None:
    """Raises `UsageError`."""
    mine = (member.c.tenant == tenant) & (member.c.user == user)
    with control.write() as connection:
        required(connection, tenant)
        if connection.execute(delete(member).where(mine)).rowcount == 0:
            raise UsageError(
                f"{user} is no member of tenant {tenant}", hint=f"see: pbx-connector tenants members list {tenant}"
            )


def forget_user(control: ControlDatabase, user: str) -> None:
    """A user who is called the same later is a member of nothing."""
    with control.write() as connection:
        connection.execute(delete(member).where(member.c.user == user))
