"""Random tenants and operations: nothing of one is ever seen at another, whatever is asked and whatever fails."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from pbx_connector.application import publishing, runs, tenants
from pbx_connector.application.fleet import Fleet, RunnableTenants
from pbx_connector.config import ControlConfig
from pbx_connector.errors import ConnectorError, StoreError, UsageError
from pbx_connector.model import Account
from pbx_connector.plan import Content
from pbx_connector.plugins import Plugins
from pbx_connector.stores import Store
from pbx_connector.tenants import registry
from pbx_connector.tenants.ids import is_id
from pbx_connector.tenants.phone_books import PhoneBooks

IDS = st.from_regex(r"[a-z](-?[a-z0-9]){0,12}", fullmatch=True).filter(is_id)
NAMES = st.sampled_from(["Ann", "Bob", "Cy", "Dee"])
NUMBERS = st.integers(1, 40)
WHICH = st.integers(0, 2)
MARK = re.compile(r"q(\d)z")
"""In every value that a tenant writes stands whose it is: q0z, q1z, q2z."""


def marked(mine: int, text: str) -> str:
    return f"{text} q{mine}z"


class Tenants(RuleBasedStateMachine):
    """Three tenants over two connections, and what each should have."""

    fleet: Fleet
    tree: Callable[..., Path]
    log: pytest.LogCaptureFixture

    @initialize(ids=st.lists(IDS, min_size=3, max_size=3, unique=True))
    def add(self, ids: list[str]) -> None:
        for tenant in tenants.every(self.fleet):
            tenants.remove(self.fleet, tenant.id)
        self.ids = ids
        self.names: list[set[str]] = [set(), set(), set()]
        self.published: list[set[str]] = [set(), set(), set()]
        self.log.clear()
        for id in ids:
            tenants.add(self.fleet, id)

    @contextmanager
    def store(self, mine: int) -> Iterator[Store]:
        with self.fleet.open_store(registry.find(self.fleet.control, self.ids[mine])) as store:
            yield store

    @contextmanager
    def failing(self, mine: int) -> Iterator[None]:
        """What is said of a failure says nothing of others."""
        with pytest.raises(ConnectorError) as failed:
            yield
        self.is_mine(mine, f"{failed.value.message} {failed.value.hint}")

    def is_mine(self, mine: int, said: str) -> None:
        others = {self.ids[other] for other in range(3) if other != mine}
        assert set(MARK.findall(said)) <= {str(mine)}, said
        assert not any(re.search(rf"tenant {other}\b(?!-)", said) for other in others), said

    @rule(mine=WHICH, name=NAMES, number=NUMBERS)
    def add_entry(self, mine: int, name: str, number: int) -> None:
        fields = {"display_name": marked(mine, f"{name} {number}"), "phone": f"+49 89 {number:03}"}
        with self.store(mine) as store:
            store.add_entry(Content(None, fields))
        self.names[mine].add(fields["display_name"])

    @rule(mine=WHICH, number=NUMBERS)
    def remove_entry(self, mine: int, number: int) -> None:
        """Ids count from one at each: what is nobody's here may well be somebody else's."""
        with self.store(mine) as store:
            held = {entry.id: entry for entry in store.entries() if entry.origin is None}
            if number not in held:
                with self.failing(mine):
                    store.remove_entry(number)
                return
            store.remove_entry(number)
            self.names[mine] = {entry.content.fields["display_name"] for entry in store.entries()} - self.published[
                mine
            ]

    @rule(mine=WHICH, number=NUMBERS)
    def add_account(self, mine: int, number: int) -> None:
        account = Account(str(number), marked(mine, "user"), f"q{mine}z@example.com")
        with self.store(mine) as store:
            if any(known.id == account.id for known in store.accounts()):
                with self.failing(mine):
                    store.add_account(account)
                return
            store.add_account(account)

    @rule(mine=WHICH, number=NUMBERS)
    def add_label(self, mine: int, number: int) -> None:
        with self.store(mine) as store:
            name = marked(mine, f"label {number}")
            if all(label.name != name for label in store.labels()):
                store.add_label(name)
            store.compare_and_set("key", store.shared_state("key"), marked(mine, "state"))

    @rule(mine=WHICH, names=st.lists(NAMES, min_size=1, unique=True))
    def run(self, mine: int, names: list[str]) -> None:
        folder = self.tree(self.ids[mine], *[marked(mine, name) for name in names])
        [planned] = publishing.publications(self.fleet, folder, only=[self.ids[mine]], who="ann")
        publishing.publish(self.fleet, planned)
        loaded = RunnableTenants(self.fleet).load(self.ids[mine])
        assert loaded is not None
        profile = loaded.profile("staff")
        assert profile is not None
        with loaded.open_store() as store:
            outcome = runs.run(loaded.installation, profile, store, runs.RunRequest(), lambda *_: None)
            if outcome.error is None:
                self.published[mine] = {marked(mine, name) for name in names}
        self.is_mine(mine, repr(outcome))

    @rule(mine=WHICH, number=NUMBERS)
    def undo(self, mine: int, number: int) -> None:
        with self.store(mine) as store:
            try:
                store.simulate_undo(str(number))
            except UsageError as error:
                self.is_mine(mine, f"{error.message} {error.hint}")

    @rule(mine=WHICH, other=WHICH)
    def end_in_the_middle(self, mine: int, other: int) -> None:
        """With the connection in a transaction that failed, or not."""
        with self.store(mine) as store, self.failing(mine):
            database: Any = store._database  # type: ignore[attr-defined]
            with database.write() as connection:
                connection.exec_driver_sql("INSERT INTO label VALUES (999, 'gone')")
                schema = registry.find(self.fleet.control, self.ids[other]).schema
                connection.exec_driver_sql(f'SELECT count(*) FROM "{schema}".entry')
                connection.exec_driver_sql("SELECT 1 / 0")

    @rule(mine=WHICH)
    def suspend_and_resume(self, mine: int) -> None:
        tenants.suspend(self.fleet, self.ids[mine])
        assert RunnableTenants(self.fleet).load(self.ids[mine]) is None
        tenants.resume(self.fleet, self.ids[mine])

    @invariant()
    def each_has_its_own_and_sees_nothing_else(self) -> None:
        for mine in range(3):
            with self.store(mine) as store:
                assert {entry.content.fields["display_name"] for entry in store.entries()} == (
                    self.names[mine] | self.published[mine]
                )
                for other in range(3):
                    found = list(store.search(f"q{other}z"))
                    assert len(found) == (store.count_entries() if other == mine else 0)
        for record in self.log.records:
            marks = set(MARK.findall(record.getMessage()))
            assert len(marks) <= 1, "no line is of two"

    def teardown(self) -> None:
        for mine in range(3):
            with self.store(mine) as store:
                self.is_mine(mine, repr(list(everything(store))))


def everything(store: Store) -> Iterator[object]:
    """All that can be asked."""
    yield from (store.accounts(), store.labels(), store.profiles(), store.duplicates(), store.shared_state("key"))
    yield from (store.count_entries(), store.devices(), list(store.plans()), store.place, store.faults())
    for number in range(1, 41):
        yield store.lookup(f"+49 89 {number:03}")
    for record in list(store.runs()):
        yield record
        yield list(store.changes(record.report.run))


def test_nothing_of_one_tenant_is_seen_at_another(
    control_config: ControlConfig, plugins: Plugins, tree: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    with Fleet(control_config, plugins) as fleet, caplog.at_level(logging.INFO):
        fleet.phone_books = PhoneBooks(control_config.database, connections=3, patience=5)

        class Machine(Tenants):
            pass

        Machine.fleet, Machine.tree, Machine.log = fleet, staticmethod(tree), caplog
        bounded = settings(
            max_examples=5,
            stateful_step_count=15,
            deadline=timedelta(minutes=2),
            derandomize=True,
            database=None,
            phases=[Phase.generate],  # to make a failure small would take longer than a test may
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(Machine, settings=bounded)


def test_a_store_error_is_what_a_foreign_schema_gives(control_config: ControlConfig, plugins: Plugins) -> None:
    """The machine above would not notice if its attempt failed for another reason."""
    with Fleet(control_config, plugins) as fleet:
        acme, _ = (tenants.add(fleet, id) for id in ("acme", "bolt"))
        database: Any = fleet.open_store(acme)._database  # type: ignore[attr-defined]
        with pytest.raises(StoreError, match="may not do that"), database.write() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM tenant_bolt.entry")
