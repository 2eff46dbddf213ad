"""Long work: how far it is, who may look, how it is stopped, and what is left of it."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import own_loop
import pytest
from pbx_web import jobs
from pbx_web.jobs import Job, JobKind, Jobs, JobState, TooManyJobs
from pbx_web.language import language
from pbx_web.pages import jobs as pages
from pbx_web.permissions import Role
from pbx_web.scratch import Scratch
from playwright.sync_api import expect

from pbx_connector.api import RunStatus

from .conftest import Running, Visit
from .following import ended, ran, simulated
from .slow_source import PROFILE, SlowSource


@pytest.fixture
def slow(running: Running) -> Iterator[SlowSource]:
    source = SlowSource()
    running.server.site.installation.plugins.sources["slow"] = source.type
    (running.profiles / "slow.yaml").write_text(PROFILE, encoding="utf-8")
    yield source
    source.go_on.set()


def begun(client: httpx.Client, path: str = "/profiles/slow/simulate") -> str:
    job: str = client.post(f"/api/v1{path}").raise_for_status().json()["job"]
    return job


def events(client: httpx.Client, job: str) -> Iterator[dict[str, Any]]:
    with client.stream("GET", f"/jobs/{job}/events", timeout=100) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


def wait(until: Any) -> None:
    end = time.monotonic() + 100
    while not until():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_how_far_it_is_is_told_as_it_happens_and_the_last_event_leads_on(running: Running, slow: SlowSource) -> None:
    with running.client(Role.EDITOR) as client:
        job = begun(client)
        told = events(client, job)
        assert next(told)["state"] == "running"
        page = client.get(f"/jobs/{job}")
        assert (page.status_code, f'data-job="/jobs/{job}/events"' in page.text) == (200, True)
        assert '<meta http-equiv="refresh"' in page.text
        slow.go_on.set()
        *_, last = told
        assert (last["state"], last["to"]) == ("done", f"/jobs/{job}")
        assert client.get(f"/api/v1/simulations/{job}").json()["counts"]["added"] == 10


def test_a_simulation_is_cancelled_at_once_and_leaves_nothing(running: Running, slow: SlowSource) -> None:
    with running.client(Role.EDITOR) as client:
        job = begun(client)
        assert slow.begun.wait(100)
        assert client.post(f"/jobs/{job}/cancel").status_code == 303
        assert ended(client, job)["state"] == "cancelled"
        assert client.get(f"/jobs/{job}").status_code == 200
        assert client.get(f"/simulations/{job}").status_code == 404


def test_a_run_that_is_cancelled_changed_nothing_and_says_so_in_the_history(running: Running, slow: SlowSource) -> None:
    with running.client(Role.RELEASER) as client:
        job = begun(client, "/profiles/slow/run")
        assert slow.begun.wait(100)
        client.post(f"/jobs/{job}/cancel")
        assert ended(client, job)["state"] == "cancelled"
    record = next(running.store.runs("slow"))
    assert (record.report.status, record.note) == (RunStatus.FAILED, "it was cancelled; nothing was changed")
    assert running.store.count_entries() == 0


def test_jobs_of_others_are_none_except_for_admins(running: Running, slow: SlowSource) -> None:
    with (
        running.client(Role.EDITOR) as editor,
        running.client(Role.RELEASER) as other,
        running.client(Role.ADMIN) as admin,
    ):
        job = begun(editor)
        for path in (f"/jobs/{job}", f"/jobs/{job}/events", f"/api/v1/jobs/{job}"):
            assert other.get(path).status_code == 404
        assert other.post(f"/jobs/{job}/cancel").status_code == 404
        assert admin.get(f"/jobs/{job}").status_code == 200
        slow.go_on.set()
        assert ended(editor, job)["state"] == "done"
        assert other.get(f"/simulations/{job}").status_code == 404
        assert other.post(f"/simulations/{job}/save").status_code == 404
        assert admin.get(f"/simulations/{job}").status_code == 200


def test_following_ends_with_the_session_and_the_job_goes_on(
    running: Running, slow: SlowSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "SESSION", 0.1)
    with running.client(Role.EDITOR) as client, running.client(Role.EDITOR) as again:
        job = begun(client)
        told = events(client, job)
        assert next(told)["state"] == "running"
        for session in running.store.sessions("editor"):
            running.store.end_session(session.digest)
        assert all(one["state"] == "running" for one in told)
        assert client.get(f"/jobs/{job}").headers["location"].startswith("/login")
        assert again.get(f"/jobs/{job}").status_code == 303
    slow.go_on.set()
    with running.client(Role.EDITOR) as later:
        assert ended(later, job)["state"] == "done"
        assert f"/jobs/{job}" in later.get("/profiles/slow/simulate").text


def test_a_simulation_that_nobody_looks_at_is_cancelled_and_a_run_goes_on(
    running: Running, slow: SlowSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "UNSEEN", 0.3)
    with running.client(Role.RELEASER) as client:
        simulation, run = begun(client), begun(client, "/profiles/slow/run")
        held = running.server.site.jobs
        wait(lambda: (found := held.job(simulation)) is not None and found.is_over)
        time.sleep(0.4)
        slow.go_on.set()
        assert ended(client, simulation)["state"] == "cancelled"
        assert ended(client, run)["state"] == "done"
    assert running.store.count_entries() == 10


def test_of_two_who_run_a_profile_one_wins_and_the_other_is_told(running: Running, slow: SlowSource) -> None:
    with running.client(Role.RELEASER) as first, running.client(Role.ADMIN) as second:
        job = begun(first, "/profiles/slow/run")
        told = second.post("/profiles/slow/run")
        assert (told.status_code, "releaser is changing" in told.text) == (409, True)
        slow.go_on.set()
        assert ended(first, job)["result"].startswith("/runs/")


def test_a_profile_that_a_service_runs_just_now_is_busy(running: Running, slow: SlowSource) -> None:
    with running.client(Role.RELEASER) as client, running.store.open_workspace("slow", "Slow", simulate=False):
        failed = ran(client, "/profiles/slow/run")
        assert failed["state"] == "failed"
        assert "is going on" in failed["error"]["message"]
        assert failed["error"]["hint"]


def test_only_so_many_run_at_once(running: Running, slow: SlowSource) -> None:
    for name in ("two", "three"):
        (running.profiles / f"{name}.yaml").write_text(PROFILE, encoding="utf-8")
    with running.client(Role.EDITOR) as client:
        first, _ = begun(client), begun(client, "/profiles/two/simulate")
        refused = client.post("/api/v1/profiles/three/simulate")
        assert refused.status_code == 409
        assert refused.json()["error"]["hint"]
        client.post(f"/jobs/{first}/cancel")
        ended(client, first)
        third = begun(client, "/profiles/three/simulate")
        slow.go_on.set()
        assert ended(client, third)["state"] == "done"


def test_a_source_that_is_unreachable_and_a_store_that_goes_are_said(running: Running, slow: SlowSource) -> None:
    slow.down = True
    with running.client(Role.RELEASER) as client:
        failed = ended(client, begun(client))
        assert (failed["state"], failed["error"]["message"]) == ("failed", "the source is unreachable")
        page = client.get(f"/jobs/{failed['job']}")
        assert "the source is unreachable" in page.text
        slow.down = False
        job = begun(client, "/profiles/slow/run")
        assert slow.begun.wait(100)
        running.failing = True
        assert client.get("/runs").status_code == 503
        running.failing = False
        slow.go_on.set()
        assert ended(client, job)["state"] == "done"


def test_a_job_that_ends_while_it_is_told_of_is_told_of_once_more(running: Running, tmp_path: Path) -> None:
    job = Job(kind=JobKind.RUN, profile="slow", title="Slow", owner="ann", started=datetime.now(UTC), folder=tmp_path)
    ask = SimpleNamespace(language=language("en"), site=running.server.site)

    async def told() -> list[str]:
        following = pages._followed(ask, job)  # type: ignore[arg-type]  # of which no more is asked
        first = await anext(following)
        job.state = JobState.DONE
        return [first, *[event async for event in following]]

    reports = [json.loads(event.removeprefix("data: ")) for event in own_loop.run(told())]
    assert [(report["state"], report["to"]) for report in reports] == [("running", None), ("done", f"/jobs/{job.id}")]


def test_when_the_pages_stop_nothing_goes_on_and_nothing_stays(
    running: Running, slow: SlowSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pbx_web.jobs.LEAVE", 100.0)
    with running.client(Role.RELEASER) as client:
        simulated_job = begun(client)
        wait(slow.begun.is_set)
        slow.begun.clear()
        run = begun(client, "/profiles/slow/run")
        wait(slow.begun.is_set)
        held = running.server.site.jobs
        found = [job for id in (simulated_job, run) if (job := held.job(id))]
        held.stop()
    assert [job.is_over for job in found] == [True, True]
    assert not any(job.folder.exists() for job in found)
    assert next(running.store.runs("slow")).report.status is RunStatus.FAILED


def test_what_is_found_out_is_for_its_owner_alone_and_goes_with_the_job(running: Running) -> None:
    with running.client(Role.EDITOR) as client:
        made = [simulated(client) for _ in range(jobs.MOST_KEPT_OF_ONE_USER + 1)]
        kept = running.server.site.jobs.job(made[-1])
        assert kept is not None
        for folder in (kept.folder, kept.folder.parent, kept.folder.parent.parent):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert client.get(f"/simulations/{made[0]}").status_code == 404
        assert client.get(f"/simulations/{made[-1]}").status_code == 200
        assert len([one for one in kept.folder.parent.iterdir() if one.is_dir()]) == jobs.MOST_KEPT_OF_ONE_USER


KILLED = """
import sys
from pathlib import Path
from pbx_web.scratch import Scratch
from playwright.sync_api import expect
made = Scratch(Path(sys.argv[1])).folder("job")
(made / "records.sqlite").write_text("contacts")
print(made, flush=True)
sys.stdin.read()
"""


def test_what_a_killed_process_left_goes_at_the_next_start_and_what_a_living_one_has_stays(tmp_path: Path) -> None:
    parent = tmp_path / "scratch"
    command = [sys.executable, "-c", KILLED, str(parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        first = Scratch(parent)
        first.folder("mine")
        assert left.exists()
        os.kill(process.pid, signal.SIGKILL)
    second = Scratch(parent)
    mine = second.folder("mine")
    assert not left.parent.exists()
    assert mine.exists()
    first.close()
    second.close()
    assert list(parent.iterdir()) == []


def test_a_folder_that_somebody_else_prepared_is_not_used(tmp_path: Path) -> None:
    parent = tmp_path / "scratch"
    parent.mkdir(mode=0o777)
    parent.chmod(0o777)
    made = Scratch(parent).folder("job")
    assert parent not in made.parents
    parent.rmdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    parent.symlink_to(tmp_path / "elsewhere")
    assert parent.resolve() not in Scratch(parent).folder("job").resolve().parents


def test_a_bug_in_work_is_said_and_logged_without_what_it_worked_on(tmp_path: Path) -> None:
    held = Jobs(lambda: datetime.now(UTC), Scratch(tmp_path / "scratch"))

    def work(job: Job) -> None:
        raise ZeroDivisionError

    job = held.start(JobKind.SIMULATE, "crm", "CRM", "ann", work)
    wait(lambda: job.is_over)
    assert job.failure is not None
    assert job.failure.is_bug
    held.stop()


def test_a_job_is_followed_without_scripts(slow: SlowSource, running: Running, visit: Visit) -> None:
    page = visit(Role.EDITOR, java_script_enabled=False).page()
    page.goto("/profiles/slow/simulate")
    page.get_by_role("button", name="Simulate").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    threading.Timer(1.0, slow.go_on.set).start()
    page.wait_for_url("**/simulations/**")
    expect(page.get_by_role("heading", name="Simulation of Slow")).to_be_visible()
    page.get_by_label("Search in the records").fill("person 7")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator("table.changes tbody tr")).to_have_count(1)


def test_sites_of_one_process_share_places_and_give_them_back() -> None:
    total = threading.BoundedSemaphore(1)
    one, other = (Jobs(lambda: datetime.now(UTC), total=total) for _ in range(2))
    goes_on = threading.Event()
    job = one.start(JobKind.SIMULATE, "staff", "Staff", "ann", lambda _: goes_on.wait(100))
    with pytest.raises(TooManyJobs):
        other.start(JobKind.SIMULATE, "staff", "Staff", "bob", lambda _: None)
    goes_on.set()
    assert job.thread
    job.thread.join(100)
    ended = other.start(JobKind.SIMULATE, "staff", "Staff", "bob", lambda _: None)
    assert ended.thread
    ended.thread.join(100)
    one.stop()
    other.stop()
    assert total.acquire(blocking=False)
