"""What ships for systems: systemd accepts the units, the example configuration is true, the container file fits."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import ConfigParser
from datetime import timedelta
from pathlib import Path

import pytest

from pbx_connector.config import Config, load_config
from pbx_connector.duration import parse_duration
from pbx_connector.notice import NoticeKind
from pbx_connector.service.daemon import TICK

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
COMMAND = "/opt/pbx-connector/bin/pbx-connector"
NOBODY: dict[str, str] = {}


def unit(name: str) -> ConfigParser:
    parser = ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # names of units keep their case
    parser.read(PACKAGING / name)
    return parser


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    names = []
    for path in sorted(PACKAGING.glob("pbx-connector*.*")):
        # What a unit starts must exist for systemd to accept it; a template is checked as an instance of it.
        text = path.read_text().replace(COMMAND, shutil.which("true") or "")
        names.append(path.name.replace("@.", "@crm."))
        (tmp_path / names[-1]).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", *[f"./{name}" for name in names]], cwd=tmp_path, capture_output=True, text=True
    )
    assert len(names) == 3
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_waits_longer_than_the_service_takes_to_stop_and_to_report() -> None:
    service = unit("pbx-connector.service")["Service"]
    config = Config()
    assert service["Type"] == "notify"
    assert timedelta(seconds=int(service["TimeoutStopSec"])) > config.service.stop_within + timedelta(seconds=10)
    assert int(service["WatchdogSec"]) > 10 * TICK
    assert service["RestartPreventExitStatus"] == "2"


def test_every_unit_starts_a_command_that_there_is() -> None:
    for name, command in (("pbx-connector.service", "serve"), ("pbx-connector-run@.service", "run")):
        words = unit(name)["Service"]["ExecStart"].split()
        assert words[:4] == [COMMAND, "--config", "/etc/pbx-connector/config.yaml", command]


def test_the_example_configuration_is_valid_as_it_is_and_with_everything_in_it(tmp_path: Path) -> None:
    text = (PACKAGING / "config.yaml").read_text()
    as_it_is = load_config(PACKAGING / "config.yaml", NOBODY)
    assert as_it_is.profiles == PACKAGING / "profiles"
    filled = tmp_path / "config.yaml"
    filled.write_text(re.sub(r"^# (?=( *\w+:))", "", text, flags=re.MULTILINE).split("\n", 2)[2])
    config = load_config(filled, NOBODY)
    assert config.mail is not None
    assert config.webhook is not None
    # What stands there commented out is what counts without it.
    assert (config.notify, config.service) == (Config().notify, Config().service)


def test_the_container_file_copies_what_there_is() -> None:
    text = (PACKAGING / "Containerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    assert copied
    for names in copied:
        for name in names.split():
            assert (ROOT / name).exists()
    for distribution in re.findall(r" (\.(?:/[\w/]+)?)(?= |$|')", text[text.index("pip install") :].split("\n")[0]):
        assert (ROOT / distribution / "pyproject.toml").exists()
    listed = re.search(r"grep -oE '([^']+)' requirements.lock", text)
    assert listed is not None
    pins = re.findall(listed[1].removeprefix("^"), (ROOT / "requirements.lock").read_text())
    assert any(pin.startswith("sqlalchemy==") for pin in pins)


def test_the_guide_names_every_message_and_its_limits() -> None:
    guide = (ROOT / "docs/service.md").read_text()
    for kind in NoticeKind:
        assert f"| {kind} |" in guide
    notify = Config().notify
    assert notify.overdue_after == parse_duration("26h")
    assert "26 hours (`overdue_after`)" in guide
    assert notify.secret_before == timedelta(weeks=2)
    assert notify.partial_after == 3
