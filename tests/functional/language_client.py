"""An editor's side of the Language Server Protocol, as little of it as the tests need."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

URI = "file:///somewhere/p.yaml"


class LanguageClient:
    """Starts `pbx-connector lsp` and talks to it; one open profile."""

    def __init__(self, home: Path, environment: dict[str, str], encodings: tuple[str, ...] = ("utf-16",)) -> None:
        command = [str(Path(sys.executable).with_name("pbx-connector")), "lsp"]
        self._errors = (home / "lsp.log").open("w+b")
        self._server = subprocess.Popen(
            command, cwd=home, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
        )
        self._ids = itertools.count(1)
        self._version = 0
        self.checked: list[int] = []
        """The versions that diagnostics have come for, in order."""
        capabilities = {"general": {"positionEncodings": list(encodings)}}
        self.capabilities = self.ask("initialize", processId=None, rootUri=None, capabilities=capabilities)
        self.tell("initialized")

    def __enter__(self) -> LanguageClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self.ask("shutdown")
            self.tell("exit")
            assert self._server.wait(100) == 0
        self._server.kill()
        self._server.wait()
        for stream in (self._server.stdin, self._server.stdout):
            assert stream is not None
            stream.close()
        self._errors.close()

    @property
    def errors(self) -> str:
        """What the server has said on stderr."""
        self._errors.seek(0)
        return self._errors.read().decode()

    def open(self, text: str) -> list[Any]:
        """Its diagnostics."""
        self.show(text)
        return self.diagnostics()

    def show(self, text: str) -> None:
        """Opens a text without waiting for its diagnostics."""
        self._version += 1
        document = {"uri": URI, "languageId": "yaml", "version": self._version, "text": text}
        self.tell("textDocument/didOpen", textDocument=document)

    def change(self, text: str) -> None:
        self._version += 1
        document = {"uri": URI, "version": self._version}
        self.tell("textDocument/didChange", textDocument=document, contentChanges=[{"text": text}])

    def diagnostics(self) -> list[Any]:
        """The next that the server publishes."""
        while True:
            message = self._receive()
            if message.get("method") == "textDocument/publishDiagnostics":
                found: list[Any] = message["params"]["diagnostics"]
                return found

    def at(self, method: str, line: int, character: int) -> Any:
        position = {"line": line, "character": character}
        return self.ask(f"textDocument/{method}", textDocument={"uri": URI}, position=position)

    def ask(self, method: str, **params: Any) -> Any:
        number = next(self._ids)
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params or None})
        while True:
            message = self._receive()
            if message.get("id") == number and "method" not in message:
                assert "error" not in message, message
                return message.get("result")

    def tell(self, method: str, **params: Any) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        content = json.dumps(message).encode()
        assert self._server.stdin is not None
        self._server.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(content), content))
        self._server.stdin.flush()

    def _receive(self) -> Any:
        assert self._server.stdout is not None
        length = 0
        while header := self._server.stdout.readline().strip():
            name, _, value = header.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        assert length, self.errors
        message = json.loads(self._server.stdout.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self.checked.append(message["params"].get("version"))
        return message
