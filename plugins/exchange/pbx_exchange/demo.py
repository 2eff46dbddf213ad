"""The demonstration behind `make demo`: the main job from an Exchange server to a phone book, against the sandbox.

It calls the same commands that an administrator would type, shows each of them, and ends with exit code 1 if the phone
book is not what it should be.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from exchangelib import Account, Build, Configuration, Credentials, Version
from exchangelib.transport import BASIC

from pbx_exchange.sandbox import Sandbox

FOLDER = Path("demo")
STORE = f"sqlite:///{FOLDER / 'phonebook.sqlite'}"
PROFILE = FOLDER / "exchange-contacts.yaml"


class Surprise(Exception):
    """The demonstration did not show what it should."""


def main() -> int:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    with Sandbox.start() as sandbox:
        headline(f"A sandbox Exchange server is up at {sandbox.url}")
        try:
            show(sandbox)
        except Surprise as surprise:
            print(f"demo: {surprise}", file=sys.stderr)
            return 1
    headline(f"Done. The phone book is {FOLDER / 'phonebook.sqlite'}, the profile {PROFILE}.")
    return 0


def show(sandbox: Sandbox) -> None:
    password = FOLDER / "password.txt"
    password.touch(mode=0o600)
    password.write_text(sandbox.password, encoding="utf-8")
    headline("A profile from the template, and the phone system's accounts")
    connector(
        *("new", "exchange-contacts", "--file", str(PROFILE), "--name", "Exchange contacts"),
        *("--email", sandbox.email, "--url", sandbox.url, "--password-file", str(password)),
    )
    for account in sandbox.accounts:
        connector("accounts", "add", account.id, "--username", account.username, "--email", account.email)
    connector("check", str(PROFILE))

    headline("Simulate: what a run would do; nothing is written")
    connector("simulate", str(PROFILE))

    headline("Run: Exchange -> rules -> phone book")
    expect(run(), "added", at_least=50)
    connector("phonebook", "list")
    for account in sandbox.accounts:
        connector("phonebook", "list", "--account", account.id)

    headline("Somebody changes one contact on the server")
    change_a_contact(sandbox)
    counts = run()
    expect(counts, "updated", exactly=1)
    expect(counts, "added", exactly=0)
    expect(counts, "removed", exactly=0)

    headline("And once more, with nothing changed")
    counts = run()
    for name in ("added", "updated", "removed"):
        expect(counts, name, exactly=0)


def change_a_contact(sandbox: Sandbox) -> None:
    """Edit a contact of the first account as any Exchange client would, here with exchangelib."""
    address = sandbox.accounts[0].email
    configuration = Configuration(
        service_endpoint=sandbox.url,
        credentials=Credentials(sandbox.email, sandbox.password),
        auth_type=BASIC,
        version=Version(build=Build(15, 1)),
    )
    mailbox = Account(address, config=configuration, autodiscover=False, access_type="impersonation")
    contact = mailbox.contacts.all().order_by("display_name")[0]
    contact.job_title = "Managing Director"
    contact.company_name = "Rosenheim Timber Ltd"
    contact.save(update_fields=["company_name", "job_title"])
    print(f"{contact.display_name} in {address} now works for {contact.company_name}")


def run() -> dict[str, int]:
    printed = connector("run", str(PROFILE), "--json", quiet=True)
    report = json.loads(printed)
    counts: dict[str, int] = report["counts"]
    print("   ".join(f"{name} {number}" for name, number in counts.items()))
    return counts


def expect(counts: dict[str, int], name: str, *, exactly: int | None = None, at_least: int = 0) -> None:
    if (exactly is not None and counts[name] != exactly) or counts[name] < at_least:
        wanted = exactly if exactly is not None else f"{at_least} or more"
        raise Surprise(f"{name} should be {wanted}, but is {counts[name]}")


def connector(*arguments: str, quiet: bool = False) -> str:
    """Run pbx-connector as a user would; with `quiet` its output is returned instead of shown."""
    print(f"\n$ pbx-connector {' '.join(arguments)}", flush=True)
    command = [str(Path(sys.executable).with_name("pbx-connector")), *arguments]
    environment = os.environ | {"PBX_CONNECTOR_STORE": STORE}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE if quiet else None, text=True, check=False)
    if done.returncode != 0:
        raise Surprise(f"pbx-connector {arguments[0]} ended with exit code {done.returncode}")
    return done.stdout or ""


def headline(text: str) -> None:
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
