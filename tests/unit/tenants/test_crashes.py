"""Migrations and publications that are killed in the middle, or meet: whole for each tenant, and gone on with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import update

from pbx_connector.application import publishing, tenants
from pbx_connector.application.fleet import Fleet
from pbx_connector.application.publishing import Status
from pbx_connector.errors import OtherVersion, PublishedMeanwhile
from pbx_connector.stores.sql.schema.migrating import HEAD, STEPS
from pbx_connector.tenants import migrating, registry, versions
from pbx_connector.tenants.migrating import MigrationState
from pbx_connector.tenants.tables import tenant as tenant_table

BEFORE = "0009"
"""A version of phone books that had no `given_way` and no `merge`."""
MANY = [f"t{number:02}" for number in range(20)]
MIDDLE = MANY[10]


def of_an_earlier_version(fleet: Fleet, id: str) -> None:
    """Added by a program of an earlier version."""
    tenant = registry.register(fleet.control, id, "", "")
    with pytest.MonkeyPatch.context() as earlier:
        earlier.setattr("pbx_connector.tenants.phone_books.bring_up_to_date", lambda _: None)
        fleet.phone_books.make(tenant)
    config = Config()
    config.set_main_option("script_location", str(STEPS))
    with fleet.phone_books._database(tenant).write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, BEFORE)
    with fleet.control.write() as connection:
        mine = update(tenant_table).where(tenant_table.c.id == id)
        connection.execute(mine.values(state="active", schema_version=BEFORE))


@contextmanager
def locked(fleet: Fleet, statement: str) -> Iterator[psycopg.Connection]:
    """Whoever wants the same waits until the end of the block."""
    with psycopg.connect(fleet.config.database) as connection:
        for part in statement.split(";"):
            connection.execute(part)
        yield connection
        connection.rollback()


@contextmanager
def command_that_waits(fleet: Fleet, *arguments: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """`pbx-connector` in a process of its own, once it waits for a lock."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(fleet.config.files.parent),
        "PBX_CONNECTOR_CONTROL_DATABASE": fleet.config.database,
    }
    program = Path(sys.executable).with_name("pbx-connector")
    with subprocess.Popen([program, *arguments], env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            with psycopg.connect(fleet.config.database, autocommit=True) as watching:
                waits = "SELECT 1 FROM pg_locks WHERE NOT granted"
                while not watching.execute(waits).fetchone():
                    assert process.poll() is None, "it ended before it had to wait"
                    time.sleep(0.02)
            yield process
        finally:
            process.kill()


def killed(process: subprocess.Popen[bytes]) -> bool:
    process.kill()
    return process.wait() == -signal.SIGKILL


def reached(fleet: Fleet) -> dict[str, str]:
    """As the phone books themselves say it."""
    with psycopg.connect(fleet.config.database) as connection:
        found = {}
        for tenant in registry.all_tenants(fleet.control):
            with connection.transaction():
                connection.execute(f'SET LOCAL ROLE "{tenant.role}"')
                query = f"SELECT version_num FROM {tenant.schema}.alembic_version"
                found[tenant.id] = str((connection.execute(query).fetchone() or [""])[0])
        return found


def test_a_migration_that_is_killed_in_the_middle_is_gone_on_with(fleet: Fleet) -> None:
    for id in MANY:
        of_an_earlier_version(fleet, id)
    tenant = registry.find(fleet.control, MIDDLE)
    lock = f'SET LOCAL ROLE "{tenant.role}"; LOCK TABLE {tenant.schema}.run IN ACCESS SHARE MODE'
    with locked(fleet, lock), command_that_waits(fleet, "tenants", "migrate") as process:
        assert killed(process)
    assert reached(fleet) == {id: HEAD if id < MIDDLE else BEFORE for id in MANY}
    with fleet.control.read() as connection:
        state = migrating.state_of(connection, MIDDLE)
    assert state is not None
    assert (state.state, state.reached, state.wanted) == (MigrationState.RUNNING, BEFORE, HEAD)
    rest = list(tenants.migrate(fleet))
    assert [(one.tenant, one.state) for one in rest] == [(id, MigrationState.DONE) for id in MANY if id >= MIDDLE]
    assert set(reached(fleet).values()) == {HEAD}
    assert list(tenants.migrate(fleet)) == []


def test_a_phone_book_that_cannot_be_migrated_stops_no_other(fleet: Fleet) -> None:
    for id in ("acme", "bolt", "cork"):
        of_an_earlier_version(fleet, id)
    tenant = registry.find(fleet.control, "bolt")
    with psycopg.connect(fleet.config.database) as connection:
        connection.execute(f'SET ROLE "{tenant.role}"')
        connection.execute("CREATE TABLE tenant_bolt.given_way (x int)")
    done = {one.tenant: one for one in tenants.migrate(fleet)}
    assert [one.state for one in done.values()] == ["done", "failed", "done"]
    assert "the phone book of tenant bolt" in done["bolt"].error
    assert reached(fleet) == {"acme": HEAD, "bolt": BEFORE, "cork": HEAD}
    with pytest.raises(OtherVersion, match="not yet of this version"):
        fleet.open_store(tenant)
    with psycopg.connect(fleet.config.database) as connection:
        connection.execute(f'SET ROLE "{tenant.role}"')
        connection.execute("DROP TABLE tenant_bolt.given_way")
    assert [one.tenant for one in tenants.migrate(fleet)] == ["bolt"]


def numbers(fleet: Fleet) -> list[int]:
    return [tenant.published for tenant in tenants.every(fleet)]


def published(fleet: Fleet, folder: Path) -> list[Status]:
    planned = publishing.publications(fleet, folder, who="ann")
    return [publishing.result(fleet, publication).status for publication in planned]


def test_a_publication_that_is_killed_in_the_middle_is_whole_for_each_tenant(
    fleet: Fleet, tree: Callable[..., Path]
) -> None:
    for id in MANY:
        tenants.add(fleet, id)
        folder = tree(id, "Ann")
    assert set(published(fleet, folder)) == {Status.PUBLISHED}
    for id in MANY:
        tree(id, "Ann", "Bob")
    lock = f"SELECT 1 FROM pbx_control.schedule WHERE tenant = '{MIDDLE}' FOR UPDATE"
    with locked(fleet, lock), command_that_waits(fleet, "tenants", "publish", folder) as process:
        assert killed(process)
    assert numbers(fleet) == [2 if id < MIDDLE else 1 for id in MANY]
    assert len(versions.versions(fleet.control, MIDDLE)) == 1
    assert published(fleet, folder) == [Status.UNCHANGED if id < MIDDLE else Status.PUBLISHED for id in MANY]
    assert set(numbers(fleet)) == {2}


def test_of_two_publications_at_once_one_counts_and_the_other_is_told(fleet: Fleet, tree: Callable[..., Path]) -> None:
    tenants.add(fleet, "acme")
    folder = tree("acme", "Ann")
    results: list[Status] = []
    at_once = threading.Barrier(4)

    def publish(who: str) -> None:
        [planned] = publishing.publications(fleet, folder, who=who)
        at_once.wait()
        results.append(publishing.result(fleet, planned).status)

    threads = [threading.Thread(target=publish, args=[f"person {number}"]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["published", "refused", "refused", "refused"]
    assert len(versions.versions(fleet.control, "acme")) == 1


def test_who_compared_with_an_earlier_version_overwrites_nothing(fleet: Fleet, tree: Callable[..., Path]) -> None:
    tenants.add(fleet, "acme")
    [old] = publishing.publications(fleet, tree("acme", "Ann"), who="ann")
    [new] = publishing.publications(fleet, tree("acme", "Bob"), who="bob")
    publishing.publish(fleet, new)
    with pytest.raises(PublishedMeanwhile, match="version 1 of tenant acme was published meanwhile"):
        publishing.publish(fleet, old)
    assert [version.who for version in versions.versions(fleet.control, "acme")] == ["bob"]


def test_a_removal_that_is_killed_in_the_middle_is_gone_on_with(fleet: Fleet, tree: Callable[..., Path]) -> None:
    tenants.add(fleet, "acme")
    published(fleet, tree("acme", "Ann"))
    lock = "SELECT 1 FROM pbx_control.schedule WHERE tenant = 'acme' FOR UPDATE"
    with locked(fleet, lock), command_that_waits(fleet, "tenants", "remove", "acme", "--yes") as process:
        assert killed(process)
    assert [tenant.state for tenant in tenants.every(fleet)] == ["removing"]
    tenants.remove(fleet, "acme")
    assert tenants.every(fleet) == []
    assert tenants.add(fleet, "acme").published == 0
