"""No part of an answer waits for the caller to acknowledge the one before."""

from __future__ import annotations

import socket

from pbx_connector.api import bound_socket


def test_a_connection_sends_at_once() -> None:
    with bound_socket("127.0.0.1:0", "a test", "listen") as listening, socket.socket() as caller:
        caller.connect(listening.getsockname())
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
