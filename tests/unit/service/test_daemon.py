"""The whole service, and bad luck of every kind."""

from __future__ import annotations

import io
import json
import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import structlog

from pbx_connector.api import (
    Config,
)
from pbx_connector.engine.in_process import InProcessEngine, Run
from pbx_connector.errors import EXIT_DONE, EXIT_UNREACHABLE
from pbx_connector.logs import set_up
from pbx_connector.plugins import GROUP, Plugins
from pbx_connector.service import daemon
from pbx_connector.service.daemon import Service

from .conftest import PATIENCE, World, eventually


def test_a_folder_that_is_missing_is_waited_for(world: World) -> None:
    service = world.start()
    assert eventually(lambda: service.health()[1]["folder"]["trouble"])
    assert service.health()[0] is False
    world.drop("crm")
    assert eventually(lambda: service.health()[0])
    assert eventually(lambda: world.ran("crm"))


def test_a_store_that_is_unreachable_at_start_is_waited_for_and_the_run_made_once(world: World) -> None:
    world.drop("crm")
    world.store.rmdir()
    service = world.start()
    assert eventually(lambda: world.status("crm"))
    assert service.health()[0] is False
    world.ahead = timedelta(hours=1)
    time.sleep(0.3)
    assert world.opened == []
    world.store.mkdir()
    assert eventually(lambda: world.ran("crm"))
    assert service.health()[0] is True
    assert world.opened == ["crm"]


def test_a_run_that_hangs_is_told_and_holds_up_nobody_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "HUNG_GRACE", timedelta(0))
    world.blocked["hangs"] = threading.Event()
    world.drop("hangs")
    world.start(run_within="1s")
    assert eventually(lambda: world.status("hangs").get("running"))
    world.drop("other")
    assert eventually(lambda: world.ran("other"))
    assert eventually(lambda: world.status("hangs")["hung"])
    assert eventually(lambda: ("hangs", "failing") in world.told)
    world.blocked["hangs"].set()
    assert eventually(lambda: not world.status("hangs")["hung"])


def test_a_run_that_ends_just_as_it_is_left_behind_is_not_shown_as_one_that_hangs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "HUNG_GRACE", timedelta(0))
    world.blocked["late"] = threading.Event()
    world.drop("late")
    leave_behind, left = InProcessEngine.leave_behind, list[bool]()

    def at_its_end(engine: InProcessEngine, run: Run) -> bool:
        world.blocked["late"].set()
        assert eventually(lambda: run not in engine.running())
        left.append(leave_behind(engine, run))
        return left[-1]

    monkeypatch.setattr(InProcessEngine, "leave_behind", at_its_end)
    world.start(run_within="1s")
    assert eventually(lambda: left)
    world.drop("other")
    assert eventually(lambda: world.ran("other"))
    assert not any(left)  # a slow machine leaves the other one behind as well
    assert not world.status("late")["hung"]


def test_a_run_whose_time_is_up_ends_in_the_middle_of_many_slow_rows(world: World) -> None:
    world.slow.add("slow")
    world.drop("slow")
    world.start(run_within="8s")
    assert eventually(lambda: ("slow", "failing") in world.told)
    assert 0 < world.slow_rows < 950, "it was read to the end of a batch"


def test_too_many_hanging_runs_end_the_service_for_its_supervisor(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "HUNG_GRACE", timedelta(0))
    monkeypatch.setattr(daemon, "MOST_HUNG", 2)
    for name in ("a", "b"):
        world.blocked[name] = threading.Event()
        world.drop(name)
    world.start(run_within="1s")
    assert eventually(lambda: world.code is not None)
    assert world.code == EXIT_UNREACHABLE
    assert world.service is not None
    assert sorted(run.job.profile for run in world.service.abandoned) == ["a", "b"], (
        "the process waits for none of them"
    )


def test_a_first_run_that_takes_long_holds_up_no_profile_that_ran_before(world: World) -> None:
    world.drop("old")
    world.start(parallel=2)
    assert eventually(lambda: world.ran("old"))
    for name in ("new", "newer"):
        world.blocked[name] = threading.Event()
        world.drop(name)
    assert eventually(lambda: len(world.opened) == 2)
    world.ahead = timedelta(hours=1, minutes=1)
    assert eventually(lambda: world.opened.count("old") == 2)
    assert len(world.opened) == 3
    for event in world.blocked.values():
        event.set()
    assert eventually(lambda: world.ran("new") and world.ran("newer"))


