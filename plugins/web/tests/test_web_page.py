"""What docs/web.md says is so: its configuration is taken, it names every key, and `make web` does what it tells."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import httpx
from pbx_web.settings import WebSettings

from pbx_connector.api import PluginConfig
from pbx_connector.config import ConfigFile

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/web.md").read_text(encoding="utf-8")
LINK = re.compile(r"  (http://127\.0\.0\.1:\d+)(/setup/\S+)")


def test_the_example_can_be_used(tmp_path: Path) -> None:
    [(name, example)] = re.findall(r"<!-- file: (\S+) -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)
    file = tmp_path / name
    file.write_text(example, encoding="utf-8")
    settings, found = ConfigFile.read(file, {}).section("web", PluginConfig(WebSettings))
    assert found == ()
    assert isinstance(settings, WebSettings)
    assert settings.host == "pbx.example.org"


def test_every_key_is_told() -> None:
    told = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE))))
    assert set(WebSettings.model_fields) <= told


def test_make_web_prints_one_link_that_lets_the_first_administrator_in_and_ends_whole(tmp_path: Path) -> None:
    assert re.search(r"^web: .*\n\t@\$\(BIN\)/python -m pbx_web\.demo$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    command = [sys.executable, "-m", "pbx_web.demo"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, env=os.environ)
    try:
        assert process.stdout
        url, path = next(found.groups() for line in process.stdout if (found := LINK.match(line)))
        page = httpx.get(url + path, timeout=60)
        assert (page.status_code, "New password" in page.text) == (200, True)
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(250)
    assert code == 0
    with suppress(httpx.NetworkError, httpx.ProtocolError):  # somebody else may have the port by now
        assert httpx.get(url + path, timeout=60).status_code != 200, "the pages are still there"
