"""The README's own Exchange and then docs/service.md, typed as printed, one after the other, in one folder."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from free_port import free_port
from pages import steps
from pbx_exchange.sandbox import Sandbox
from serving import is_ready, wait_until

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent

OF_THE_MACHINE = """
make() { :; }; useradd() { :; }; systemctl() { :; }; chown() { :; }; python3() { :; }; pip() { :; }
install() {
    local words=()
    while [ $# -gt 0 ]; do case "$1" in -o|-g) shift 2;; *) words+=("$1"); shift;; esac; done
    command install "${words[@]}"
}
set -e
"""
"""What needs an administrator or the network; everything else is done for real."""


class Machine:
    """A checkout, and the folders of a machine below it: `/etc`, `/opt`, `/usr` and `/var` in a command mean these."""

    def __init__(self, home: Path, sandbox: Sandbox) -> None:
        self.home = home
        self._url = sandbox.url
        (home / "packaging").symlink_to(ROOT / "packaging")
        (home / ".venv").symlink_to(BIN.parent)
        (home / "opt/pbx-connector").mkdir(parents=True)
        (home / "opt/pbx-connector/bin").symlink_to(BIN)
        for name in ("usr/local/bin", "var/lib/pbx-connector", "etc/systemd/system"):
            (home / name).mkdir(parents=True)
        self.listen = f"127.0.0.1:{free_port()}"
        self.environment = {
            "PATH": f"{home}/usr/local/bin:/usr/bin:/bin",
            "HOME": str(home),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "PBX_CONNECTOR_SERVICE_LISTEN": self.listen,
        }

    def type(self, command: str) -> str:
        """Where the last command left the search path, the next one finds it; returns what was printed."""
        printed = subprocess.run(
            ["bash", "-c", f"{OF_THE_MACHINE}\n{self._here(command)}\necho PATH=$PATH"],
            cwd=self.home,
            env=self._configured(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )
        assert printed.returncode == 0, f"{command}\n{printed.stdout}\n{printed.stderr}"
        shown, _, path = printed.stdout.rpartition("PATH=")
        self.environment["PATH"] = path.strip()
        return shown

    def serve(self) -> subprocess.Popen[str]:
        """As the unit does that was copied."""
        unit = (self.home / "etc/systemd/system/pbx-connector.service").read_text()
        [line] = re.findall(r"^ExecStart=(.+)$", unit, re.MULTILINE)
        words = shlex.split(self._here(line))
        return subprocess.Popen(words, cwd=self.home, env=self._configured(), stderr=subprocess.PIPE, text=True)

    def _here(self, command: str) -> str:
        command = re.sub(r"/opt/pbx-connector/bin/pip", "pip", command)
        command = command.replace("https://exchange.example.com/EWS/Exchange.asmx", self._url)
        return re.sub(r"(?<![\w.:/])/(etc|opt|usr|var)/", rf"{self.home}/\1/", command)

    def _configured(self) -> dict[str, str]:
        """The configuration is looked for in `/etc/pbx-connector`; the store that it names lies below the folder."""
        config = self.home / "etc/pbx-connector/config.yaml"
        if not config.exists():
            return self.environment
        store = f"sqlite:///{self.home}/var/lib/pbx-connector/phonebook.sqlite"
        assert f"store: {store.replace(str(self.home), '')}" in config.read_text()
        return {**self.environment, "PBX_CONNECTOR_CONFIG": str(config), "PBX_CONNECTOR_STORE": store}


@pytest.fixture
def machine(tmp_path: Path, sandbox: Sandbox) -> Machine:
    machine = Machine(tmp_path, sandbox)
    secret = tmp_path / "exchange-contacts.secret"
    secret.write_text(sandbox.password)
    secret.chmod(0o600)
    lines = [f"{account.id},{account.username},{account.email}" for account in sandbox.accounts]
    (tmp_path / "accounts.csv").write_text("\n".join(["id,username,email", *lines]))
    return machine


def typed(page: str) -> Iterator[str]:
    """README's commands, or those of the set-up of the service."""
    set_up, elsewhere = "## Set it up", "## When a profile runs"
    text = (ROOT / page).read_text()
    end = text[: text.index(elsewhere)].count("\n") if set_up in text else text.count("\n")
    return (step.command for step in steps(ROOT / page) if step.command and step.line <= end)


def test_readme_and_then_the_service(machine: Machine) -> None:
    for command in typed("README.md"):
        machine.type(command)
    tried = json.loads(machine.type("pbx-connector phonebook list --json"))
    commands = list(typed("docs/service.md"))
    start = next(number for number, command in enumerate(commands) if command.startswith("systemctl"))
    for command in commands[:start]:
        machine.type(command)
    assert not list(machine.home.glob("*.secret"))
    service = machine.serve()
    try:
        assert service.stderr is not None
        assert any("profile loaded" in line for line in service.stderr)
        wait_until(lambda: is_ready(machine.listen))
        shown = [machine.type(command) for command in commands[start:]]
        assert all("exchange-contacts" in text for text in shown[1:])
        machine.type("pbx-connector run etc/pbx-connector/profiles/exchange-contacts.yaml")
        served = json.loads(machine.type("pbx-connector phonebook list --json"))
    finally:
        service.send_signal(signal.SIGTERM)
        assert service.wait(60) == 0
    assert len(served) == len(tried) > 50
    assert {entry["account"] for entry in served} == {entry["account"] for entry in tried}
