"""A control database of its own for each test, on a server that all share, opened as a user without special rights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pbx_connector.application.fleet import Fleet
from pbx_connector.config import ControlConfig
from pbx_connector.plugins import Plugins


@pytest.fixture(scope="session")
def plugins() -> Plugins:
    return Plugins()


@pytest.fixture
def control_config(new_control_url: str, tmp_path: Path) -> ControlConfig:
    return ControlConfig(
        database=new_control_url, keys=tmp_path / "keys", files=tmp_path / "files", cache=tmp_path / "cache"
    )


@pytest.fixture
def fleet(control_config: ControlConfig, plugins: Plugins) -> Iterator[Fleet]:
    with Fleet(control_config, plugins) as fleet:
        yield fleet


PROFILE = """\
title: Staff
source: csv
settings: {file: ../staff.csv, key: Id, settle: 0}
schedule: {every: 15m}
rules: keep when [Name] is not blank because "no name"
structure:
  phonebook:
    - 028pho_bez:   "{{Name}}"
      028pho_phone: "{{Phone}}"
"""


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    """Writes the folder of a tenant, with one profile and its list; gives the folder of all tenants."""

    def write(id: str, *names: str, profile: str = PROFILE) -> Path:
        folder = tmp_path / "fleet" / id
        (folder / "profiles").mkdir(parents=True, exist_ok=True)
        (folder / "profiles" / "staff.yaml").write_text(profile)
        rows = [f"{number};{name};+49 89 {number}" for number, name in enumerate(names, 1)]
        (folder / "staff.csv").write_text("\n".join(["Id;Name;Phone", *rows, ""]))
        return folder.parent

    return write
