"""A way to PostgreSQL over loopback that can be cut: connections stay open, and nothing comes through."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self
from urllib.parse import parse_qs, urlsplit


class Relay:
    """Passes bytes between TCP clients and the server's socket file."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
        self._listener = socket.create_server(("127.0.0.1", 0))
        user, database = parts.username, parts.path.lstrip("/")
        self.url = f"postgresql://{user}@127.0.0.1:{self._listener.getsockname()[1]}/{database}"
        self._open = threading.Event()
        self._open.set()
        self.held = 0
        """So many bytes did not come through at once."""
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="relay", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.set()
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def stall(self) -> None:
        self._open.clear()

    def go_on(self) -> None:
        self._open.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._target)
                self._sockets += [client, server]
                for here, there in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=(here, there), name="relay", daemon=True).start()

    def _pass(self, here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError):
            while data := here.recv(65536):
                if not self._open.is_set():
                    self.held += len(data)
                    self._open.wait()
                there.sendall(data)
            there.shutdown(socket.SHUT_WR)