def test_a_profile_whose_last_run_failed_is_not_taken_for_a_new_one(world: World) -> None:
    world.drop("old")
    world.start(parallel=2)
    assert eventually(lambda: world.ran("old"))
    world.down.add("old")
    world.ahead = timedelta(hours=1, minutes=1)
    assert eventually(lambda: world.status("old")["last_run"]["status"] == "failed")
    world.blocked["new"] = threading.Event()
    world.drop("new")
    assert eventually(lambda: "new" in world.opened)
    world.ahead = timedelta(hours=2, minutes=2)
    assert eventually(lambda: world.opened.count("old") == 3)


def test_a_source_that_says_when_to_come_back_is_not_asked_before(world: World) -> None:
    world.down.add("busy")
    world.later["busy"] = 600
    world.drop("busy", every="10s")
    world.start()
    assert eventually(lambda: world.ran("busy") and not world.status("busy")["running"])
    assert eventually(lambda: _time_left(world, "busy") > timedelta(minutes=9))
    assert _time_left(world, "busy") <= timedelta(minutes=10)


def test_a_clock_that_is_set_forward_makes_what_it_skipped_up_once(world: World) -> None:
    world.drop("crm", every="1h")
    world.start()
    assert eventually(lambda: world.ran("crm"))
    world.ahead = timedelta(hours=5)
    assert eventually(lambda: len(world.opened) == 2)
    time.sleep(0.5)
    assert len(world.opened) == 2


def _time_left(world: World, name: str = "crm") -> timedelta:
    """None left where nothing is due yet, as while it runs."""
    due = world.status(name)["next"]
    return datetime.fromisoformat(due) - world.clock() if due else timedelta(0)


@pytest.mark.parametrize("back", [1, 4, 30 * 24])
@pytest.mark.parametrize("restart", [False, True])
def test_after_a_clock_was_set_back_a_schedule_goes_on_from_when_that_was_seen(
    world: World, back: int, restart: bool
) -> None:
    world.drop("crm")
    world.start()
    assert eventually(lambda: world.ran("crm") and not world.status("crm")["running"])
    world.ahead = timedelta(hours=-back)
    if restart:
        world.restart()
    assert eventually(lambda: world.status("crm").get("set_back"))
    assert eventually(lambda: timedelta(minutes=59) < _time_left(world) <= timedelta(hours=1))
    due = world.status("crm")["next"]
    world.ahead += timedelta(minutes=50)
    if restart:
        world.restart()
    assert eventually(lambda: world.status("crm").get("next") == due), "it does not slide"
    world.ahead += timedelta(minutes=11)
    assert eventually(lambda: len(world.opened) == 2)
    assert eventually(lambda: not world.status("crm")["set_back"])


def test_a_file_from_the_future_does_not_keep_a_profile_from_its_first_run(world: World) -> None:
    world.drop("crm")
    file = world.profiles / "crm.yaml"
    file.write_text(file.read_text().replace("{every: 1h}", '"0 * * * *"'))
    world.ahead = timedelta(days=-30, minutes=30 - datetime.now(UTC).minute)  # far from any full hour
    world.start(jitter="0s")
    assert eventually(lambda: world.status("crm").get("next"))
    assert not world.opened
    world.ahead += timedelta(hours=1, minutes=1)
    assert eventually(lambda: world.ran("crm"))


def test_after_a_restart_what_was_done_is_not_done_again(world: World) -> None:
    world.drop("crm", every="1h")
    world.start()
    assert eventually(lambda: world.ran("crm"))
    world.end()
    assert world.code == EXIT_DONE
    world.stop = threading.Event()
    world.start()
    assert eventually(lambda: world.ran("crm"))
    time.sleep(0.5)
    assert world.opened == ["crm"]


