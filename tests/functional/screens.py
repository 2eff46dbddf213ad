"""A terminal of 80 columns: what stands on it when a command has ended, escape sequences carried out."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from pathlib import Path

from product import Connector

WIDTH = 80
_TOKEN = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|\r|\n|[^\x1b\r\n]")


def on_a_terminal(connector: Connector, *arguments: str | Path, typed: str = "") -> list[str]:
    """Run a command with all its output on one terminal; the lines that are seen in the end. `typed`: its answers."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, WIDTH, 0, 0))
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("pbx-connector")), *map(str, arguments)],
        cwd=connector.home,
        env={**connector.environment, "TERM": "xterm", "LC_ALL": "C.UTF-8"},
        stdin=theirs if typed else subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.write(ours, typed.encode())
    os.close(theirs)
    written = _read(ours)
    process.wait()
    os.close(ours)
    return screen(written.decode())


def screen(written: str) -> list[str]:
    lines: list[list[str]] = [[]]
    row = column = 0
    for token in _TOKEN.finditer(written):
        match token[0], token[2]:
            case "\r", _:
                column = 0
            case "\n", _:
                row += 1
                lines += [[]] if row == len(lines) else []
            case _, "A":
                row -= int(token[1] or 1)
            case _, "K":
                lines[row] = lines[row][:column] if token[1] in ("", "0") else []
            case _, None:
                line = lines[row]
                line[:] = line + [" "] * (column - len(line))
                line[column : column + 1] = [token[0]]
                column += 1
    return ["".join(line).rstrip() for line in lines]


def _read(ours: int) -> bytes:
    written = b""
    while chunk := _chunk(ours):
        written += chunk
    return written


def _chunk(ours: int) -> bytes:
    """Linux says with an error that nobody writes any more."""
    try:
        return os.read(ours, 65536)
    except OSError:
        return b""


def widest(lines: Sequence[str]) -> int:
    return max(map(len, lines))
