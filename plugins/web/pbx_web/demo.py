"""Behind `make web`: a sandbox Exchange, a profile that has run once, and the pages, until Ctrl-C.

It calls the commands that an administrator would type, and prints one link: it lets the first administrator in.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pbx_connector.api import until_stopped

FOLDER = Path("demo/pages")
CONFIG = FOLDER / "config.yaml"
PROFILE = FOLDER / "profiles" / "exchange-contacts.yaml"
CONFIGURATION = """\
store: sqlite:///{store}
profiles: profiles
plugins:
  web:
    listen: 127.0.0.1:0
"""


def main() -> int:
    stop = until_stopped()
    shutil.rmtree(FOLDER, ignore_errors=True)
    PROFILE.parent.mkdir(parents=True)
    store = (FOLDER / "phonebook.sqlite").resolve()
    CONFIG.write_text(CONFIGURATION.format(store=store), encoding="utf-8")
    with started(sys.executable, "-m", "pbx_exchange.sandbox", "--json") as sandbox:
        fill(sandbox)
        with started(*command("web", "--json")) as pages:
            print(f"\nThe pages are at {pages['url']}; Ctrl-C ends them. Begin here:\n")
            print(f"  {pages['setup'] or pages['url']}\n", flush=True)
            stop.wait()
    return 0


def fill(sandbox: Mapping[str, Any]) -> None:
    """A profile from the template, the accounts, and a first run."""
    password = PROFILE.with_name("password.txt")
    password.touch(mode=0o600)
    password.write_text(sandbox["password"], encoding="utf-8")
    connector(
        *("new", "exchange-contacts", "--file", str(PROFILE), "--name", "Exchange contacts"),
        *("--email", sandbox["email"], "--url", sandbox["url"], "--password-file", str(password)),
    )
    for account in sandbox["accounts"]:
        connector("accounts", "add", account["id"], "--username", account["username"], "--email", account["email"])
    connector("run", str(PROFILE))


def connector(*arguments: str) -> None:
    print(f"$ pbx-connector {' '.join(arguments)}", flush=True)
    done = subprocess.run(command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode > 1:  # 1: a book was left out, as the sandbox has one that cannot be read
        sys.exit(done.stderr)


def command(*arguments: str) -> list[str]:
    program = Path(sys.executable).with_name("pbx-connector")
    return [str(program), "--config", str(CONFIG), *arguments]


@contextmanager
def started(*command: str) -> Iterator[dict[str, Any]]:
    """What a server says of itself in its first line; it ends with the block, and not by the Ctrl-C that is for us."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, process_group=0, env=os.environ)
    try:
        assert process.stdout  # noqa: S101 - it is a pipe
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(100)


if __name__ == "__main__":
    sys.exit(main())
