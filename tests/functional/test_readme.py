"""Every command that the README prints works as printed."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

from pbx_exchange.sandbox import Sandbox
from product import Connector

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    return [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines() if line.strip()]


def test_the_two_commands_come_first_and_exist() -> None:
    assert commands()[:2] == ["make demo", "make test"]
    for command in commands()[:2]:
        shown = subprocess.run([*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False)
        assert shown.returncode == 0, shown.stderr


def test_your_own_exchange_step_by_step(connector: Connector, sandbox: Sandbox) -> None:
    (connector.home / "exchange-contacts.secret").write_text(sandbox.password)
    lines = [f"{account.id},{account.username},{account.email}" for account in sandbox.accounts]
    (connector.home / "accounts.csv").write_text("\n".join(["id,username,email", *lines]))
    typed = [command for command in commands() if command.startswith("pbx-connector ")]
    assert len(typed) >= 6
    for command in typed:
        command = command.replace("https://exchange.example.com/EWS/Exchange.asmx", sandbox.url)
        connector(*shlex.split(command)[1:])
    assert len(connector.entries()) > 50
    moved = connector.home / "moved"
    moved.mkdir()
    for name in ("exchange-contacts.yaml", "exchange-contacts.secret"):  # as docs/service.md has it
        (connector.home / name).rename(moved / name)
    connector("test-connection", moved / "exchange-contacts.yaml")
    assert len(commands()) == len(typed) + 3  # make, make, export
