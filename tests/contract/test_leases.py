"""The lease that keeps two runs of a profile apart, on the databases, by their own clock (safety rule 9)."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from sqlalchemy import select, text, update

from pbx_connector.errors import ProfileBusy, StoreError
from pbx_connector.model import Report, RunStatus
from pbx_connector.stores import Store
from pbx_connector.stores.sql.counters import take
from pbx_connector.stores.sql.schema.tables import lease
from pbx_connector.stores.sql.store import SqlStore
from pbx_connector.testing import MemorySource

Run = Callable[..., Report]
HOUR = 3600.0


@pytest.fixture
def shared(store: Store) -> SqlStore:
    if not isinstance(store, SqlStore):
        pytest.skip("a phone book in memory belongs to one process")
    return store


def change_lease(store: SqlStore, **values: object) -> None:
    with store._database.write() as connection:
        assert connection.execute(update(lease).values(**values)).rowcount == 1


def interrupt(source: MemorySource, happening: Callable[[], object]) -> None:
    """Let something happen once, in the middle of the next run."""
    opened = source.type().open

    def open_it(*arguments: object) -> object:
        source._open = opened  # type: ignore[method-assign, assignment]
        happening()
        return opened(*arguments)  # type: ignore[arg-type]

    source._open = open_it  # type: ignore[method-assign, assignment]


def sleep_long(store: SqlStore) -> None:
    """The lease as the database has it when the machine of its holder slept for an hour."""
    with store._database.read() as connection:
        who = json.loads(connection.execute(select(lease.c.holder)).scalar_one())
    change_lease(store, renewed=lease.c.renewed - HOUR, holder=json.dumps(who | {"up": who["up"] - HOUR}))


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_rule_9_a_clock_that_is_set_while_a_run_goes_on_lets_no_second_one_begin(
    run: Run, source: MemorySource, shared: SqlStore, step: float
) -> None:
    source.add("public").put("ann", display_name="Ann")

    def set_clock() -> None:
        change_lease(shared, renewed=lease.c.renewed - step)
        with pytest.raises(ProfileBusy, match="is going on"):
            run()

    interrupt(source, set_clock)
    assert run(source=source.type()).counts.added == 1


def test_rule_9_a_run_whose_machine_slept_loses_its_lease_to_the_next_run(
    run: Run, source: MemorySource, shared: SqlStore
) -> None:
    book = source.add("public")
    book.put("ann", display_name="Ann")

    def sleep() -> None:
        sleep_long(shared)
        assert run(source=source.type()).counts.added == 1
        book.put("bob", display_name="Bob")

    interrupt(source, sleep)
    with pytest.raises(StoreError, match="lost its hold on profile crm"):
        run(source=source.type())
    assert [entry.content.fields["display_name"] for entry in shared.entries()] == ["Ann"]
    second, first = shared.runs()
    assert (first.report.status, second.report.status) == (RunStatus.FAILED, RunStatus.DONE)
    assert "it changed nothing" in first.note


@pytest.mark.parametrize("edit", ["undo", "adopt"])
def test_rule_9_a_run_whose_machine_slept_does_nothing_after_an_edit_of_its_profile(
    run: Run, source: MemorySource, shared: SqlStore, edit: str
) -> None:
    book = source.add("public")
    book.put("ann", display_name="Ann")
    first = run()
    book.put("bob", display_name="Bob")

    def sleep() -> None:
        sleep_long(shared)
        if edit == "undo":
            shared.undo(first.run)
        else:
            shared.adopt_profile("crm", "new")

    interrupt(source, sleep)
    with pytest.raises(StoreError, match="lost its hold on profile crm"):
        run(source=source.type())
    left = [] if edit == "undo" else ["Ann"]
    assert [entry.content.fields["display_name"] for entry in shared.entries()] == left


def test_rule_9_a_run_whose_machine_slept_goes_on_if_nobody_wanted_the_profile(
    run: Run, source: MemorySource, shared: SqlStore
) -> None:
    source.add("public").put("ann", display_name="Ann")
    interrupt(source, lambda: sleep_long(shared))
    assert run(source=source.type()).counts.added == 1
    assert run().counts.unchanged == 1


def test_rule_9_a_silent_holder_loses_its_lease_and_one_that_ended_at_once(
    run: Run, source: MemorySource, shared: SqlStore
) -> None:
    source.add("public").put("ann", display_name="Ann")
    elsewhere = json.dumps({"host": "another-machine", "pid": 1})
    with shared._database.write() as connection:
        take(connection, "run", 1000)
    for killed, holder in enumerate(({"renewed": lease.c.renewed - HOUR}, {"renewed": lease.c.renewed + HOUR}), 998):
        run()
        change_lease(shared, holder=elsewhere, run=killed)
        with pytest.raises(ProfileBusy, match="process 1 on another-machine"):
            run()
        change_lease(shared, holder=elsewhere, **holder)
        assert run().counts.unchanged == 1
        assert "without a word" in shared.run(str(killed)).note


def test_readers_go_on_while_somebody_writes(shared: SqlStore) -> None:
    shared.add_label("VIP")
    with shared._database.write() as connection:
        connection.execute(text("DELETE FROM label"))
        assert [label.name for label in shared.labels()] == ["VIP"]
    assert shared.labels() == []
