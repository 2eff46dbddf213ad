"""A server that begins or ends otherwise than it should."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from starlette.types import Receive, Scope, Send

from pbx_connector import listening
from pbx_connector.errors import ConnectorError
from pbx_connector.listening import Listener


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers nothing."""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_one_that_cannot_serve_says_so_at_once() -> None:
    listener = Listener(nothing, "127.0.0.1:0", None, name="pages", setting="listen")
    listener._socket.close()
    begun = time.monotonic()
    with pytest.raises(ConnectorError, match="pages did not start"):
        listener.start()
    assert time.monotonic() - begun < listening.START_WITHIN
    listener._thread.join(60)


def test_one_that_is_not_waited_for_ends_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    held, go_on = threading.Event(), threading.Event()

    async def holding(scope: Scope, receive: Receive, send: Send) -> None:
        held.set()
        go_on.wait(60)  # and with it the loop

    monkeypatch.setattr(listening, "STOP_WITHIN", 0.05)
    listener = Listener(holding, "127.0.0.1:0", None, name="pages", setting="listen")
    listener.start()
    host, port = listener.address.split(":")
    with socket.create_connection((host, int(port)), timeout=60) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert held.wait(60)
        listener.stop()
        assert listener._socket.fileno() >= 0
        go_on.set()
        listener._thread.join(60)
    assert listener._socket.fileno() == -1


def test_one_that_never_began_gives_its_address_back() -> None:
    listener = Listener(nothing, "127.0.0.1:0", None, name="pages", setting="listen")
    listener.stop()
    assert listener._socket.fileno() == -1
