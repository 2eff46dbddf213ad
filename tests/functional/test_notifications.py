"""A run by hand tells those who are to hear of it: once when it begins to fail, and once when it is well again."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from product import Connector


class Hook:
    """A receiver of webhooks that keeps what it gets."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.answer = 204
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(hook.answer)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    @property
    def kinds(self) -> list[str]:
        return [notice["kind"] for message in self.got for notice in message["notices"]]


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    thread = threading.Thread(target=hook.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield hook
    hook.server.shutdown()
    thread.join()
    hook.server.server_close()


@pytest.fixture
def configured(connector: Connector, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> Connector:
    monkeypatch.setenv("HOOK_SECRET", "s")
    config = connector.home / "config.yaml"
    config.write_text(f"webhook: {{url: '{hook.url}', secret: {{env: HOOK_SECRET}}}}\n")
    monkeypatch.setenv("PBX_CONNECTOR_CONFIG", str(config))
    return connector


def test_people_hear_of_a_failure_and_of_its_end(
    configured: Connector, sandbox: Any, profile: Path, hook: Hook
) -> None:
    password = configured.home / "password.txt"
    right = password.read_text()
    configured("run", profile)
    password.write_text("wrong")
    configured("run", profile, code=4)
    configured("run", profile, code=4)
    password.write_text(right)
    configured("run", profile)
    configured("run", profile)
    assert hook.kinds == ["failing", "recovered"]
    failing = hook.got[0]
    assert failing["profile"] == "exchange-contacts"
    assert failing["status"] == "failed"
    assert failing["notices"][0]["command"].startswith("pbx-connector simulate ")
    assert "wrong" not in json.dumps(hook.got)


def test_a_command_that_began_no_run_tells_nobody(configured: Connector, profile: Path, hook: Hook) -> None:
    configured("run", profile, "--plan", "99", code=2)
    assert hook.got == []


def test_a_message_that_cannot_be_delivered_is_said_and_waits(configured: Connector, profile: Path, hook: Hook) -> None:
    hook.answer = 404
    (configured.home / "password.txt").write_text("wrong")
    done = configured("run", profile, code=4)
    assert "warning: webhook: the webhook answers 404" in done.err


def test_a_secret_of_the_configuration_that_all_may_read_is_warned_of(configured: Connector, hook: Hook) -> None:
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        secret = Path(folder, "hook.secret")
        secret.write_text("hunter2")
        settings = f"webhook:\n  url: {hook.url}\n  secret: {{file: {secret}}}\n"
        (configured.home / "config.yaml").write_text(settings)
        for mode, warned in ((0o644, True), (0o600, False)):
            secret.chmod(mode)
            done = configured("notify", "test")
            assert ("warning[S107]: webhook.secret: every user of this machine may read" in done.err) == warned


def test_somebody_tries_whether_messages_arrive(configured: Connector, hook: Hook) -> None:
    assert "webhook: the test message was taken" in configured("notify", "test").out
    assert hook.kinds == ["test"]
    hook.answer = 404
    assert "the webhook answers 404" in configured("notify", "test", code=4).err
    (configured.home / "config.yaml").write_text("{}\n")
    assert "set mail: or webhook:" in configured("notify", "test", code=2).err


def test_a_broken_configuration_is_told_with_its_place(configured: Connector, profile: Path) -> None:
    (configured.home / "config.yaml").write_text("webhok: {}\n")
    done = configured("run", profile, code=2)
    assert "config.yaml:1:1" in done.err
    assert "did you mean webhook?" in done.err
    assert configured.entries() == []
