"""The tenants of a provider: added, looked at, suspended, removed, migrated; `publishing` says what runs for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import update

from pbx_connector.application.fleet import Fleet
from pbx_connector.errors import UsageError
from pbx_connector.host_names import host_of
from pbx_connector.tenants import hosts as host_names
from pbx_connector.tenants import listing, members, migrating, registry, schedules, vault, versions
from pbx_connector.tenants.ids import is_id, role_of, schema_of
from pbx_connector.tenants.listing import TenantFilter, TenantList
from pbx_connector.tenants.members import Member
from pbx_connector.tenants.migrating import PhoneBookMigration
from pbx_connector.tenants.phone_books import SCHEMA_VERSION, PlannedOwner, checked_store
from pbx_connector.tenants.registry import Tenant, TenantState
from pbx_connector.tenants.schedules import ScheduleRow
from pbx_connector.tenants.tables import tenant
from pbx_connector.tenants.vault import SecretRow
from pbx_connector.tenants.versions import PublishedVersion

WHOLE = (TenantState.ACTIVE, TenantState.SUSPENDED)
LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class TenantDetails:
    tenant: Tenant
    versions: tuple[PublishedVersion, ...]
    """The latest first."""
    schedules: tuple[ScheduleRow, ...]
    secrets: tuple[SecretRow, ...]
    hosts: tuple[str, ...]
    """Names by which it is reached: its own, then the one in the domain of all."""
    shadowed: tuple[str, ...]
    """Those of them at which the provider himself is answered, so that its pages are not reached there."""
    members: tuple[Member, ...]
    migration: PhoneBookMigration | None


def add(fleet: Fleet, id: str, *, title: str = "", store: str = "") -> Tenant:
    """With an empty phone book, in the database at `store` or the control database.

    One that was not finished is finished. Raises `UsageError`, and `StoreError`: then it can be asked for again.
    """
    title, store = _checked_title(title), checked_store(store)
    if find(fleet, id) is None:
        require_addable(fleet, id, store)
    found = registry.register(fleet.control, id, title, store)
    fleet.phone_books.make(found)
    with fleet.control.write() as connection:
        mine = (tenant.c.id == id) & (tenant.c.state == TenantState.ADDING)
        values = {
            "state": TenantState.ACTIVE,
            "schema_version": SCHEMA_VERSION,
            "changed": fleet.control.now(connection),
        }
        connection.execute(update(tenant).where(mine).values(values))
        return registry.required(connection, id)


def require_addable(fleet: Fleet, id: str, store: str = "") -> None:
    """Raises `UsageError` and `StoreError` where `add` would refuse a new tenant, of which nothing is left then."""
    role = role_of(id, fleet.control.id)
    if name := _in_domain(fleet, id):
        _require_not_own(fleet, name, "choose another id")
    fleet.phone_books.require_makeable(PlannedOwner(role, schema_of(id), store, f"the phone book of tenant {id}"))


def _checked_title(title: str) -> str:
    if len(title) > LONGEST_TITLE or not title.isprintable():
        raise UsageError(f"a title is one line of at most {LONGEST_TITLE} characters", hint="such as: Acme Ltd")
    return title.strip()


def find(fleet: Fleet, id: str) -> Tenant | None:
    """Whatever `id` is."""
    return registry.known(fleet.control, id) if is_id(id) else None


def every(fleet: Fleet) -> list[Tenant]:
    return registry.all_tenants(fleet.control)


def listed(fleet: Fleet, wanted: TenantFilter, *, after: str = "", limit: int = 100) -> TenantList:
    """A page of the tenants that are asked for: those whose id comes after `after`, `limit` at most."""
    return listing.listed(fleet.control, wanted, after=after, limit=limit)


def details(fleet: Fleet, id: str) -> TenantDetails:
    """Raises `UsageError`."""
    found = registry.find(fleet.control, id)
    with fleet.control.read() as connection:
        rows, migrated = schedules.of_tenant(connection, id), migrating.state_of(connection, id)
    reached = hosts(fleet, id)
    own = fleet.own_hosts()
    return TenantDetails(
        found,
        versions=tuple(versions.versions(fleet.control, id)),
        schedules=tuple(rows),
        secrets=tuple(vault.secrets(fleet.control, id)),
        hosts=tuple(reached),
        shadowed=tuple(name for name in reached if name in own),
        members=tuple(members.members(fleet.control, id)),
        migration=migrated,
    )


def profiles(fleet: Fleet, id: str) -> list[str]:
    """The ids of those that are published."""
    with fleet.control.read() as connection:
        return [row.profile for row in schedules.of_tenant(connection, id)]


def suspend(fleet: Fleet, id: str) -> Tenant:
    """Nothing of it is run any more; a run that goes on ends by itself. Raises `UsageError`."""
    return registry.change_state(fleet.control, id, TenantState.SUSPENDED, of=WHOLE)


def resume(fleet: Fleet, id: str) -> Tenant:
    """Raises `UsageError`."""
    return registry.change_state(fleet.control, id, TenantState.ACTIVE, of=WHOLE)


def remove(fleet: Fleet, id: str) -> None:
    """All of it, for good: phone book, role, versions, secrets, schedules. One that was not finished is finished.

    Raises `UsageError`, and `StoreError`: then it can be asked for again.
    """
    found = registry.change_state(fleet.control, id, TenantState.REMOVING, of=tuple(TenantState))
    fleet.phone_books.remove(found)
    with fleet.control.write() as connection:
        registry.forget(connection, id)
    fleet.layouts.forget(id)


def entries(fleet: Fleet, id: str) -> int:
    """How many its phone book has, to be told before it is removed; 0 for one that is not whole."""
    found = registry.find(fleet.control, id)
    if found.state not in WHOLE:
        return 0
    with fleet.open_store(found) as store:
        return store.count_entries()


def migrate(fleet: Fleet, only: Collection[str] = ()) -> Iterator[PhoneBookMigration]:
    """Each phone book that is not of this version, as it is done or has failed; before them, unless some are named,
    what the provider's own pages keep. Raises `UsageError`."""
    for id in only:
        registry.find(fleet.control, id)
    if not only:
        yield from migrating.migrate_provider(fleet.control, fleet.phone_books)
    yield from migrating.migrate(fleet.control, fleet.phone_books, migrating.outdated(fleet.control, only))


