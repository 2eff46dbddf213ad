"""What a distribution imports, it declares: what comes with something else today may not come tomorrow."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {".": "pbx_connector", "grammar": "pbx_rules"} | {
    f"plugins/{path.parent.name}": path.name for path in sorted(ROOT.glob("plugins/*/pbx_*"))
}
MADE_BY = metadata.packages_distributions()


def imported(package: Path) -> Iterator[str]:
    """The names of the packages, wherever in the code the import stands."""
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


def declared(project: Path) -> set[str]:
    data = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    lists = [data["dependencies"], *data.get("optional-dependencies", {}).values()]
    return {canonicalize_name(Requirement(text).name) for listed in lists for text in listed}


def makers(name: str) -> set[str]:
    """The distributions that a package may come from; one that is not installed is called like its package."""
    return {canonicalize_name(distribution) for distribution in MADE_BY.get(name, [name])}


@pytest.mark.parametrize(("folder", "package"), PACKAGES.items())
def test_every_import_is_declared(folder: str, package: str) -> None:
    foreign = set(imported(ROOT / folder / package)) - sys.stdlib_module_names - {package}
    stated = declared(ROOT / folder)
    assert foreign or folder != "."
    assert {name for name in foreign if not makers(name) & stated} == set()
