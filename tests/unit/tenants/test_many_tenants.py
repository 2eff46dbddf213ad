"""Random tenants and operations: nothing of one is ever seen at another, whatever is asked and whatever fails."""

from __future__ import annotations

import io
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from prometheus_client.parser import text_string_to_metric_families

from pbx_connector.application import publishing, tenants
from pbx_connector.application.fleet import Fleet, RunnableTenants
from pbx_connector.config import ControlConfig
from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.limits import Rate
from pbx_connector.engine.metrics import WorkerMetrics
from pbx_connector.engine.port import Job, Places, Queue, Result
from pbx_connector.engine.schema import prepare
from pbx_connector.engine.status import fleet_status
from pbx_connector.engine.worker import Worker, WorkerSettings
from pbx_connector.errors import ConnectorError, StoreError, UsageError
from pbx_connector.logs import set_up
from pbx_connector.model import Account
from pbx_connector.plan import Content
from pbx_connector.plugins import Plugins
from pbx_connector.stores import Store
from pbx_connector.tenants import registry
from pbx_connector.tenants.ids import is_id
from pbx_connector.tenants.phone_books import PhoneBooks
from pbx_connector.tenants.vault import TenantVault

IDS = st.from_regex(r"[a-z](-?[a-z0-9]){0,12}", fullmatch=True) | st.sampled_from(["public", "pg-temp", "user", "t"])
NAMES = st.sampled_from(["Ann", "Bob", "Cy", "Dee"])
NUMBERS = st.integers(1, 40)
WHICH = st.integers(0, 2)
MARK = re.compile(r"q(\d)z")
"""In every value that a tenant writes stands whose it is, and in its id: q0z, q1z, q2z."""
SLY = st.sampled_from(
    [
        *('\'; SET ROLE "{role}"; --', "{schema}, public", '"; DROP SCHEMA {schema} CASCADE; --', "$user", "pg_temp"),
        *("' OR true --", "%", "_", "\\", "{schema}.entry", "$$; TABLE {schema}.entry; $$", "{{}}", "{id}/staff"),
    ]
)
"""What people type who want to see more; the braces are filled in of another tenant."""


def marked(mine: int, text: str) -> str:
    return f"{text} q{mine}z"


class Running:
    """A worker that makes the runs of all tenants, with what it says and counts."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.log = io.StringIO()
        self.database = EngineDatabase(fleet.config.database)
        prepare(self.database)
        settings = WorkerSettings(places=Places(3, 1, 1), dispatch=False, rate=Rate(burst=1000))
        self.worker = Worker(self.database, RunnableTenants(fleet), settings)
        self.metrics = WorkerMetrics(lambda: fleet_status(self.database), lambda: 0, lambda: 0.0, 3)
        self.worker.engine.on_ended = self.metrics.ended
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.worker.run, args=[self.stop])

    def __enter__(self) -> Running:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(250)
        self.database.close()

    def run(self, id: str) -> str:
        """How the run of the tenant's profile ended."""
        self.worker.engine.enqueue(Job(tenant=id, profile="staff", queue=Queue.INTERACTIVE))
        deadline = time.monotonic() + 250
        while time.monotonic() < deadline:
            with self.database.transaction() as connection:
                busy = connection.execute(
                    "SELECT 1 FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
                ).fetchone()
                ended = connection.execute("SELECT result FROM progress WHERE tenant = %s", [id]).fetchone()
            if not busy and ended:
                return str(ended["result"])
            time.sleep(0.05)
        raise AssertionError("the run did not end")

    def results(self) -> set[str]:
        families = text_string_to_metric_families(self.metrics.page().decode())
        [jobs] = [family for family in families if family.name == "pbx_connector_worker_jobs"]
        return {sample.labels["result"] for sample in jobs.samples if sample.name.endswith("_total") and sample.value}

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


