"""requirements.lock is complete, exact and free of addresses."""

from __future__ import annotations

import json
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = sorted(
    path for path in [ROOT / "pyproject.toml", ROOT / "grammar/pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml")]
)
LOCK = (ROOT / "requirements.lock").read_text()
PINS = {
    canonicalize_name(match[1]): match[2]
    for match in re.finditer(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", LOCK, re.MULTILINE)
}
# Extras that need the system's libraries to build, so that the lock must do without them.
UNLOCKED = ("kerberos",)
OURS = {tomllib.loads(path.read_text())["project"]["name"] for path in PROJECTS}


def declared(project: Path) -> list[Requirement]:
    data = tomllib.loads(project.read_text())
    listed = list(data["project"]["dependencies"])
    for name, extra in data["project"].get("optional-dependencies", {}).items():
        listed += extra if name not in UNLOCKED else []
    for group in data.get("dependency-groups", {}).values():
        listed += [entry for entry in group if isinstance(entry, str)]
    return [Requirement(text) for text in listed]


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.parent.name)
def test_every_declared_requirement_is_pinned_at_a_version_that_satisfies_it(project: Path) -> None:
    for requirement in declared(project):
        name = canonicalize_name(requirement.name)
        if name not in OURS:
            assert name in PINS, f"{name} is not in requirements.lock: run make lock"
            assert PINS[name] in requirement.specifier, f"{name} {PINS[name]} is too old or new: run make lock"


def test_nothing_is_pinned_that_nobody_asked_for() -> None:
    wanted: set[str] = set()
    queue = [requirement for project in PROJECTS for requirement in declared(project)]
    while queue:
        requirement = queue.pop()
        name = canonicalize_name(requirement.name)
        key = f"{name}[{','.join(sorted(requirement.extras))}]"
        if key in wanted or name in OURS:
            continue
        wanted |= {name, key}
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # for another platform
        for text in needs:
            need = Requirement(text)
            extras = requirement.extras or {""}
            if (
                need.marker is None
                or "extra" not in str(need.marker)
                or any(need.marker.evaluate({"extra": extra}) for extra in extras)
            ):
                queue.append(need)
    assert set(PINS) - wanted == set()


JUDGES = (ROOT / "plugins/microsoft365/judges/requirements.lock").read_text()


@pytest.mark.parametrize("lock", [LOCK, JUDGES], ids=["ours", "judges"])
def test_the_lock_has_hashes_and_no_address(lock: str) -> None:
    pins = re.findall(r"^[A-Za-z0-9._-]+==", lock, re.MULTILINE)
    assert lock.count("--hash=sha256:") >= len(pins) > 50
    assert not re.search(r"://|index-url|find-links", lock)


def test_the_judges_are_locked_at_the_versions_that_are_asked_for() -> None:
    asked = (ROOT / "plugins/microsoft365/judges/requirements.in").read_text().split()
    assert [line for line in asked if not re.search(rf"^{re.escape(line)}[= ]", JUDGES, re.MULTILINE | re.I)] == []


def test_the_lock_of_the_scripts_has_hashes_and_no_address() -> None:
    text = (ROOT / "plugins/web/javascript/package-lock.json").read_text()
    packages = {name: part for name, part in json.loads(text)["packages"].items() if name}
    assert len(packages) > 20
    assert [name for name, part in packages.items() if not part["integrity"].startswith("sha512-")] == []
    assert not re.search(r'://|"resolved"', text)
