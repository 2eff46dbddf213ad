"""Plans and runs on the pages: what waits first, release, undo, resume, and the history."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pbx_web.pages import runs
from pbx_web.permissions import Role

from pbx_connector.api import Counts, Report, RunStatus
from pbx_connector.stores import Store

from .conftest import PROFILE, ROWS, Running, Start
from .following import ended, ran
from .test_simulations import PRIVATE, PRIVATE_ROWS

MANY = ROWS + "".join(f"{number},Person {number},Firm,0301{number:06},B\n" for number in range(10, 40))


def write(running: Running, rows: str, profile: str = PROFILE) -> None:
    (running.profiles / "customers.csv").write_text(rows, encoding="utf-8")
    keyed = profile if "key:" in profile else profile.replace("customers.csv", "customers.csv\n  key: [Id]")
    (running.profiles / "customers.yaml").write_text(keyed, encoding="utf-8")


def history(client: httpx.Client, **asked: str) -> list[str]:
    return [one["run"] for one in client.get("/api/v1/runs", params=asked).json()["runs"]]


def test_a_refused_plan_stands_first_and_is_released_once(running: Running) -> None:
    write(running, MANY)
    with running.client(Role.RELEASER) as client, running.client(Role.EDITOR) as editor:
        ran(client)
        write(running, ROWS)
        refused = ran(client)
        plan = refused["result"].removeprefix("/plans/")
        assert refused["result"] == f"/plans/{plan}"
        [waiting] = client.get("/api/v1/runs").json()["waiting"]
        assert (waiting["plan"], bool(waiting["reasons"])) == (plan, True)
        page = client.get("/runs").text
        assert page.index("it would remove 30 entries") < page.index('id="history"')
        assert editor.post(f"/plans/{plan}/apply").status_code == 403
        assert "disabled" in editor.get(f"/plans/{plan}").text
        done = ran(client, f"/plans/{plan}/apply")
        assert done["result"].startswith("/runs/")
        assert client.get("/api/v1/runs").json()["waiting"] == []
        assert client.post(f"/plans/{plan}/apply").status_code == 409
        run = done["result"].removeprefix("/runs/")
        assert client.get(f"/api/v1/runs/{run}").json()["released"] is True
    assert running.store.count_entries() == 2
    [noted] = [one for one in running.store.audit() if one.action == "released"]
    assert (noted.target, noted.run, noted.detail["plan"]) == ("customers", run, plan)


def test_changes_of_a_run_are_seen_field_by_field_and_in_pages(running: Running) -> None:
    write(running, ROWS + "".join(f"{number},P {number},F,0301{number:06},B\n" for number in range(10, 240)))
    with running.client(Role.EDITOR) as editor, running.client(Role.RELEASER) as client:
        run = ran(client)["result"].removeprefix("/runs/")
        first = editor.get(f"/api/v1/runs/{run}").json()
        second = editor.get(f"/api/v1/runs/{run}", params={"skip": first["next"]}).json()
        third = editor.get(f"/api/v1/runs/{run}", params={"skip": second["next"]}).json()
        assert [len(page["changes"]) for page in (first, second, third)] == [100, 100, 32]
        assert third["next"] is None
        write(running, ROWS.replace("Lee GmbH", "Lee AG"))
        page = editor.get(f"/runs/{run}?skip=200").text
        assert "Firm" not in page
        assert "Previous page" in page


def test_an_undo_is_shown_before_it_is_made_and_leaves_what_changed_later(running: Running) -> None:
    write(running, ROWS)
    with running.client(Role.RELEASER) as client:
        first = ran(client)["result"]
        write(running, ROWS.replace("Lee GmbH", "Lee AG"))
        later = ran(client)["result"].removeprefix("/runs/")
        shown = client.get(f"/api/v1{first}/undo").json()
        assert (shown["changes"], [one["reason"] for one in shown["left"]]) == (1, [f"run {later} changed it later"])
        taken_back = [(one["action"], one["fields"]["display_name"]) for one in shown["taken_back"]]
        assert taken_back == [("remove", "Bob Ray")]
        page = client.get(f"{first}/undo").text
        assert f"run {later} changed it later" in page
        assert running.store.count_entries() == 2
        undone = ran(client, f"{first}/undo")
        assert running.store.count_entries() == 1
        assert client.get(undone["result"]).status_code == 200
        assert "undone by run" in client.get(first).text
        assert [one["id"] for one in client.get("/api/v1/runs").json()["held"]] == ["customers"]
        held = ran(client)
        assert (held["state"], "waits since undo" in held["error"]["message"]) == ("failed", True)
        assert client.post("/profiles/customers/resume").status_code == 303
        assert ran(client)["state"] == "done"
    assert running.store.count_entries() == 2
    actions = [one.action for one in running.store.audit()]
    assert {"undone", "resumed", "run"} <= {*actions}


@pytest.mark.parametrize("sees", [False, True])
def test_private_changes_are_a_number_to_who_may_not_see_them(start: Start, *, sees: bool) -> None:
    running = start(personal=["releaser"] if sees else [])
    write(running, PRIVATE_ROWS, PRIVATE)
    with running.client(Role.RELEASER) as client:
        run = ran(client)["result"]
        for path in (run, f"{run}/undo"):
            page, shown = client.get(path).text, client.get(f"/api/v1{path}").text
            assert "Ann Lee" in page
            assert ("Secret Friend" in page, "Secret Friend" in shown) == (sees, sees)
            assert ("2 private contacts of account ann" in page) is not sees
            assert ('"hidden":2' in shown) is not sees


def test_problems_name_the_contact_and_say_what_to_do(running: Running) -> None:
    write(running, ROWS.replace("Ann Lee", ""))
    with running.client(Role.RELEASER) as client:
        assert "It has not run yet." in client.get("/profiles/customers/problems").text
        ran(client)
        [problem] = client.get("/api/v1/profiles/customers/problems").json()["problems"]
        assert problem["contact"]
        page = client.get("/profiles/customers/problems").text
        assert problem["message"].split("{")[0][:20] in page
        assert client.get("/profiles/nobody/problems").status_code == 404


def test_of_a_long_id_the_page_has_the_end_and_its_json_all(running: Running) -> None:
    id = "AAMkAGI2NGVhZTVlLTI1OGMtNDI4My1iZmE5LTA5OGJiZGEzMTc0YQ"
    keyed = PRIVATE.replace("  account: Owner\n", "").replace('{{local_id}}"', '"')
    write(running, f"Id,Name,Company,Phone,Class\n{id},,Lee GmbH,030 1234567,A\n", keyed)
    with running.client(Role.RELEASER) as client:
        ran(client)
        [problem] = client.get("/api/v1/profiles/customers/problems").json()["problems"]
        page = client.get("/profiles/customers/problems").text
    assert id in problem["where"]
    assert id not in page
    assert f"…{id[-12:]}" in page


def test_a_run_without_its_file_is_not_said_to_have_no_problem(running: Running) -> None:
    write(running, ROWS)
    with running.client(Role.RELEASER) as client:
        ran(client)
        assert "There is none." in client.get("/profiles/customers/problems").text
        (running.profiles / "customers.csv").unlink()
        ran(client)
        page = client.get("/profiles/customers/problems").text
        assert "There is none." not in page
        assert "that run did not go well" in page


def test_the_history_is_filtered_and_paged_by_run(running: Running) -> None:
    write(running, ROWS)
    with running.client(Role.RELEASER) as client:
        first = ran(client)["result"].removeprefix("/runs/")
        idle = ran(client)["result"].removeprefix("/runs/")
        assert idle not in history(client)
        assert idle in history(client, all="yes")
        assert history(client, profile="customers", kind="run", status="done") == [first]
        assert history(client, kind="accounts") == ["1"]
        assert history(client, before=first) == ["1"]
        assert history(client, until="2d") == []
        assert first in history(client, since="1d")
        page = client.get("/runs", params={"since": "<b>yesterday"})
        assert (page.status_code, "&lt;b&gt;yesterday" in page.text, "is no moment" in page.text) == (200, True, True)
        for nonsense in ("x", "-1", "9" * 30, "' OR 1=1"):
            asked = {"before": nonsense, "kind": nonsense, "status": nonsense}
            assert client.get("/runs", params=asked).status_code == 200


def fill(store: Store, many: int) -> None:
    """A history of so many runs that changed nothing, an hour each."""
    from pbx_connector.stores import RunKind
    from pbx_connector.stores.sql.counters import take
    from pbx_connector.stores.sql.history.records import record_run

    database: Any = store._database  # type: ignore[attr-defined]
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    with database.write() as connection:
        last = take(connection, "run", many)
        for number in range(many):
            started = begun + timedelta(hours=number)
            report = Report(str(last + 1 + number), "customers", RunStatus.DONE, Counts(rows=5), started=started)
            record_run(connection, database.dialect, report, kind=RunKind.RUN)


def test_thousands_of_runs_that_changed_nothing_are_looked_through_in_parts(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "LOOK_AT", 1_000)
    fill(running.store, 2_500)
    with running.client(Role.EDITOR) as client:
        began = time.process_time()
        page = client.get("/api/v1/runs").json()
        assert time.process_time() - began < 5
        assert (page["runs"], page["hidden"]) == ([], 1_000)
        seen = 0
        while page["next"]:
            page = client.get("/api/v1/runs", params={"before": page["next"]}).json()
            seen += 1
        assert (seen, [one["kind"] for one in page["runs"]]) == (2, ["accounts"])
        assert len(history(client, all="yes")) == 50


def test_a_run_needs_a_profile_that_can_be_used(running: Running) -> None:
    (running.profiles / "customers.yaml").write_text("title: x", encoding="utf-8")
    with running.client(Role.RELEASER) as client:
        answer = client.post("/api/v1/profiles/customers/run")
        assert answer.status_code == 409
        assert "error" in answer.json()["error"]["message"]
        (running.profiles / "customers.yaml").unlink()
        assert client.post("/profiles/customers/run").status_code == 404


def test_a_full_run_is_made_and_noted(running: Running) -> None:
    with running.client(Role.RELEASER) as client:
        job = client.post("/api/v1/profiles/customers/run", data={"full": "yes"}).json()["job"]
        assert ended(client, job)["state"] == "done"
    [noted] = [one for one in running.store.audit() if one.action == "run"]
    assert noted.detail == {"status": "done", "full": "yes"}
