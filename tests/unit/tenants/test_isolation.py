"""Tenants share connections, and nothing else: whatever one did to a connection, the next one finds it as new."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import psycopg
import pytest
from sqlalchemy import Connection, text

from pbx_connector.application import tenants
from pbx_connector.application.fleet import Fleet
from pbx_connector.config import ControlConfig
from pbx_connector.errors import StoreError
from pbx_connector.plan import Content
from pbx_connector.plugins import Plugins
from pbx_connector.stores.sql.dialects.database import Database
from pbx_connector.stores.sql.store import SqlStore
from pbx_connector.tenants.phone_books import PhoneBooks
from pbx_connector.tenants.registry import Tenant


@pytest.fixture
def one_connection(control_config: ControlConfig, plugins: Plugins) -> Iterator[Fleet]:
    """What one tenant had is what the other gets."""
    with Fleet(control_config, plugins) as fleet:
        for id in ("acme", "bolt"):
            tenant = tenants.add(fleet, id)
            with fleet.open_store(tenant) as store:
                store.add_entry(Content(None, {"display_name": f"Ann of {id}"}))
        fleet.phone_books.close()
        fleet.phone_books = PhoneBooks(control_config.database, connections=1, patience=5)
        yield fleet


def tenant_of(fleet: Fleet, id: str) -> Tenant:
    return next(tenant for tenant in tenants.every(fleet) if tenant.id == id)


def database_of(fleet: Fleet, id: str) -> Database:
    store = fleet.phone_books.open(tenant_of(fleet, id))
    assert isinstance(store, SqlStore)
    return store._database


def names(fleet: Fleet, id: str) -> list[str]:
    with fleet.open_store(tenant_of(fleet, id)) as store:
        return [entry.content.fields["display_name"] for entry in store.entries()]


def left_failed(connection: Connection) -> None:
    connection.execute(text("SELECT 1 / 0"))


def left_open(connection: Connection) -> None:
    """`begin` of the next one would join it."""
    connection.execute(text("CREATE TEMPORARY TABLE entry (id int)"))
    raise StoreError("ended in the middle")


def left_as_it_was(connection: Connection) -> None:
    connection.execute(text("SET search_path = tenant_acme, public"))
    connection.commit()


def left_as_the_role(connection: Connection) -> None:
    role = connection.execute(text("SELECT current_user")).scalar_one()
    connection.execute(text(f'SET SESSION ROLE "{role}"'))
    connection.commit()


def left_with_a_table_before_all(connection: Connection) -> None:
    connection.execute(text("CREATE TEMPORARY TABLE entry AS SELECT * FROM entry"))
    connection.commit()


def left_with_a_lock(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_lock(1)"))
    connection.execute(text("LISTEN news"))
    connection.commit()


@pytest.mark.parametrize(
    "leave",
    [left_failed, left_open, left_as_it_was, left_as_the_role, left_with_a_table_before_all, left_with_a_lock],
)
def test_whatever_a_tenant_left_behind_the_next_one_has_a_new_connection(
    one_connection: Fleet, leave: Callable[[Connection], None]
) -> None:
    acme = database_of(one_connection, "acme")
    with suppress(StoreError), acme.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM entry")).scalar() == 1
        leave(connection)
    assert names(one_connection, "bolt") == ["Ann of bolt"]
    with acme.engine.connect() as connection:
        who = text("SELECT current_user, current_setting('search_path'), current_schemas(false)::text")
        assert connection.execute(who).one() == ("provider", '"$user", public', "{public}")
        assert connection.execute(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")).scalar() == 0


def test_outside_of_a_transaction_there_is_no_table_of_anybody(one_connection: Fleet) -> None:
    with database_of(one_connection, "acme").engine.connect() as connection:
        for name in ("entry", "tenant_acme.entry"):
            with pytest.raises(Exception, match=r"does not exist|permission denied"), connection.begin():
                connection.execute(text(f"SELECT * FROM {name}"))


OF_OTHERS = (
    "SELECT * FROM tenant_bolt.entry",
    "INSERT INTO tenant_bolt.label VALUES (1, 'x')",
    "DROP SCHEMA tenant_bolt CASCADE",
    "SELECT * FROM pbx_control.tenant",
    "SELECT * FROM pbx_control.secret",
    "CREATE TABLE public.entry (id int)",
    "CREATE SCHEMA mine",
    "SET LOCAL search_path = tenant_bolt; TABLE tenant_bolt.entry",
    "SET LOCAL ROLE postgres",
    "CREATE ROLE mine SUPERUSER",
    "COPY entry TO '/tmp/entries'",
    "COPY entry TO PROGRAM 'cat'",
)


def test_the_role_of_a_tenant_may_touch_its_schema_only(one_connection: Fleet) -> None:
    """As if somebody had found a way to slip in SQL."""
    tenant = tenant_of(one_connection, "acme")
    database = one_connection.config.database
    with psycopg.connect(database.replace("provider@", "postgres@")) as superuser:
        superuser.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")  # it is so from PostgreSQL 15 on
    with psycopg.connect(database) as connection:
        connection.execute(f'SET LOCAL ROLE "{tenant.role}"')
        connection.execute(f"SET LOCAL search_path = {tenant.schema}")
        assert connection.execute("SELECT count(*) FROM entry").fetchone() == (1,)
        for statement in OF_OTHERS:
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(statement)


def test_writers_of_two_tenants_do_not_wait_for_one_another(one_connection: Fleet) -> None:
    one_connection.phone_books.close()
    one_connection.phone_books = PhoneBooks(one_connection.config.database, connections=2, patience=1)
    acme, bolt = (database_of(one_connection, id) for id in ("acme", "bolt"))
    with acme.write() as writing, bolt.write() as beside:
        assert writing.execute(text("SELECT count(*) FROM entry")).scalar() == 1
        assert beside.execute(text("SELECT count(*) FROM entry")).scalar() == 1
        others = PhoneBooks(one_connection.config.database, connections=1, patience=0.1)
        same = others._database(tenant_of(one_connection, "acme"))
        with pytest.raises(StoreError, match="another program is writing to it"), same.write():
            pass
        others.close()


def test_many_tenants_share_few_connections(one_connection: Fleet) -> None:
    stores = [one_connection.phone_books.open(tenant_of(one_connection, id)) for id in ("acme", "bolt") * 5]
    assert [store.count_entries() for store in stores] == [1] * 10
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(one_connection.config.database) as connection:
        (open_now,) = connection.execute(query).fetchone() or (0,)
    assert open_now <= 1 + 4, "one for all phone books, and those to the control database"
    for store in stores:
        store.close()
    assert names(one_connection, "acme") == ["Ann of acme"]


def test_what_is_asked_again_and_again_is_answered_again_and_again(one_connection: Fleet) -> None:
    """Drivers prepare a statement on the server once it was asked often enough."""
    for number in range(12):
        for id in ("acme", "bolt"):
            with one_connection.open_store(tenant_of(one_connection, id)) as store:
                store.add_label(f"label {number}")
    with one_connection.open_store(tenant_of(one_connection, "bolt")) as store:
        assert len(store.labels()) == 12


def test_errors_of_a_tenant_name_nobody_else(one_connection: Fleet) -> None:
    with pytest.raises(StoreError) as failed, database_of(one_connection, "acme").read() as connection:
        connection.execute(text("SELECT * FROM tenant_bolt.entry WHERE display_name = 'Ann of bolt'"))
    said = f"{failed.value.message} {failed.value.hint}"
    assert "tenant acme" in said
    assert "bolt" not in said
