"""A tenant from its beginning to its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from pbx_connector.application import publishing, runs, tenants
from pbx_connector.application.fleet import Fleet
from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.schema import prepare
from pbx_connector.errors import OtherVersion, ProfileHeld, StoreError, UsageError
from pbx_connector.model import RunStatus
from pbx_connector.tenants import phone_books, registry, schedules
from pbx_connector.tenants.ids import checked_id, variable_prefix
from pbx_connector.tenants.registry import TenantState
from pbx_connector.tenants.tables import metadata

NO_IDS = (
    *("", "Acme", "1acme", "acme-", "ac--me", "a" * 41, "acme\n", "ａcme", "a/../b", "a, public", "$user", "pg_temp"),
    *('a"; DROP SCHEMA public CASCADE; --', "a_b", "a'b", "a\0b", "é"),
)


def published(fleet: Fleet, folder: Path) -> list[int]:
    """Publishes all of it; the numbers of the new versions."""
    planned = publishing.publications(fleet, folder, who="ann")
    made = [publishing.publish(fleet, publication) for publication in planned]
    return [version.number for version in made if version]


def names(fleet: Fleet, id: str) -> list[str]:
    with fleet.open_store(registry.find(fleet.control, id)) as store:
        return sorted(entry.content.fields["display_name"] for entry in store.entries())


def run_once(fleet: Fleet, id: str, name: str = "staff") -> RunStatus:
    loaded = fleet.load(id)
    profile = loaded.profile(name)
    assert profile is not None
    with loaded.open_store() as store:
        outcome = runs.run(loaded.installation, profile, store, runs.RunRequest(), lambda *_: None)
    if outcome.error:
        raise outcome.error
    return outcome.report.status


def test_a_tenant_from_its_beginning_to_its_end(fleet: Fleet, tree: Callable[..., Path], postgres_server: str) -> None:
    assert tenants.add(fleet, "acme", title="Acme Ltd").state is TenantState.ACTIVE
    assert tenants.add(fleet, "bolt").title == "bolt"
    tree("acme", "Ann", "Bob")
    assert published(fleet, tree("bolt", "Cy")) == [1, 1]
    assert [run_once(fleet, id) for id in ("acme", "bolt")] == [RunStatus.DONE, RunStatus.DONE]
    assert (names(fleet, "acme"), names(fleet, "bolt")) == (["Ann", "Bob"], ["Cy"])
    role = registry.find(fleet.control, "acme").role
    tenants.remove(fleet, "acme")
    assert [tenant.id for tenant in tenants.every(fleet)] == ["bolt"]
    assert names(fleet, "bolt") == ["Cy"]
    with psycopg.connect(postgres_server) as connection:
        assert connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None
    with fleet.control.read() as connection:
        of_tenants = [table for table in metadata.sorted_tables if "tenant" in table.c]
        assert len(of_tenants) == 8
        for table in of_tenants:
            assert connection.execute(table.select().where(table.c.tenant == "acme")).all() == []


def test_a_run_of_a_new_version_goes_on_where_the_last_one_was(fleet: Fleet, tree: Callable[..., Path]) -> None:
    tenants.add(fleet, "acme")
    published(fleet, tree("acme", "Ann", "Bob"))
    run_once(fleet, "acme")
    assert published(fleet, tree("acme", "Ann", "Cy")) == [2]
    run_once(fleet, "acme")
    assert names(fleet, "acme") == ["Ann", "Cy"]


def test_a_profile_that_was_renamed_waits_for_a_person_wherever_it_ran_before(
    fleet: Fleet, tree: Callable[..., Path]
) -> None:
    """The files of a version are at another place on each worker: which profiles there are, the version says."""
    tenants.add(fleet, "acme")
    file = tree("acme", "Ann") / "acme" / "profiles" / "staff.yaml"
    published(fleet, file.parents[2])
    run_once(fleet, "acme")
    file.with_name("more.yaml").write_text(file.read_text().replace("Staff", "More").replace("Phone", "Name"))
    published(fleet, file.parents[2])
    assert run_once(fleet, "acme", "more") is RunStatus.DONE
    file.rename(file.with_name("people.yaml"))
    published(fleet, file.parents[2])
    with pytest.raises(ProfileHeld, match="profile people seems to be staff"):
        run_once(fleet, "acme", "people")


def test_what_the_engine_knows_of_a_tenant_goes_with_it(fleet: Fleet) -> None:
    engine = EngineDatabase(fleet.config.database)
    prepare(engine)
    for id in ("acme", "bolt"):
        tenants.add(fleet, id)
        with engine.transaction() as connection:
            connection.execute("INSERT INTO progress (tenant, profile) VALUES (%s, 'staff')", [id])
            connection.execute("INSERT INTO bucket VALUES (%s, 'csv', 1, now())", [id])
    tenants.remove(fleet, "acme")
    with engine.transaction() as connection:
        for table in ("progress", "bucket"):
            rows = connection.execute(f"SELECT tenant FROM {table}").fetchall()
            assert [row["tenant"] for row in rows] == ["bolt"]
    engine.close()


def test_an_id_is_given_once(fleet: Fleet) -> None:
    tenants.add(fleet, "acme")
    with pytest.raises(UsageError, match="there is a tenant acme already"):
        tenants.add(fleet, "acme")


def test_what_could_be_taken_for_anything_else_is_no_id(fleet: Fleet) -> None:
    for id in NO_IDS:
        for use in (tenants.add, tenants.suspend, tenants.remove, tenants.details):
            with pytest.raises(UsageError, match="cannot be the id of a tenant"):
                use(fleet, id)
    assert tenants.every(fleet) == []


def test_no_prefix_of_variables_is_the_beginning_of_anothers() -> None:
    ids = ["a", "a-b", "a-b-c", "ab", "a1", "a-1"]
    prefixes = [variable_prefix(checked_id(id)) for id in ids]
    assert not any(one != other and one.startswith(other) for one in prefixes for other in prefixes)


def test_a_suspended_tenant_is_never_due(fleet: Fleet, tree: Callable[..., Path]) -> None:
    tenants.add(fleet, "acme")
    published(fleet, tree("acme", "Ann"))

    def due() -> list[str]:
        with fleet.control.write() as connection:
            return [row.profile for row in schedules.due(connection, fleet.control.now(connection) + 1000, 10)]

    assert due() == ["staff"]
    assert tenants.suspend(fleet, "acme").state is TenantState.SUSPENDED
    assert due() == []
    assert names(fleet, "acme") == []
    tenants.resume(fleet, "acme")
    assert due() == ["staff"]


def test_what_was_not_finished_is_finished_by_who_asks_again(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise StoreError("the connection to the server broke")

    with monkeypatch.context() as broken:
        broken.setattr(fleet.phone_books, "make", fail)
        with pytest.raises(StoreError):
            tenants.add(fleet, "acme")
    with pytest.raises(UsageError, match="tenant acme is adding"):
        tenants.suspend(fleet, "acme")
    assert tenants.add(fleet, "acme").state is TenantState.ACTIVE
    with monkeypatch.context() as broken:
        broken.setattr(fleet.phone_books, "remove", fail)
        with pytest.raises(StoreError):
            tenants.remove(fleet, "acme")
    assert registry.find(fleet.control, "acme").state is TenantState.REMOVING
    tenants.remove(fleet, "acme")
    assert tenants.every(fleet) == []


def test_a_schema_of_somebody_else_is_left_alone(fleet: Fleet, control_config: object) -> None:
    with psycopg.connect(fleet.config.database) as connection:
        connection.execute("CREATE SCHEMA tenant_acme CREATE TABLE t (x text)")
    with pytest.raises(StoreError, match="which is not this tenant's"):
        tenants.add(fleet, "acme")
    assert tenants.every(fleet) == []
    registry.register(fleet.control, "acme", "", "")  # as when it came there in between
    tenants.remove(fleet, "acme")
    with psycopg.connect(fleet.config.database) as connection:
        assert connection.execute("SELECT count(*) FROM tenant_acme.t").fetchone() == (0,)


def test_two_control_databases_of_one_server_have_tenants_of_one_id(
    fleet: Fleet, new_database: Callable[[], str]
) -> None:
    other = Fleet(fleet.config.model_copy(update={"database": new_database()}), fleet.plugins)
    with other:
        for each in (fleet, other):
            tenants.add(each, "acme")
        tenants.remove(other, "acme")
        assert names(fleet, "acme") == []


def test_a_phone_book_may_be_in_a_database_of_its_own(fleet: Fleet, new_database: Callable[[], str]) -> None:
    store = new_database()
    tenants.add(fleet, "acme", store=store)
    with psycopg.connect(store) as connection:
        schemas = "SELECT 1 FROM pg_namespace WHERE nspname = 'tenant_acme'"
        assert connection.execute(schemas).fetchone()
        assert names(fleet, "acme") == []
        tenants.remove(fleet, "acme")
        assert connection.execute(schemas).fetchone() is None


def test_a_user_who_inherits_rights_is_refused_where_memberships_do_not_say(
    fleet: Fleet, postgres_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As before PostgreSQL 16: there each statement of the user would have the rights of every tenant."""
    monkeypatch.setattr(phone_books, "MEMBERSHIP_SAYS", 10**7)
    with psycopg.connect(postgres_server, autocommit=True) as superuser:
        superuser.execute("ALTER ROLE provider INHERIT")
        try:
            with pytest.raises(StoreError, match="the user provider would have the rights of every tenant") as refused:
                tenants.add(fleet, "acme")
            assert tenants.every(fleet) == []
            superuser.execute(refused.value.hint.partition(": ")[2].encode())
            assert tenants.add(fleet, "acme").state is TenantState.ACTIVE
        finally:
            if superuser.info.server_version >= 160000:
                superuser.execute("ALTER ROLE provider INHERIT")
    with psycopg.connect(fleet.config.database) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT * FROM tenant_acme.entry")


