"""docs/service.md, typed in: its commands in the order in which they stand there, with a service that runs."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from free_port import free_port
from product import Connector
from serving import is_ready, wait_until

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/service.md").read_text()


def commands() -> list[list[str]]:
    """What the guide's set-up has an administrator type at `pbx-connector`."""
    setup = GUIDE[GUIDE.index("## Set it up") : GUIDE.index("## When a profile runs")]
    lines = re.findall(r"^ +\$ (.+)$", setup, re.MULTILINE)
    return [shlex.split(line) for line in lines]


def test_the_guide_works_as_it_stands(connector: Connector, profile: Path) -> None:
    etc, listen = connector.home / "etc", f"127.0.0.1:{free_port()}"
    (etc / "profiles").mkdir(parents=True)
    config = (ROOT / "packaging/config.yaml").read_text()
    (etc / "config.yaml").write_text(f"{config}\nservice: {{listen: '{listen}', jitter: 0s}}\n")
    connector.environment["PBX_CONNECTOR_CONFIG"] = str(etc / "config.yaml")
    typed = [words for words in commands() if words[0] == "pbx-connector"]
    assert [words[1] for words in typed] == ["accounts", "check", "automate", "status", "schedule"]
    for words in typed[:3]:
        connector.process(*words[1:])
    (connector.home / "exchange-contacts.yaml").rename(etc / "profiles" / "exchange-contacts.yaml")
    service = subprocess.Popen(
        [str(Path(sys.executable).with_name("pbx-connector")), "serve"],
        cwd=connector.home,
        env=connector.environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert service.stderr is not None
        assert any("profile loaded" in line for line in service.stderr)
        wait_until(lambda: is_ready(listen))
        status, schedule = (connector.process(*words[1:]) for words in typed[3:])
        assert "exchange-contacts" in status.out
        assert re.search(r"exchange-contacts .* 0 12 \* \* \* .* 12:00:00", schedule.out)
    finally:
        service.send_signal(signal.SIGTERM)
        assert service.wait(60) == 0


def test_files_that_the_guide_copies_are_there() -> None:
    copied = [word for words in commands() for word in words if word.startswith("packaging/")]
    assert copied
    for name in copied:
        assert (ROOT / name).is_file()
