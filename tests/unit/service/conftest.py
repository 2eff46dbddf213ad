"""The whole service in this process, with a source that a test holds in its hand."""

from __future__ import annotations

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
from pbx_connector.errors import SourceUnavailable
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