@pytest.mark.parametrize(("what", "taken"), [("roles", "ALTER ROLE provider NOCREATEROLE"), ("schemas", "")])
def test_a_user_who_lacks_a_right_is_told_how_to_get_it_and_leaves_nothing_half_added(
    fleet: Fleet, postgres_server: str, what: str, taken: str
) -> None:
    with psycopg.connect(fleet.config.database) as connection:
        database = connection.info.dbname
    with psycopg.connect(postgres_server, autocommit=True) as superuser:
        superuser.execute((taken or f"ALTER DATABASE {database} OWNER TO postgres").encode())
        try:
            with pytest.raises(StoreError, match=f"the user provider may not make {what}") as refused:
                tenants.add(fleet, "acme")
            assert tenants.every(fleet) == []
        finally:
            superuser.execute(refused.value.hint.partition(": ")[2].encode())
    assert tenants.add(fleet, "acme").state is TenantState.ACTIVE


@pytest.mark.parametrize(
    "store", ["postgresql://ann:secret-word@host/db", "postgresql://host/db?password=secret-word", "sqlite:///book.db"]
)
def test_the_address_of_a_phone_book_has_no_password(fleet: Fleet, store: str) -> None:
    with pytest.raises(UsageError) as refused:
        tenants.add(fleet, "acme", store=store)
    assert "secret-word" not in f"{refused.value.message} {refused.value.hint}"
    assert tenants.every(fleet) == []


def test_a_phone_book_of_another_version_is_left_to_programs_of_that(fleet: Fleet) -> None:
    tenant = tenants.add(fleet, "acme")
    with fleet.open_store(tenant) as store:
        with psycopg.connect(fleet.config.database) as connection:
            connection.execute(f'SET ROLE "{tenant.role}"')
            connection.execute("UPDATE tenant_acme.alembic_version SET version_num = '9999'")
        with pytest.raises(OtherVersion, match="was brought to another version meanwhile"):
            store.add_label("Department")
    with pytest.raises(OtherVersion, match="newer version"), fleet.open_store(tenant):
        pass
