"""The whole service in this process, with a source that a test holds in its hand, and bad luck of every kind."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
import time
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import BaseModel, ConfigDict

from pbx_connector.api import (
    Book,
    Config,
    FieldSet,
    Notice,
    Problem,
    Report,
    Row,
    SourceContext,
    SourceType,
    StreamItem,
    hookimpl,
)
from pbx_connector.errors import EXIT_DONE, EXIT_UNREACHABLE, SourceUnavailable
from pbx_connector.logs import set_up
from pbx_connector.plugins import GROUP, Plugins
from pbx_connector.run import pipeline
from pbx_connector.service import daemon, folder_watch
from pbx_connector.service.daemon import Service
from pbx_connector.testing import MemorySource

PROFILE = """\
title: {name}
source: hand
settings: {{name: {name}}}
schedule: {{every: {every}}}
structure: {{phonebook: [{{028pho_bez: "{{{{display_name}}}} {name}"}}]}}
"""
PATIENCE = 100.0


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str


def _warn(settings: Settings) -> Iterator[Problem]:
    if settings.name == "unsafe":
        yield Problem("T001", "the settings are unsafe", "settings", "make them safe", "warning")


@dataclass
class Talking(MemorySource):
    """A library that it uses logs from the threads that read."""

    def changes(self, book: Book, since: str | None, known: Iterable[tuple[str, str]]) -> Iterator[StreamItem]:
        logging.getLogger("some.library").warning("slow answer")
        return super().changes(book, since, known)


class World:
    """The service, its folder and store, its clock, its source, and who is told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.profiles = folder / "profiles"
        self.store = folder / "store"
        self.ahead = timedelta(0)
        self.opened: list[str] = []
        self.blocked: dict[str, threading.Event] = {}
        self.down: set[str] = set()
        self.later: dict[str, float] = {}
        """After how many seconds the server of a name that is down wants to be asked again."""
        self.slow: set[str] = set()
        """Profiles whose source never ends and takes a while for each row."""
        self.slow_rows = 0
        self.told: list[tuple[str, str]] = []
        self.notifying = threading.Event()
        self.listens = threading.Event()
        self.listens.set()
        self.code: int | None = None
        self.stop = threading.Event()
        self.service: Service | None = None
        self._thread: threading.Thread | None = None

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def plugin(self) -> types.ModuleType:
        module = types.ModuleType("plugin_in_the_hand")

        def sources() -> Sequence[SourceType]:
            fields = FieldSet((), closed=False)
            return [SourceType("hand", "In the hand", Settings, fields, self._open, warnings=_warn)]

        def told(report: Report, notices: Sequence[Notice]) -> None:
            if notices:
                self.notifying.set()
                self.listens.wait(PATIENCE)
            self.told += [(notice.profile, str(notice.kind)) for notice in notices]

        vars(module)["pbx_sources"] = hookimpl(sources, specname="pbx_sources")
        vars(module)["pbx_run_finished"] = hookimpl(told, specname="pbx_run_finished")
        return module

    def _open(self, settings: Settings, context: SourceContext) -> AbstractContextManager[MemorySource]:
        self.opened.append(settings.name)
        if settings.name in self.blocked:
            self.blocked[settings.name].wait(PATIENCE)
        source = Talking()
        source.add("public").put("r", display_name="Ann")
        source.add("more").put("r", display_name="Bob")
        if settings.name in self.slow:
            book = source.add("endless")
            book.stream = self._endless  # type: ignore[method-assign]
        if settings.name in self.down:
            wait = self.later.get(settings.name)
            source.down = SourceUnavailable(f"the server of {settings.name} does not answer", retry_after=wait)
        return nullcontext(source)

    def _endless(self, since: str | None, known: dict[str, str]) -> Iterator[StreamItem]:
        while not self.stop.is_set():
            self.slow_rows += 1
            time.sleep(0.02)
            yield Row(str(self.slow_rows), "v1", {"display_name": "Ann"})

    def drop(self, name: str, every: str = "1h") -> None:
        self.profiles.mkdir(exist_ok=True)
        (self.profiles / f"{name}.yaml").write_text(PROFILE.format(name=name, every=every))

    def start(self, **service: Any) -> Service:
        settings = {"listen": "off", "parallel": 1, "stop_within": "100s"} | service
        config = Config.model_validate({"profiles": str(self.profiles), "service": settings})
        plugins = Plugins([EntryPoint("hand", "plugin_in_the_hand", GROUP)])
        self.service = Service(config, plugins, f"sqlite:///{self.store}/book.sqlite", self.clock)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self.service

    def _serve(self) -> None:
        assert self.service is not None
        self.code = self.service.run(self.stop)

    def end(self) -> None:
        for event in (*self.blocked.values(), self.listens):
            event.set()
        self.stop.set()
        if self._thread:
            self._thread.join(PATIENCE)

    def restart(self) -> None:
        self.end()
        self.stop = threading.Event()
        self.start()

    def status(self, name: str) -> dict[str, Any]:
        assert self.service is not None
        found: list[dict[str, Any]] = self.service.health()[1]["profiles"]
        return next((status for status in found if status["id"] == name), {})

    def ran(self, name: str) -> bool:
        return bool(self.status(name).get("last_run"))


def eventually(happens: Callable[[], object]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if happens():
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(daemon, "TICK", 0.05)
    monkeypatch.setattr(folder_watch, "RESCAN_MS", 500)
    world = World(tmp_path)
    world.store.mkdir()

    class Clock(datetime):
        @classmethod
        def now(cls, zone: Any = None) -> datetime:  # type: ignore[override]
            return world.clock()

    monkeypatch.setattr(pipeline, "datetime", Clock)  # a run notes its start by the clock that the test sets
    sys.modules["plugin_in_the_hand"] = world.plugin()
    yield world
    world.end()
    del sys.modules["plugin_in_the_hand"]


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
