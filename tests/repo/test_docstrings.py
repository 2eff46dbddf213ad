"""A file that a module's docstring names exists: beside the module, in its package, or in the repository."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "pbx_connector",
    "grammar/pbx_rules",
    *(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("plugins/*/pbx_*"))),
)
MODULES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def named(module: Path) -> list[str]:
    text = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return re.findall(r"(?<![\w/.])((?:\w+/)*\w+\.py)\b", text)


def exists(name: str, module: Path) -> bool:
    """Folders above the module count up to the repository: `operations/paging.py` is meant from the package."""
    above = [folder for folder in module.parents if folder.is_relative_to(ROOT)]
    return any((folder / name).is_file() for folder in above)


def test_some_docstrings_name_files() -> None:
    assert sum(bool(named(module)) for module in MODULES) > 5


@pytest.mark.parametrize("module", [m for m in MODULES if named(m)], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_docstring_names_exists(module: Path) -> None:
    assert [name for name in named(module) if not exists(name, module)] == []
