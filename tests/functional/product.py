"""The product as its user has it: the command line, in a home folder of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pbx_connector.cli.main import run


@dataclass
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Connector:
    """`pbx-connector` in a home folder of its own, with a phone book of its own.

    A call runs the command line in this process, which is the quickest; `process` starts the installed command.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PBX_CONNECTOR_STORE": f"sqlite:///{home / 'book.sqlite'}",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }

    def __call__(self, *arguments: str | Path, code: int | None = 0) -> Done:
        """Run one command; it must end with `code` (None: any) and never with a traceback."""
        with (
            contextlib.chdir(self.home),
            contextlib.redirect_stdout(io.StringIO()) as out,
            contextlib.redirect_stderr(io.StringIO()) as err,
        ):
            ended = run([str(argument) for argument in arguments])
        return _checked(Done(ended, out.getvalue(), err.getvalue()), code)

    def process(self, *arguments: str | Path, code: int | None = 0) -> Done:
        """The same in a process of its own."""
        ended = subprocess.run(
            [str(Path(sys.executable).with_name("pbx-connector")), *map(str, arguments)],
            cwd=self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )
        return _checked(Done(ended.returncode, ended.stdout, ended.stderr), code)

    def entries(self, *scope: str) -> list[dict[str, Any]]:
        """What the phone book holds, as `phonebook list --json` says it."""
        listed: list[dict[str, Any]] = self("phonebook", "list", "--json", *scope).json
        return listed

    def counts(self, profile: Path, *, code: int = 0) -> dict[str, int]:
        """Run a profile; the counts of its report."""
        counts: dict[str, int] = self("run", profile, "--json", code=code).json["counts"]
        return counts


def _checked(done: Done, code: int | None) -> Done:
    assert "Traceback" not in done.err, done.err
    if code is not None:
        assert done.code == code, f"exit code {done.code}\n{done.out}\n{done.err}"
    return done
