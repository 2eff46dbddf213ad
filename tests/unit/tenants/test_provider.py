"""The provider's own users, which tenants they see to, and lists of many tenants."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from pbx_connector.application import members, publishing, tenants, users
from pbx_connector.application.audit import Actor, AuditAction, note_audit
from pbx_connector.application.fleet import Fleet
from pbx_connector.errors import OtherVersion, UsageError
from pbx_connector.stores import Role
from pbx_connector.tenants.ids import is_id
from pbx_connector.tenants.listing import TenantFilter
from pbx_connector.tenants.provider import NAME, provider_of
from pbx_connector.tenants.registry import Tenant, TenantState
from pbx_connector.tenants.tables import schedule


def test_the_provider_has_users_of_its_own(fleet: Fleet) -> None:
    tenants.add(fleet, "acme")
    with fleet.open_provider_store() as provider, fleet.open_store(registry_tenant(fleet)) as acme:
        users.add_user(provider, "ann", Role.ADMIN)
        note_audit(provider, Actor("ann"), AuditAction.LOGIN)
        assert acme.users() == []
        assert acme.audit() == []
    with fleet.open_provider_store() as again:
        assert [user.name for user in again.users()] == ["ann"]


def registry_tenant(fleet: Fleet, id: str = "acme") -> Tenant:
    return tenants.details(fleet, id).tenant


def test_no_tenant_can_be_called_like_it(fleet: Fleet) -> None:
    assert not is_id(NAME)
    assert not is_id("provider_")
    assert tenants.add(fleet, "provider").schema != NAME


def test_whoever_logs_in_to_the_database_has_no_right_of_its_own_to_it(fleet: Fleet) -> None:
    fleet.open_provider_store().close()
    with fleet.control.read() as connection:
        query = text("SELECT has_schema_privilege(current_user, :name, 'USAGE')")
        assert connection.execute(query, {"name": NAME}).scalar() is False


def test_several_make_it_at_once(fleet: Fleet) -> None:
    def users_of(_: int) -> int:
        with Fleet(fleet.config, fleet.plugins) as other, other.open_provider_store() as store:
            return len(store.users())

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(users_of, range(4))) == [0] * 4


def test_it_is_migrated_with_the_phone_books(fleet: Fleet) -> None:
    fleet.open_provider_store().close()
    assert list(tenants.migrate(fleet)) == []
    make_old(fleet)
    with pytest.raises(OtherVersion):
        fleet.open_provider_store()
    [told] = tenants.migrate(fleet)
    assert (told.tenant, str(told.state), told.error) == (NAME, "done", "")
    fleet.open_provider_store().close()


def make_old(fleet: Fleet) -> None:
    """Of a version before the first one: its mark is there, and none of its tables."""
    provider = provider_of(fleet.control)
    with fleet.control.write() as connection:
        connection.execute(text(f'SET LOCAL ROLE "{provider.role}"'))
        connection.execute(text(f"DROP SCHEMA {NAME} CASCADE"))
        connection.execute(text("RESET ROLE"))
        connection.execute(text(f'CREATE SCHEMA {NAME} AUTHORIZATION "{provider.role}"'))
        connection.execute(text(f'SET LOCAL ROLE "{provider.role}"'))
        connection.execute(text(f"CREATE TABLE {NAME}.alembic_version (version_num text)"))


@pytest.fixture
def office(fleet: Fleet) -> Fleet:
    for id in ("acme", "bolt"):
        tenants.add(fleet, id)
    with fleet.open_provider_store() as provider:
        users.add_user(provider, "ann", Role.ADMIN)
        users.add_user(provider, "bob", Role.READER)
    return fleet


def test_a_member_is_something_at_his_tenants_alone(office: Fleet) -> None:
    with office.open_provider_store() as provider:
        members.set_member(office, provider, "acme", "Bob", Role.EDITOR)
        ann, bob = users.known_user(provider, "ann"), users.known_user(provider, "bob")
        roles = [members.role_in(office, id, who) for who in (ann, bob) for id in ("acme", "bolt")]
        assert roles == [Role.ADMIN, Role.ADMIN, Role.EDITOR, None]
        members.set_member(office, provider, "acme", "bob", Role.READER)
        assert [(one.user, one.role) for one in members.members_of(office, "acme")] == [("bob", Role.READER)]
        assert members.role_in(office, "acme", users.disable_user(provider, "bob")) is None
    members.remove_member(office, "acme", "bob")
    assert members.members_of(office, "acme") == []


def test_who_is_no_user_or_no_tenant_is_no_member(office: Fleet) -> None:
    with office.open_provider_store() as provider:
        for tenant, name in (("acme", "eve"), ("cogs", "bob"), ("acme", "b o b"), ("' OR 1=1 --", "bob")):
            with pytest.raises(UsageError):
                members.set_member(office, provider, tenant, name, Role.ADMIN)
    for tenant, name in (("acme", "bob"), ("cogs", "bob")):
        with pytest.raises(UsageError):
            members.remove_member(office, tenant, name)


def test_who_is_called_the_same_later_is_a_member_of_nothing(office: Fleet) -> None:
    with office.open_provider_store() as provider:
        members.set_member(office, provider, "acme", "bob", Role.ADMIN)
        users.remove_user(provider, "bob")
        members.forget_user(office, "bob")
        again = users.add_user(provider, "bob", Role.READER)
        assert members.role_in(office, "acme", again) is None


def test_members_go_with_their_tenant(office: Fleet) -> None:
    with office.open_provider_store() as provider:
        members.set_member(office, provider, "acme", "bob", Role.ADMIN)
        tenants.remove(office, "acme")
        tenants.add(office, "acme")
        assert members.members_of(office, "acme") == []


def test_tenants_are_found_a_page_at_a_time(office: Fleet, tree: Callable[..., Path]) -> None:
    for id, title in (("cogs", "Cogs 100% Ltd"), ("dyes", "Färberei")):
        tenants.add(office, id, title=title)
    tenants.suspend(office, "bolt")
    folder = tree("acme", "Ann")
    publication = next(iter(publishing.publications(office, folder, who="test")))
    assert publishing.publish(office, publication)
    first = tenants.listed(office, TenantFilter(), limit=3)
    assert [line.tenant.id for line in first.lines] == ["acme", "bolt", "cogs"]
    assert (first.total, first.next) == (4, "cogs")
    rest = tenants.listed(office, TenantFilter(), after=first.next, limit=3)
    assert ([line.tenant.id for line in rest.lines], rest.next) == (["dyes"], "")
    assert [(line.profiles, line.stopped, line.next_at is None) for line in first.lines] == [
        (1, 0, False),
        (0, 0, True),
        (0, 0, True),
    ]


def test_tenants_are_found_by_what_they_are_like(office: Fleet, tree: Callable[..., Path]) -> None:
    tenants.add(office, "cogs", title="Cogs 100% Ltd")
    tenants.suspend(office, "bolt")
    publication = next(iter(publishing.publications(office, tree("acme", "Ann"), who="test")))
    assert publishing.publish(office, publication)
    with office.control.write() as connection:
        connection.execute(update(schedule).values(state="quarantined"))
    with office.open_provider_store() as provider:
        members.set_member(office, provider, "cogs", "bob", Role.READER)

    def ids(wanted: TenantFilter) -> list[str]:
        return [line.tenant.id for line in tenants.listed(office, wanted, limit=10).lines]

    assert ids(TenantFilter(text="COGS")) == ["cogs"]
    assert ids(TenantFilter(text="100%")) == ["cogs"]
    assert ids(TenantFilter(text="_")) == []
    assert ids(TenantFilter(text="'; DROP TABLE x; --")) == []
    assert ids(TenantFilter(state=TenantState.SUSPENDED)) == ["bolt"]
    assert ids(TenantFilter(stopped=True)) == ["acme"]
    assert ids(TenantFilter(member="bob")) == ["cogs"]
    assert ids(TenantFilter(member="bob", text="acme")) == []
    assert ids(TenantFilter(ids=["bolt", "acme"])) == ["acme", "bolt"]
    assert ids(TenantFilter(ids=[])) == []
    with office.control.read() as connection:
        assert connection.execute(select(schedule.c.state)).scalar() == "quarantined"
