"""The lease that keeps two runs of a profile apart, on the databases, by their own clock (safety rule 9)."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from sqlalchemy import text, update

from pbx_connector.errors import ProfileBusy, StoreError
from pbx_connector.model import Report
from pbx_connector.stores import Store
from pbx_connector.stores.sql.schema import lease
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


@pytest.mark.parametrize("lost", [{"token": lease.c.token + 1}, {"renewed": lease.c.renewed - HOUR}])
def test_rule_9_a_run_that_lost_its_lease_changes_nothing(
    run: Run, source: MemorySource, shared: SqlStore, lost: dict[str, object]
) -> None:
    book = source.add("public")
    book.put("ann", display_name="Ann")
    opened = source.type().open

    def lose_it(*arguments: object) -> object:
        change_lease(shared, **lost)
        return opened(*arguments)

    source._open = lose_it  # type: ignore[method-assign, assignment]
    with pytest.raises(StoreError, match="lost its hold on profile crm"):
        run(source=source.type())
    assert list(shared.entries()) == []
    assert "lost its hold" in next(shared.runs()).note


def test_rule_9_a_silent_holder_loses_its_lease_and_one_that_ended_at_once(
    run: Run, source: MemorySource, shared: SqlStore
) -> None:
    source.add("public").put("ann", display_name="Ann")
    elsewhere = json.dumps({"host": "another-machine", "pid": 1})
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
