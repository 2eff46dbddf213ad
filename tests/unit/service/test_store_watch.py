"""A store that accepts connections and then says nothing counts as unreachable in time; only its check waits."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pbx_connector.application import store_watch
from pbx_connector.application.store_watch import StoreWatch
from pbx_connector.config import Config
from pbx_connector.errors import StoreError, UsageError
from pbx_connector.plugins import Plugins
from pbx_connector.service import daemon
from pbx_connector.service.daemon import Service
from pbx_connector.stores import open_store

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


PATIENCE = 60.0
HOURS = "connect_timeout=7200"
"""Whoever waits for it has the test's time limit against him."""


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that never answers; who waits for it at the end of the test is hung up on."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"postgresql://u@127.0.0.1:{server.getsockname()[1]}/book"


def wait_until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_opening_gives_up(silent: str) -> None:
    began = time.monotonic()
    with pytest.raises(StoreError):
        open_store(f"{silent}?connect_timeout=2")
    assert time.monotonic() - began < PATIENCE


def test_while_a_look_waits_the_store_is_found_silent_and_nobody_else_waits(
    silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = StoreWatch(f"{silent}?{HOURS}", lambda: NOON)
    threading.Thread(target=watch.look, daemon=True).start()
    wait_until(lambda: watch._asked)
    assert not watch.silent()
    monkeypatch.setattr(store_watch, "SILENCE", 0.0)
    assert watch.silent()
    assert not watch.silent()  # said once
    assert (watch.lost_since, watch.reason) == (NOON, "it does not answer")
    with pytest.raises(StoreError, match="does not answer"):
        watch.current()
    assert watch._asked, "it was waited for"


def test_a_store_that_was_silent_is_back_with_its_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_watch, "SILENCE", 0.0)
    watch = StoreWatch(f"sqlite:///{tmp_path}/book.sqlite", lambda: NOON)
    answer = watch._opened
    monkeypatch.setattr(watch, "_opened", lambda: (watch.silent(), answer())[1])
    assert watch.look()
    assert watch.lost_since is None
    watch.close()


def test_the_service_answers_and_stops_whatever_the_store_does(
    silent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "FIRST_LOOK", 0.1)
    monkeypatch.setattr(daemon, "TICK", 0.05)
    monkeypatch.setattr(store_watch, "SILENCE", 0.5)
    config = Config.model_validate({"profiles": str(tmp_path), "service": {"listen": "off", "stop_within": "1s"}})
    service, stop = Service(config, Plugins([]), f"{silent}?{HOURS}"), threading.Event()
    thread = threading.Thread(target=service.run, args=[stop])
    thread.start()
    assert not service.health()[0]
    wait_until(lambda: not service.health()[1]["store"]["reachable"])
    ready, health = service.health()
    assert not ready
    assert health["store"]["reason"] == "it does not answer"
    stop.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_an_address_of_no_store_is_said_at_once(tmp_path: Path) -> None:
    config = Config.model_validate({"profiles": str(tmp_path), "service": {"listen": "off"}})
    with pytest.raises(UsageError, match="there is no store"):
        Service(config, Plugins([]), "mysql://x/y").run(threading.Event())
