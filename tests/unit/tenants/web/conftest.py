"""See `tenant_pages`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tenant_pages import DOMAIN, Pages, made

from pbx_connector.application import tenants
from pbx_connector.application.fleet import Fleet
from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.schema import prepare


@pytest.fixture
def start(fleet: Fleet, tree: Callable[..., Path], tmp_path: Path) -> Iterator[Callable[..., Pages]]:
    """Starts them with settings of `plugins: web:` of the provider."""
    fleet.config = fleet.config.model_copy(update={"domain": DOMAIN})
    started: list[Pages] = []

    def start(**settings: Any) -> Pages:
        started.append(made(fleet, tmp_path / "fleet", **settings))
        for id in ("acme", "bolt"):
            tenants.add(fleet, id, title=id.title())
            tree(id, "Ann", "Bob")
            started[-1].publish(id)
        database = EngineDatabase(fleet.config.database)
        prepare(database)
        database.close()
        started[-1].server.start()
        return started[-1]

    yield start
    for pages in started:
        pages.server.stop()


@pytest.fixture
def pages(start: Callable[..., Pages]) -> Pages:
    return start()
