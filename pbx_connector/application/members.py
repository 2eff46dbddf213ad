"""Users of the provider, and which tenants they see to: its administrators to all, others to those that they are
members of, as what they are there."""

from __future__ import annotations

from pbx_connector.application.fleet import Fleet
from pbx_connector.application.users import known_user, user_name
from pbx_connector.errors import UsageError
from pbx_connector.stores import Role, Store, User
from pbx_connector.tenants import members
from pbx_connector.tenants.members import Member


def members_of(fleet: Fleet, tenant: str) -> list[Member]:
    """By name; without the provider's administrators. Raises `UsageError`."""
    return members.members(fleet.control, tenant)


def set_member(fleet: Fleet, users: Store, tenant: str, name: str, role: Role) -> Member:
    """`users` is the provider's store. Raises `UsageError` for a tenant or user that is not there."""
    return members.set_member(fleet.control, tenant, known_user(users, name).name, role)


def remove_member(fleet: Fleet, tenant: str, name: str) -> None:
    """Raises `UsageError`."""
    members.remove_member(fleet.control, tenant, user_name(name))


def role_in(fleet: Fleet, tenant: str, user: User) -> Role | None:
    """What a user of the provider is at a tenant now; None: nothing."""
    if user.disabled:
        return None
    return Role.ADMIN if user.role is Role.ADMIN else members.role_in(fleet.control, tenant, user.name)


def forget_user(fleet: Fleet, name: str) -> None:
    """Once a user is gone: one of the same name is somebody else."""
    members.forget_user(fleet.control, _kept_name(name))


def _kept_name(name: str) -> str:
    try:
        return user_name(name)
    except UsageError:
        return ""
