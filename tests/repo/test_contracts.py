"""The import contracts are alive: a plugin that reaches past the api breaks `lint-imports`, and so `make check`."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "pbx_connector",
    "grammar/pbx_rules",
    *(str(path.relative_to(ROOT)) for path in ROOT.glob("plugins/*/pbx_*")),
)


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
        ("pbx_exchange/plugin.py", "pbx_microsoft365"),
        ("pbx_rules/values.py", "pbx_connector.model"),
        ("pbx_connector/model.py", "pbx_connector.mapping"),
        ("pbx_connector/run/__init__.py", "pbx_connector.cli"),
        ("pbx_connector/mapping.py", "pbx_exchange"),
        ("pbx_connector/exports/vcard.py", "pbx_connector.stores"),
        ("pbx_connector/exports/vcard.py", "pbx_connector.application"),
        ("pbx_connector/notifiers/mail.py", "pbx_connector.notice"),
        ("pbx_connector/cli/main.py", "pbx_connector.run"),
        ("pbx_connector/cli/main.py", "pbx_connector.service"),
        ("pbx_connector/service/web.py", "pbx_connector.stores.sql.store"),
    ],
)
def test_an_import_that_goes_the_wrong_way_is_an_error(copy: Path, module: str, imported: str) -> None:
    path = copy / module
    path.write_text(f"{path.read_text()}\nimport {imported}  # noqa\n")
    done = lint_imports(copy)
    assert done.returncode == 1, done.stdout
    assert "BROKEN" in done.stdout


SHIPPED = [
    file for folder in ("exports", "notifiers") for file in sorted((ROOT / "pbx_connector" / folder).rglob("*.py"))
]


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_plugins_that_ship_import_the_api_and_themselves(file: Path) -> None:
    """Also of modules that `.importlinter` has not heard of yet."""
    imports = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ImportFrom | ast.Import)]
    modules = [node.module or "" for node in imports if isinstance(node, ast.ImportFrom)]
    modules += [name.name for node in imports if isinstance(node, ast.Import) for name in node.names]
    ours = {module for module in modules if module.partition(".")[0] == "pbx_connector"}
    assert {module for module in ours if not module.startswith(f"pbx_connector.{file.parent.name}")} <= {
        "pbx_connector.api"
    }
