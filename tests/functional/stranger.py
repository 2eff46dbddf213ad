"""Somebody who follows a page to the letter: types its commands into one shell, and makes the changes that it shows.

A `diff` block has hunks, each below `--- FILE`; a block below `<!-- from: FILE -->` is what that file has before the
first change. Commands and what they print are as in `pages.py`.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

from free_port import free_port
from pages import missing_line, steps

_DIFF = re.compile(r"```diff\n(.*?)```\n", re.DOTALL)
_QUOTE = re.compile(r"<!-- from: (\S+) -->\n```\w*\n(.*?)```\n", re.DOTALL)
_SHIMS = {
    "python3": f'exec "{sys.executable}" "$@"',
    "pytest": 'exec python -m pytest "$@"',
    "pbx-connector": 'exec python -c \'import sys; sys.argv[0] = "pbx-connector"; '
    'from pbx_connector.cli.main import main; main()\' "$@"',
}
"""Commands that are there before the page is followed; with an environment of Python, they run in it."""
_DONE = "page-command-done"


class Stranger:
    """`home`: the empty folder to begin in. No package index is asked: what the page installs from one is there."""

    def __init__(self, home: Path) -> None:
        shims = home.parent / "shims"
        shims.mkdir()
        for name, text in _SHIMS.items():
            (shims / name).write_text(f"#!/bin/sh\n{text}\n")
            (shims / name).chmod(0o755)
        self.port = free_port()
        self._shell = subprocess.Popen(
            ["bash", "--norc"],
            cwd=home,
            env=_environment(home, shims),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Stranger:
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self._shell.pid, signal.SIGKILL)  # the server that the page starts, too
        self._shell.communicate()

    def follow(self, page: Path, port: str) -> int:
        """`port`: what the page calls the free one. Returns the number of commands."""
        text, commands = page.read_text(encoding="utf-8"), 0
        changes = [(text.count("\n", 0, found.start()) + 1, found[1]) for found in _DIFF.finditer(text)]
        for step in steps(page):
            while changes and changes[0][0] < step.line:
                self.change(changes.pop(0)[1])
            if not step.command:
                continue
            commands += 1
            code, printed = self.type(step.command.replace(port, str(self.port)))
            missing = missing_line(step.prints, printed)
            told = f"{page.name}:{step.line}: {step.command}\n" + "\n".join(printed)
            assert (code, missing) == (0, None), told
        assert not changes
        return commands

    def type(self, command: str) -> tuple[int, list[str]]:
        """Exit code and what is printed."""
        assert self._shell.stdin
        assert self._shell.stdout
        self._shell.stdin.write(f"{command}\necho {_DONE} $?\n")
        self._shell.stdin.flush()
        printed = []
        for line in self._shell.stdout:
            if line.startswith(_DONE):
                break
            printed.append(line.rstrip("\n"))
        else:
            raise AssertionError(f"the shell ended at: {command}")
        if command.endswith("&"):
            self._wait_for_server()
        return int(line.split()[1]), printed

    def change(self, diff: str) -> None:
        for hunk in diff.split("--- ")[1:]:
            name, _, body = hunk.partition("\n")
            before, after = (_side(body, sign) for sign in "-+")
            path = self.folder / name
            text = path.read_text(encoding="utf-8")
            assert text.count(before) == 1, f"{name} has this {text.count(before)} times:\n{before}"
            path.write_text(text.replace(before, after), encoding="utf-8")

    @property
    def folder(self) -> Path:
        return Path(os.readlink(f"/proc/{self._shell.pid}/cwd")) if Path("/proc").exists() else self._asked_folder()

    def _asked_folder(self) -> Path:
        return Path(self.type("pwd")[1][0])

    def _wait_for_server(self) -> None:
        for _ in range(600):
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError("the server of the page does not start")


def quotes(page: Path) -> list[tuple[str, str]]:
    """File and text of each block that the page takes from a file."""
    return [(found[1], found[2]) for found in _QUOTE.finditer(page.read_text(encoding="utf-8"))]


def _side(body: str, sign: str) -> str:
    """What stands there before (`-`) or after (`+`)."""
    return "".join(line[1:] or "\n" for line in body.splitlines(keepends=True) if line[:1] in (" ", "\n", sign))


def _environment(home: Path, shims: Path) -> dict[str, str]:
    own = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), sysconfig.get_config_var("DESTSHARED")}
    packages = [path for path in sys.path if Path(path).is_dir() and path not in own]
    return {
        "PATH": os.pathsep.join([str(shims), "/usr/bin", "/bin"]),
        "HOME": str(home.parent),
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(packages),
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # which means yes: pip reads it as the value of its opposite
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "PBX_CONNECTOR_STORE": f"sqlite:///{home.parent}/phonebook.sqlite",
    }
