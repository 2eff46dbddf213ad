"""A real CardDAV server on loopback: Radicale, in a process and a folder of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ending import end
from free_port import free_port

PASSWORD = "gardenia & 7"
SERVICE = "pbx"
_RIGHTS = r"""
[service]
user: pbx
collection: .*
permissions: RrWw

[root]
user: .+
collection:
permissions: R

[owner]
user: .+
collection: {user}(/.*)?
permissions: RrWw
"""
_CONFIG = """
[server]
hosts = 127.0.0.1:{port}
max_connections = 40
[auth]
type = htpasswd
htpasswd_filename = {folder}/users
htpasswd_encryption = plain
delay = 0
[rights]
type = from_file
file = {folder}/rights
[storage]
filesystem_folder = {folder}/data
[web]
type = none
[logging]
level = warning
"""

_RUN = """
import sys
from radicale import config, server
found = config.load([(sys.argv[1], False)])
found.update({"storage": {"_filesystem_fsync": "False"}}, "tests", privileged=True)
server.serve(found)
"""
"""What `python -m radicale` does, but for waiting until each file is on the disk, and for finishing before it stops."""


def card(name: str, *lines: str, uid: str = "", version: str = "3.0") -> str:
    first, _, last = name.partition(" ")
    given = (f"UID:{uid or name.replace(' ', '-').lower()}", f"FN:{name}", f"N:{last};{first};;;", *lines)
    return "\r\n".join(("BEGIN:VCARD", f"VERSION:{version}", *given, "END:VCARD", ""))


class Radicale:
    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def start(cls, folder: Path) -> Iterator[Radicale]:
        folder.mkdir(parents=True)
        server = cls(folder, free_port())
        (folder / "rights").write_text(_RIGHTS)
        (folder / "users").write_text("".join(f"{name}:{PASSWORD}\n" for name in (SERVICE, "ada", "bob")))
        (folder / "config").write_text(_CONFIG.format(port=server.port, folder=folder))
        try:
            server.run()
            yield server
        finally:
            server.stop()

    def run(self) -> None:
        command = [sys.executable, "-c", _RUN, str(self.folder / "config")]
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until = time.monotonic() + 120
        while time.monotonic() < until and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=60).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError((self.folder / "log").read_text())

    def stop(self) -> None:
        if self._process is not None:
            end(self._process)

    # --- what it stores ---------------------------------------------------------------------------------------------

    def book(self, owner: str, slug: str, name: str = "") -> Path:
        folder = self.folder / "data" / "collection-root" / owner / slug
        folder.mkdir(parents=True)
        (folder / ".Radicale.props").write_text(json.dumps({"tag": "VADDRESSBOOK", "D:displayname": name or slug}))
        return folder

    def put(self, book: Path, text: str, name: str = "") -> None:
        uid = next(line[4:] for line in text.splitlines() if line.startswith("UID:"))
        (book / (name or f"{uid}.vcf")).write_text(text, newline="")
