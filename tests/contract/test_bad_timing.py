"""Deaths at the worst moment, on every store that outlives its process."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest
from sqlalchemy import update

from pbx_connector.model import Counts, Report, RunStatus
from pbx_connector.stores import Store
from pbx_connector.stores.sql.schema.tables import lease
from pbx_connector.stores.sql.store import SqlStore
from pbx_connector.testing import MemorySource

Run = Callable[..., Report]
pytestmark = pytest.mark.parametrize("store_url", ["sqlite", "postgres"], indirect=True)


def ended_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process.pid


def test_a_run_that_committed_has_given_its_lease_back(run: Run, source: MemorySource, store: Store) -> None:
    source.add("public").put("ann", display_name="Ann")
    run()
    with store.open_workspace("crm", "CRM", simulate=False) as workspace:
        workspace.settle()
        with workspace.plan_transaction(mirror=True, write=True) as decision:
            decision.apply(Report(workspace.run, "crm", RunStatus.DONE, Counts()))
        assert run().status is RunStatus.DONE


def test_a_run_that_was_recorded_as_failed_has_given_its_lease_back(
    run: Run, source: MemorySource, store: Store
) -> None:
    source.add("public").put("ann", display_name="Ann")
    with store.open_workspace("crm", "CRM", simulate=False) as workspace:
        workspace.fail(Report(workspace.run, "crm", RunStatus.FAILED, Counts()), "the source is down")
        assert run().status is RunStatus.DONE


def test_a_lease_that_outlived_its_recorded_run_blocks_nobody(run: Run, source: MemorySource, store: Store) -> None:
    source.add("public").put("ann", display_name="Ann")
    first = run()
    dead = json.dumps({"host": socket.gethostname(), "pid": ended_process()})
    assert isinstance(store, SqlStore)
    with store._database.write() as connection:
        connection.execute(update(lease).values(holder=dead))
    assert run().status is RunStatus.DONE
    assert [record.report.status for record in store.runs()] == [RunStatus.DONE, RunStatus.DONE]
    assert store.run(first.run).report == first
