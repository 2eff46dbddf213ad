"""The import contracts are alive: a plugin that reaches past the api breaks `lint-imports`, and so `make check`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("pbx_connector", "grammar/pbx_rules", "plugins/exchange/pbx_exchange")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages side by side, as an import sees them."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / Path(package).name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    environment = {"PYTHONPATH": str(folder), "PATH": ""}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_contracts_hold(copy: Path) -> None:
    done = lint_imports(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("pbx_exchange/plugin.py", "pbx_connector.errors"),
        ("pbx_exchange/plugin.py", "pbx_connector.run"),
        ("pbx_exchange/plugin.py", "pbx_rules"),
        ("pbx_rules/values.py", "pbx_connector.model"),
        ("pbx_connector/model.py", "pbx_connector.mapping"),
        ("pbx_connector/run/__init__.py", "pbx_connector.cli"),
        ("pbx_connector/mapping.py", "pbx_exchange"),
        ("pbx_connector/exports/vcard.py", "pbx_connector.stores"),
        ("pbx_connector/notifiers/mail.py", "pbx_connector.notice"),
    ],
)
def test_an_import_that_goes_the_wrong_way_is_an_error(copy: Path, module: str, imported: str) -> None:
    path = copy / module
    path.write_text(f"{path.read_text()}\nimport {imported}  # noqa\n")
    done = lint_imports(copy)
    assert done.returncode == 1, done.stdout
    assert "BROKEN" in done.stdout
