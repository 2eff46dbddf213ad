"""Runs a page of the docs: its commands, against the sandbox, with what the page says happens between them.

`<!-- do: WORDS -->` changes something, `<!-- file: NAME -->` writes the block that follows it; a `console` block has
commands after `$ ` and, under each, lines of its output in their order. A line `...` stands for any lines. White space
counts as one blank: tables are as wide as the terminal.
"""

from __future__ import annotations

import re
import shlex
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pbx_exchange.sandbox import Fault, Right, Sandbox
from product import Connector

ADDRESS, PASSWORD = "http://127.0.0.1:8025/EWS/Exchange.asmx", "sandbox-password"
"""Those of the sandbox that a page starts; the tests' own has others."""


@dataclass
class Step:
    """Something that happens, a file that is written, or a command with what it prints."""

    line: int
    does: str = ""
    file: str = ""
    content: str = ""
    command: str = ""
    prints: tuple[str, ...] = ()


_FILE = re.compile(r"<!-- file: (\S+) -->\n```\w*\n(.*?)```\n", re.DOTALL)


def steps(page: Path) -> Iterator[Step]:
    inside, step = False, None
    text = page.read_text(encoding="utf-8")
    files = {text.count("\n", 0, found.start()) + 1: found for found in _FILE.finditer(text)}
    for number, line in enumerate(text.splitlines(), start=1):
        if number in files:
            yield Step(number, file=files[number][1], content=files[number][2])
        elif does := re.fullmatch(r"<!-- do: (.*) -->", line):
            yield Step(number, does=does[1])
        elif line.strip() in ("```console", "```") and (inside or line.strip() == "```console"):
            inside = not inside
            if not inside and step:
                yield step
                step = None
        elif inside and line.strip().startswith("$ "):
            if step:
                yield step
            step = Step(number, command=line.strip().removeprefix("$ "))
        elif inside and step:
            step.prints = (*step.prints, line)


class Stage:
    """The state of a page: a sandbox, a phone book, and the folder that the commands are typed in."""

    def __init__(self, connector: Connector, sandbox: Sandbox) -> None:
        self.connector = connector
        self.sandbox = sandbox

    def play(self, page: Path) -> int:
        """Returns the number of commands."""
        commands = 0
        for step in steps(page):
            if step.does:
                self._do(*shlex.split(step.does))
            elif step.file:
                content = step.content.replace(PASSWORD, self.sandbox.password)
                (self.connector.home / step.file).write_text(content, encoding="utf-8")
            else:
                commands += 1
                self._run(step, page)
        return commands

    def _run(self, step: Step, page: Path) -> None:
        command, *words = shlex.split(step.command.replace(ADDRESS, self.sandbox.url))
        if command != "pbx-connector":
            subprocess.run([command, *words], cwd=self.connector.home, check=True)
            return
        done = self.connector(*words, code=None)
        missing = missing_line(step.prints, (done.out + done.err).splitlines())
        assert missing is None, f"{page.name}:{step.line}: {step.command}\nmissing: {missing}\n{done.out}\n{done.err}"

    def _do(self, what: str, *words: str) -> None:
        getattr(self, f"_do_{what}")(*words)

    def _do_deny(self, path: str) -> None:
        folder = self.sandbox.state.folder(path)
        folder.everyone = Right.NONE
        folder.rights.clear()

    def _do_allow(self, path: str) -> None:
        self.sandbox.state.folder(path).everyone = Right.READ

    def _do_update(self, name: str, field: str, value: str) -> None:
        self.sandbox.state.update(self.sandbox.state.find(DisplayName=name), **{field: value})

    def _do_break(self, operation: str, mailbox: str) -> None:
        self.sandbox.faults.add(Fault(name="truncated", operation=operation, mailbox=mailbox, times=None))

    def _do_rename(self, file: str, name: str) -> None:
        (self.connector.home / file).rename(self.connector.home / name)

    def _do_damage(self, book: str, entry: str) -> None:
        with closing(sqlite3.connect(self.connector.home / book)) as connection, connection:
            connection.execute("UPDATE entry SET phone = '+4930666' WHERE id = ?", [entry])

    def _do_account(self, account: str, username: str) -> None:
        self.connector("accounts", "add", account, "--username", username)

    def _do_entry(self, name: str, phone: str) -> None:
        self.connector("phonebook", "add", "--display-name", name, "--phone", phone)

    def _do_fix(self) -> None:
        self.sandbox.faults.clear()


def missing_line(expected: tuple[str, ...], printed: list[str]) -> str | None:
    """The first expected line that does not come."""
    left = iter([" ".join(line.split()) for line in printed])
    for line in expected:
        wanted = " ".join(line.split())
        if wanted not in ("", "...") and not any(wanted == found or wanted in found for found in left):
            return line
    return None