def test_a_run_that_was_missed_while_the_service_was_down_is_made_up_for_once(world: World) -> None:
    world.drop("crm", every="1h")
    world.start()
    assert eventually(lambda: world.ran("crm"))
    world.end()
    world.ahead = timedelta(hours=7)
    world.stop = threading.Event()
    world.start()
    assert eventually(lambda: len(world.opened) == 2)
    time.sleep(0.5)
    assert len(world.opened) == 2


def test_every_line_of_a_run_names_profile_and_run_and_no_contact(world: World) -> None:
    root, lines = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    set_up("json", lines)
    try:
        for name in ("a", "b"):
            world.drop(name)
        world.start(parallel=2)
        assert eventually(lambda: world.ran("a") and world.ran("b"))
        world.end()
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
    logged = [json.loads(line) for line in lines.getvalue().splitlines()]
    of_runs = {"run begins", "slow answer", "run ended"}
    told = sorted((line["profile"], line["run"], line["event"]) for line in logged if line["event"] in of_runs)
    events = ["run begins", "run ended", "slow answer", "slow answer"]
    runs = {profile: run for profile, run, _ in told}
    assert told == [(name, runs[name], event) for name in ("a", "b") for event in events]
    assert runs["a"] != runs["b"]
    assert not any(name in lines.getvalue() for name in ("Ann", "Bob"))


def test_what_a_source_warns_of_is_logged_with_each_run(world: World) -> None:
    with structlog.testing.capture_logs() as lines:
        for name in ("safe", "unsafe"):
            world.drop(name)
        world.start()
        assert eventually(lambda: world.ran("safe") and world.ran("unsafe"))
        world.end()
    (warned,) = [line for line in lines if line["event"] == "run warned"]
    assert (warned["code"], warned["reason"], warned["hint"]) == ("T001", "the settings are unsafe", "make them safe")


def test_a_service_that_has_nobody_to_tell_says_so_at_its_start(tmp_path: Path) -> None:
    mail = {"host": "mail.example", "sender": "pbx@x.example", "to": "ann@x.example"}
    for settings, warned in (({}, 1), ({"mail": mail}, 0)):
        config = Config.model_validate({"profiles": str(tmp_path), "service": {"listen": "off"}} | settings)
        shipped = Plugins([EntryPoint("mail", "pbx_connector.notifiers.mail", GROUP)])
        stop = threading.Event()
        stop.set()
        with structlog.testing.capture_logs() as lines:
            Service(config, shipped, f"sqlite:///{tmp_path}/book.sqlite").run(stop)
        assert sum("nobody hears of failures" in line["event"] for line in lines) == warned


def test_a_notifier_that_hangs_holds_up_no_run_and_loses_no_message(world: World) -> None:
    world.listens.clear()
    world.down.add("bad")
    world.drop("bad")
    world.start()
    assert world.notifying.wait(PATIENCE)
    world.drop("good")
    assert eventually(lambda: world.ran("good"))
    for number in range(3):
        world.down.add(f"bad{number}")
        world.drop(f"bad{number}")
    assert eventually(lambda: all(world.ran(f"bad{number}") for number in range(3)))
    assert world.told == []
    world.listens.set()
    failing = [("bad", "failing"), ("bad0", "failing"), ("bad1", "failing"), ("bad2", "failing")]
    assert eventually(lambda: sorted(world.told) == failing)
    world.end()
    world.stop = threading.Event()
    world.start()
    assert eventually(lambda: world.ran("bad2"))
    time.sleep(0.5)
    assert sorted(world.told) == failing


def test_a_profile_without_a_schedule_is_shown_and_not_run(world: World) -> None:
    world.drop("crm")
    path = world.profiles / "crm.yaml"
    path.write_text(path.read_text().replace("schedule: {every: 1h}\n", ""))
    world.start()
    assert eventually(lambda: world.status("crm"))
    time.sleep(0.5)
    assert world.opened == []
    assert world.status("crm")["schedule"] is None


def test_threads_end_with_the_service(world: World) -> None:
    world.drop("crm")
    before = threading.active_count()
    world.start()
    assert eventually(lambda: world.ran("crm"))
    world.end()
    assert eventually(lambda: threading.active_count() <= before)
