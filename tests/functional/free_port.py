"""Ports for servers that are told where to listen, and for addresses where nobody listens."""

from __future__ import annotations

import random
import socket

_PORTS = range(10_000, 32_000)
"""Below those that the system gives to connections and to whoever asks for any port."""
_held: list[socket.socket] = []


def free_port() -> int:
    """One on loopback that nobody has, and that stays the caller's: it is taken at another address of this machine
    too, where the other processes of the tests look first."""
    for port in random.sample(_PORTS, 1000):
        held = socket.socket()
        try:
            held.bind(("127.0.0.2", port))
            with socket.socket() as tried:
                tried.bind(("127.0.0.1", port))
        except OSError:
            held.close()
        else:
            _held.append(held)
            return port
    raise AssertionError("a thousand ports are taken")