class Tenants(RuleBasedStateMachine):
    """Three tenants over few connections, and what each should have."""

    fleet: Fleet
    tree: Callable[..., Path]
    running: Running

    @initialize(ids=st.lists(IDS, min_size=3, max_size=3))
    def add(self, ids: list[str]) -> None:
        for tenant in tenants.every(self.fleet):
            tenants.remove(self.fleet, tenant.id)
        self.ids = ids = [f"{id}-q{number}z" for number, id in enumerate(ids)]
        assert all(map(is_id, ids))
        self.names: list[set[str]] = [set(), set(), set()]
        self.published: list[set[str]] = [set(), set(), set()]
        for id in ids:
            tenants.add(self.fleet, id)
            tenants.set_secret(self.fleet, id, "token", f"secret of {id}", who="ann")
        self.run(0, ["Ann"])
        self.run_badly(1)

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
        assert set(MARK.findall(said)) <= {str(mine)}, said

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

    def run(self, mine: int, names: list[str]) -> None:
        self.publish(self.tree(self.ids[mine], *[marked(mine, name) for name in names]), mine)
        if self.running.run(self.ids[mine]) == Result.DONE:
            self.published[mine] = {marked(mine, name) for name in names}

    @rule(mine=WHICH, names=st.lists(NAMES, min_size=1, unique=True), well=st.booleans())
    def run_well_or_not(self, mine: int, names: list[str], well: bool) -> None:
        if well:
            self.run(mine, names)
        else:
            self.run_badly(mine)

    def run_badly(self, mine: int) -> None:
        """The error quotes what is the tenant's own, and so do log and history."""
        folder = self.tree(self.ids[mine], "Ann")
        (folder / self.ids[mine] / "staff.csv").write_text(f"Name;{marked(mine, 'Column')}\nAnn;1\n")
        self.publish(folder, mine)
        assert self.running.run(self.ids[mine]) == Result.PARTIAL

    def publish(self, folder: Path, mine: int) -> None:
        [planned] = publishing.publications(self.fleet, folder, only=[self.ids[mine]], who="ann")
        publishing.publish(self.fleet, planned)

    @rule(mine=WHICH, other=WHICH, sly=SLY)
    def ask_slyly(self, mine: int, other: int, sly: str) -> None:
        """By what is a value for us, and might be a statement for others."""
        text, written = self.filled(sly, other), self.filled(sly, mine)
        fields = {"display_name": f"{written} {marked(mine, 'sly')}"}
        with self.store(mine) as store:
            self.names[mine].add(fields["display_name"])
            store.add_entry(Content(None, fields))
            found = {entry.content.fields["display_name"] for asked in (text, written) for entry in store.search(asked)}
            assert found <= self.names[mine] | self.published[mine]
            assert store.shared_state(text) in ("", marked(mine, "state"))
            store.compare_and_set(written, store.shared_state(written), marked(mine, "state"))
        self.be_nobody(text)

    def be_nobody(self, id: str) -> None:
        """By an id that none is: no tenant, no run, and nothing of anybody changes."""
        with pytest.raises(UsageError):
            tenants.add(self.fleet, id)
        with pytest.raises(UsageError):
            registry.find(self.fleet.control, id)
        assert RunnableTenants(self.fleet).load(id) is None
        assert TenantVault(self.fleet.control, self.fleet.config.keys, id).secret("token") is None
        assert self.running.run(id) == Result.DROPPED
        with self.running.database.transaction() as connection:
            connection.execute("DELETE FROM progress WHERE tenant = %s", [id])

    def filled(self, sly: str, other: int) -> str:
        tenant = registry.find(self.fleet.control, self.ids[other])
        return sly.format(id=tenant.id, role=tenant.role, schema=tenant.schema)

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
                    found = [entry.content.fields["display_name"] for entry in store.search(f"q{other}z")]
                    assert set(found) <= self.names[mine] | self.published[mine]
            secret = TenantVault(self.fleet.control, self.fleet.config.keys, self.ids[mine]).secret("token")
            assert secret == f"secret of {self.ids[mine]}"

    @invariant()
    def lines_are_of_one_tenant_and_figures_of_none(self) -> None:
        for line in self.running.lines():
            of = line.get("tenant", "")
            if of in self.ids:
                self.is_mine(self.ids.index(of), json.dumps(line))
            elif not of:
                assert not MARK.search(json.dumps(line)), line
        page = self.running.metrics.page().decode()
        labels = [sample.labels for family in text_string_to_metric_families(page) for sample in family.samples]
        assert {name for one in labels for name in one} == {"queue", "result"}
        assert {value for one in labels for value in one.values()} <= {*map(str, Queue), *map(str, Result)}
        assert not MARK.search(page)

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


@pytest.fixture
def running(control_config: ControlConfig, plugins: Plugins) -> Iterator[Running]:
    """With its log lines as a worker writes them."""
    root = logging.getLogger()
    handlers, level, configured = root.handlers[:], root.level, structlog.get_config()
    with Fleet(control_config, plugins) as fleet:
        tenants.new_key(control_config.keys)
        fleet.phone_books = PhoneBooks(control_config.database, connections=5, patience=5)
        running = Running(fleet)
        set_up("json", running.log)
        try:
            with running:
                yield running
        finally:
            root.handlers[:], root.level = handlers, level
            structlog.configure(**configured)


@pytest.mark.timeout(900)  # runs one after the other: a busy machine takes minutes
def test_nothing_of_one_tenant_is_seen_at_another(running: Running, tree: Callable[..., Path]) -> None:
    class Machine(Tenants):
        pass

    Machine.fleet, Machine.tree, Machine.running = running.fleet, staticmethod(tree), running
    bounded = settings(
        max_examples=3,
        stateful_step_count=15,
        derandomize=True,
        database=None,
        phases=[Phase.generate],  # to make a failure small would take longer than a test may
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Machine, settings=bounded)
    assert running.results() >= {"done", "partial"}
    assert {line.get("tenant", "")[-3:] for line in running.lines()} & {"q0z", "q1z", "q2z"}


def test_a_store_error_is_what_a_foreign_schema_gives(control_config: ControlConfig, plugins: Plugins) -> None:
    """The machine above would not notice if its attempt failed for another reason."""
    with Fleet(control_config, plugins) as fleet:
        acme, _ = (tenants.add(fleet, id) for id in ("acme", "bolt"))
        database: Any = fleet.open_store(acme)._database  # type: ignore[attr-defined]
        with pytest.raises(StoreError, match="may not do that"), database.write() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM tenant_bolt.entry")
