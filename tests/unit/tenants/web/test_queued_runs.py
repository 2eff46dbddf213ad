"""A run that is asked for in the pages of a tenant waits for a worker, is followed, and can be given up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from tenant_pages import Pages

from pbx_connector.api import Role
from pbx_connector.application import tenants
from pbx_connector.application.fleet import RunnableTenants
from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.heart import Heart
from pbx_connector.engine.worker import Worker, WorkerSettings


@contextmanager
def worker(pages: Pages) -> Iterator[None]:
    database, stop = EngineDatabase(pages.fleet.config.database), threading.Event()
    made = Worker(database, RunnableTenants(pages.fleet), WorkerSettings(dispatch=False))
    thread = threading.Thread(target=made.run, args=[stop])
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)
        database.close()


@contextmanager
def idle_worker(pages: Pages) -> Iterator[None]:
    """One that lives, and takes nothing."""
    database = EngineDatabase(pages.fleet.config.database)
    heart = Heart(database, places=1)
    heart.beat()
    yield
    heart.stop()
    database.close()


def eventually(look: Callable[[], str], wanted: str) -> str:
    until = time.monotonic() + 60
    while not (found := look()).startswith(wanted):
        assert time.monotonic() < until, found
        time.sleep(0.2)
    return found


def test_a_run_waits_for_a_worker_and_is_followed_to_what_it_came_to(pages: Pages) -> None:
    with pages.client("acme", Role.RELEASER) as client:
        asked = client.post("/profiles/staff/run", data={"full": "yes"})
        followed = asked.headers["location"]
        assert followed == "/profiles/staff/queued?after=0"
        page = client.get(followed)
        assert "No worker has been there to make it since " in page.text
        said = client.get(f"/api/v1{followed}").json()
        assert (said["state"], bool(said["unserved_since"])) == ("waiting", True)
        with idle_worker(pages):
            assert "It is the next one for a worker." in client.get(followed).text
            assert client.get(f"/api/v1{followed}").json()["unserved_since"] is None
        with worker(pages):
            run = eventually(lambda: client.get(followed).headers.get("location", ""), "/runs/")
        assert client.get(run).status_code == 200
        assert pages.store("acme").count_entries() == 2
        assert pages.store("bolt").count_entries() == 0
        events = client.get(followed.replace("queued", "queued/events")).text
        assert f'"to": "{run}"' in events
        assert [each.action for each in pages.store("acme").audit(limit=1)] == ["run"]


def test_a_run_that_waits_is_given_up(pages: Pages) -> None:
    with pages.client("acme", Role.RELEASER) as acme, pages.client("bolt", Role.RELEASER) as bolt:
        for client in (acme, bolt):
            client.post("/profiles/staff/run")
        assert acme.post("/profiles/staff/queued/cancel").status_code == 303
        stages = [client.get("/api/v1/profiles/staff/queued").json()["state"] for client in (acme, bolt)]
        assert stages == ["over", "waiting"]
        assert "No run of it waits." in acme.get("/profiles/staff/queued").text
    with pages.client("acme", Role.EDITOR) as editor:
        assert editor.post("/profiles/staff/run").status_code == 403
        assert editor.post("/profiles/staff/queued/cancel").status_code == 403


def test_a_suspended_phone_system_is_not_run(pages: Pages) -> None:
    tenants.suspend(pages.fleet, "acme")
    pages.systems.forget("acme")
    with pages.client("acme", Role.RELEASER) as client:
        assert client.post("/profiles/staff/run").status_code == 400


def test_no_plan_of_a_suspended_phone_system_is_applied(pages: Pages) -> None:
    with pages.client("acme", Role.RELEASER) as client:
        job = client.post("/profiles/staff/simulate").headers["location"]
        found = eventually(lambda: client.get(job).headers.get("location", ""), "/simulations/")
        plan = client.post(f"{found}/save").headers["location"]
        tenants.suspend(pages.fleet, "acme")
        pages.systems.forget("acme")
        for path in (f"{plan}/apply", f"{found}/run"):
            answer = client.post(path)
            assert (answer.status_code, "is suspended" in answer.text) == (400, True), path
    assert pages.store("acme").count_entries() == 0


@pytest.mark.parametrize("state", ["quarantined", "paused"])
def test_what_workers_do_not_run_any_more_is_let_run_by_a_word(pages: Pages, state: str) -> None:
    with psycopg.connect(pages.fleet.config.database) as connection:
        connection.execute(
            "UPDATE pbx_control.schedule SET state = %s, reason = '3 workers died' WHERE tenant = 'acme'", [state]
        )
    with pages.client("acme", Role.RELEASER) as client:
        assert "3 workers died" in client.get("/").text
        assert client.post("/overview/resume", data={"profile": "staff"}).status_code == 303
        assert "3 workers died" not in client.get("/").text
    (row,) = tenants.details(pages.fleet, "acme").schedules
    assert row.state == "ready"


def test_simulations_and_their_plans_are_the_tenants_own(pages: Pages) -> None:
    with pages.client("acme", Role.RELEASER) as acme, pages.client("bolt", Role.RELEASER) as bolt:
        job = acme.post("/profiles/staff/simulate").headers["location"]
        found = eventually(lambda: acme.get(job).headers.get("location", ""), "/simulations/")
        assert "Ann" in acme.get(found).text
        for path in (job, found, f"{job}/events"):
            assert bolt.get(path).status_code == 404
        assert bolt.post(f"{found}/run").status_code == 404
        saved = acme.post(f"{found}/save")
        plan = saved.headers["location"]
        assert bolt.get(plan).status_code == 404
        applied = acme.post(f"{plan}/apply").headers["location"]
        eventually(lambda: acme.get(applied).headers.get("location", ""), "/runs/")
        assert pages.store("acme").count_entries() == 2
