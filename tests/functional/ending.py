"""Ends a server of others that a test has started. One of ours that does not end is a fault, and is waited for."""

from __future__ import annotations

import subprocess

PATIENCE = 30.0
"""Seconds."""


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