# --- host names --------------------------------------------------------------------------------------------------


def hosts(fleet: Fleet, id: str) -> list[str]:
    """By which it is reached: names of its own, and the one in the domain of all. Raises `UsageError`."""
    in_domain = _in_domain(fleet, id)
    return host_names.hosts(fleet.control, id) + ([in_domain] if in_domain else [])


def host_in_links(fleet: Fleet, id: str) -> str:
    """The host name that every link to a tenant's pages and telephones has; empty without any. Raises `StoreError`.

    That in the domain of all: its DNS and its certificate are the provider's, so that it is sure to work, while a name
    of the tenant's own works once somebody else has seen to both. Such a one stands in only where there is no domain,
    or where the provider himself is answered at the name in it.
    """
    own, in_domain = fleet.own_hosts(), _in_domain(fleet, id)
    if in_domain and in_domain not in own:
        return in_domain
    return next((name for name in host_names.hosts(fleet.control, id) if name not in own), "")


def _in_domain(fleet: Fleet, id: str) -> str:
    return f"{id}.{fleet.config.domain}" if fleet.config.domain else ""


def _require_not_own(fleet: Fleet, name: str, way_on: str) -> None:
    """Raises `UsageError`."""
    if key := fleet.own_hosts().get(name):
        raise UsageError(f"{name} is where the provider's own pages are", hint=f"{way_on}: this name is in {key}")


def add_host(fleet: Fleet, id: str, name: str) -> str:
    """The name as it is kept. Raises `UsageError`."""
    _require_not_own(fleet, host_of(name), "choose another name")
    return host_names.add_host(fleet.control, id, name, fleet.config.domain)


def remove_host(fleet: Fleet, id: str, name: str) -> str:
    """Raises `UsageError`."""
    return host_names.remove_host(fleet.control, id, name, fleet.config.domain)


# --- secrets -----------------------------------------------------------------------------------------------------


def set_secret(fleet: Fleet, id: str, name: str, value: str, *, who: str) -> None:
    """Raises `UsageError`."""
    keys = vault.required_keys(fleet.config.keys)
    vault.set_secret(fleet.control, keys, id, name, value, who)


def secrets(fleet: Fleet, id: str) -> list[SecretRow]:
    """Without their values. Raises `UsageError`."""
    return vault.secrets(fleet.control, id)


def remove_secret(fleet: Fleet, id: str, name: str) -> None:
    """Raises `UsageError`."""
    vault.remove_secret(fleet.control, id, name)


def rotate_secrets(fleet: Fleet) -> int:
    """How many are encrypted with the first key now, and were not before. Raises `ConnectorError`."""
    return vault.rotate(fleet.control, vault.required_keys(fleet.config.keys))


def new_key(file: Path | None) -> str:
    """Adds a key to the key file, or makes it; returns the key's id. Raises `UsageError`."""
    if file is None:
        raise UsageError("the configuration names no key file", hint="control: {keys: PATH}")
    return vault.add_key(file).id
