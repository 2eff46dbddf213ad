"""The last part of `make demo`: phones read the phone book that the part before it has filled.

It starts the directory, lets the telephone of an account ask, and asks as that telephone would: its remote phone book
over HTTP, and by LDAP.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pbx_directory.ldap.client import LdapPhone

STORE = "sqlite:///demo/phonebook.sqlite"
SHOWN = 12
"""Lines of the book that are shown."""


def main() -> int:
    if not Path("demo/phonebook.sqlite").exists():
        print("demo: there is no phone book yet; make demo fills one first", file=sys.stderr)
        return 1
    account = json.loads(connector("accounts", "list", "--json"))[0]["id"]
    headline("Phones read the phone book")
    with serving() as urls:
        device = add_device(account)
        book = fetch(device["url"])
        headline(f"The remote phone book of {device['name']}, as a Yealink telephone fetches it")
        lines = book.splitlines()
        print("\n".join([*lines[:SHOWN], f"… {len(lines) - SHOWN} lines more"]))
        headline("The same telephone asks by LDAP who has a number that calls")
        number = book.partition("</Telephone>")[0].rpartition(">")[2]
        with LdapPhone(urlsplit(urls["ldap"]).netloc, device["bind_dn"], device["secret"]) as phone:
            hits = phone.called_from(number)
        print(f"{number}:")
        for hit in hits:
            print("\n".join(f"  {name}: {value}" for name, value in hit.attributes))
    if "<DirectoryEntry>" not in book or not hits:
        print("demo: the telephone got nothing", file=sys.stderr)
        return 1
    return 0


def add_device(account: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(
        connector("directory", "devices", "add", f"Phone of {account}", "--account", account, "--json")
    )
    print(f"{made['name']} may ask at {made['url'].rpartition('/')[0].rpartition('/')[0]}/…")
    return made


@contextmanager
def serving() -> Iterator[dict[str, str]]:
    serve = command("directory", "serve", "--json")
    process = subprocess.Popen(serve, env=environment(), stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout  # noqa: S101 - it is a pipe
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(30)


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - the address that our own server gave
        return str(answer.read().decode())


def connector(*arguments: str) -> str:
    print(f"\n$ pbx-connector {' '.join(arguments)}", flush=True)
    done = subprocess.run(command(*arguments), env=environment(), stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def command(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("pbx-connector")), *arguments]


def environment() -> dict[str, str]:
    return os.environ | {"PBX_CONNECTOR_STORE": STORE}


def headline(text: str) -> None:
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
