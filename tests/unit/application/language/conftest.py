from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pbx_connector.application.language import Session
from pbx_connector.plugins import Plugins


class Editor:
    """The other end of a session."""

    def __init__(self, plugins: Plugins, clock: Callable[[], float]) -> None:
        self.said: asyncio.Queue[Any] = asyncio.Queue()
        self.session = Session(plugins, lambda text: self.said.put_nowait(json.loads(text)), clock)
        self._ids = itertools.count(1)

    async def start(self) -> Any:
        answer = await self.ask("initialize", processId=None, rootUri="file:///", capabilities={})
        self.tell("initialized")
        return answer["result"]

    async def ask(self, method: str, **params: Any) -> Any:
        number = next(self._ids)
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        while True:
            message = await asyncio.wait_for(self.said.get(), 60)
            if message.get("id") == number:
                return message

    async def diagnostics(self) -> list[Any]:
        while True:
            message = await asyncio.wait_for(self.said.get(), 60)
            if message.get("method") == "textDocument/publishDiagnostics":
                found: list[Any] = message["params"]["diagnostics"]
                return found

    def tell(self, method: str, **params: Any) -> bool:
        return self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def open(self, uri: str, text: str, version: int = 1) -> None:
        document = {"uri": uri, "languageId": "yaml", "version": version, "text": text}
        self.tell("textDocument/didOpen", textDocument=document)

    def change(self, uri: str, text: str, version: int) -> None:
        document = {"uri": uri, "version": version}
        self.tell("textDocument/didChange", textDocument=document, contentChanges=[{"text": text}])

    def send(self, message: Any) -> bool:
        """Whether it was taken; raises `SessionEnded` otherwise."""
        self.session.receive(json.dumps(message))
        return True


@pytest.fixture(scope="session")
def plugins() -> Plugins:
    return Plugins()


@pytest.fixture
def now() -> list[float]:
    """Seconds, for the clock of a session: a list of one."""
    return [0.0]


@pytest.fixture
def connect(plugins: Plugins, now: list[float]) -> Iterator[Callable[[], Editor]]:
    made: list[Editor] = []

    def connected() -> Editor:
        made.append(Editor(plugins, lambda: now[0]))
        return made[-1]

    yield connected
    for editor in made:
        editor.session.close()
