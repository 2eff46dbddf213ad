"""Tells systemd how the service is, by its notification socket; without systemd it tells nobody."""

from __future__ import annotations

import os
import socket


def notify(*lines: str) -> None:
    """Such as `READY=1` or `STATUS=...`, see sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect("\0" + address[1:] if address.startswith("@") else address)
            sender.sendall("\n".join(lines).encode())
    except OSError:
        return  # a supervisor that is gone is no reason to stop
