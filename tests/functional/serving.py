"""The service as a process of its own, and the lines that it logs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from product import Connector

PATIENCE = 100.0


class Serving:
    """A `pbx-connector serve`."""

    def __init__(self, connector: Connector, config: Path) -> None:
        self.lines_file = connector.home / f"serve-{time.monotonic_ns()}.log"
        self._log = self.lines_file.open("wb")
        self.process = subprocess.Popen(
            [str(Path(sys.executable).with_name("pbx-connector")), "--config", str(config), "serve"],
            cwd=connector.home,
            env=connector.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
        )

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines_file.read_text().splitlines() if line.endswith("}")]

    def events(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == event]

    def wait_for(self, event: str, count: int = 1, **values: Any) -> dict[str, Any]:
        def matching() -> list[dict[str, Any]]:
            return [line for line in self.events(event) if values.items() <= line.items()]

        wait_until(lambda: len(matching()) >= count or self.process.poll() is not None)
        assert len(matching()) >= count, self.lines_file.read_text()
        return matching()[count - 1]

    def get(self, path: str) -> str:
        address = self.wait_for("serving")["health"]
        try:
            with urllib.request.urlopen(f"http://{address}{path}", timeout=PATIENCE) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as not_ready:
            return not_ready.read().decode()

    @property
    def health(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.get("/health"))
        return content

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._log.close()
        return code


def wait_until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.05)


def is_ready(listen: str) -> bool:
    """Whether the service that listens there says so."""
    try:
        with urllib.request.urlopen(f"http://{listen}/health", timeout=PATIENCE) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


Serve = Callable[..., Serving]
"""Given a configuration, or the one of the test."""
