"""The scripts of the pages: their build, their addresses, and that the wheel has them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from pbx_web.assets import BUILT, scripts
from structlog.testing import capture_logs

WEB = Path(__file__).resolve().parents[1]
SOURCES = WEB / "javascript"
LOCK = json.loads((SOURCES / "package-lock.json").read_text())
PACKAGES = {name: part for name, part in LOCK["packages"].items() if name}

built = pytest.mark.skipif(
    not (BUILT / "manifest.json").exists() and "CI" not in os.environ, reason="the scripts are not built: make scripts"
)


def test_every_package_is_asked_for_at_the_exact_version_of_the_lock() -> None:
    declared = json.loads((SOURCES / "package.json").read_text())
    wanted = declared["dependencies"] | declared["devDependencies"]
    assert {name: PACKAGES[f"node_modules/{name}"]["version"] for name in wanted} == wanted


def test_the_lock_is_good_for_other_machines_too() -> None:
    for system in ("linux-x64", "linux-arm64", "darwin-arm64", "win32-x64"):
        assert f"node_modules/@esbuild/{system}" in PACKAGES
        assert f"node_modules/@typescript/typescript-{system}" in PACKAGES


@built
def test_every_script_has_an_address_and_every_package_its_licence() -> None:
    assert sorted(scripts()) == ["editor.js", "live.js"]
    for address in scripts().values():
        assert (BUILT / address.removeprefix("/static/built/")).stat().st_size > 10_000
        assert re.search(r"/[a-z]+\.[A-Z0-9]{8}\.js$", address)
    licences = (BUILT / "licences.txt").read_text()
    assert "htmx.org 2.0." in licences
    for name in ("@codemirror/view", "@codemirror/lsp-client", "@codemirror/merge", "@lezer/yaml", "marked"):
        assert f"\n{name} {PACKAGES[f'node_modules/{name}']['version']} (MIT)\n" in licences


def test_without_a_build_there_are_no_scripts_and_a_log_line_says_so(tmp_path: Path) -> None:
    with capture_logs() as lines:
        assert scripts(tmp_path) == {}
    assert [(line["event"], line["log_level"]) for line in lines] == [("web.scripts_absent", "warning")]


@built
def test_the_wheel_has_the_built_scripts_with_their_licences(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=WEB, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        inside = {name for name in wheel.namelist() if "/static/built/" in name}
    assert inside == {f"pbx_web/static/built/{path.name}" for path in BUILT.iterdir()}
    assert {"pbx_web/static/built/licences.txt", "pbx_web/static/built/manifest.json"} < inside


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources of the scripts, with an older build beside them, and nothing installed."""
    folder = tmp_path / "web"
    shutil.copytree(SOURCES, folder / "javascript", ignore=shutil.ignore_patterns("node_modules"))
    old = folder / "pbx_web/static/built"
    old.mkdir(parents=True)
    (old / "manifest.json").write_text("{}")
    return folder


def run_build(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    wanted = {"PATH": "/nowhere", "HOME": str(folder), **environment}
    command = [sys.executable, str(folder / "javascript/build.py")]
    return subprocess.run(command, env=wanted, capture_output=True, text=True)


@pytest.mark.parametrize(("environment", "code"), [({}, 0), ({"CI": "1"}, 1)], ids=["at home", "CI"])
def test_an_unreachable_registry_is_said_and_leaves_what_was_there(
    copy: Path, environment: dict[str, str], code: int
) -> None:
    done = run_build(copy, NPM_CONFIG_REGISTRY="http://127.0.0.1:9/", **environment)
    assert done.returncode == code
    assert "Check that the npm registry is reachable" in done.stderr
    assert "ECONNREFUSED" in done.stderr
    assert [path.name for path in (copy / "pbx_web/static").rglob("*")] == ["built", "manifest.json"]


@built
def test_a_mistake_in_a_source_fails_the_build_and_leaves_what_was_there(copy: Path) -> None:
    (copy / "javascript/node_modules").symlink_to(SOURCES / "node_modules")
    (copy / "javascript/src/live.js").write_text("const = 1;")
    done = run_build(copy)
    assert done.returncode == 1
    assert 'src/live.js:1:6: ERROR: Expected identifier but found "="' in done.stderr
    assert [path.name for path in (copy / "pbx_web/static").rglob("*")] == ["built", "manifest.json"]
