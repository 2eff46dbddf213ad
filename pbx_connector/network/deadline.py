"""One bound on the time of a whole HTTP answer, its first line and headers included.

Timeouts of sockets, and so of urllib3 and requests, begin anew with each piece: a server that sends a byte a second
would hold a run for ever. Here the timeout that a connection has when an answer begins is the time for all of it.
Imports urllib3, so it is imported by those alone who send something.
"""

from __future__ import annotations

import http.client
import io
import time
from contextlib import suppress
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class _Arriving(io.RawIOBase):
    """What arrives on a socket, as long as there is time."""

    def __init__(self, socket: Any) -> None:
        self._sock = socket  # so called, as the NTLM handshake looks here for the server's certificate
        self._seconds = socket.gettimeout()
        self._until = None if self._seconds is None else time.monotonic() + self._seconds
        self._file = socket.makefile("rb", buffering=0)  # keeps the socket open while the answer is read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._until is not None:
            left = self._until - time.monotonic()
            if left <= 0:
                raise TimeoutError("the answer was not whole in time")
            self._sock.settimeout(left)
        read: int | None = self._file.readinto(buffer)
        return read

    def close(self) -> None:
        if not self.closed:
            with suppress(OSError):  # the next request may use the connection, and begins with sending
                self._sock.settimeout(self._seconds)
            self._file.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **how: Any) -> None:
        super().__init__(sock, *args, **how)
        self.fp.close()
        self.fp = io.BufferedReader(_Arriving(sock))


class _Connection(HTTPConnection):
    response_class = _Answer


class _SecureConnection(HTTPSConnection):
    response_class = _Answer


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


DEADLINE_POOLS = {"http": _Pool, "https": _SecurePool}
"""For urllib3's `PoolManager.pool_classes_by_scheme`: a timeout, in seconds, is the time for a whole answer."""
