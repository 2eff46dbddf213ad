"""What tests of the engine begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from pbx_connector.engine.database import EngineDatabase

Ask = Callable[..., list[Any]]


@pytest.fixture
def database(control_url: str) -> Iterator[EngineDatabase]:
    database = EngineDatabase(control_url)
    yield database
    database.close()


@pytest.fixture
def ask(control_url: str) -> Ask:
    def ask(query: str, *values: Any) -> list[Any]:
        with psycopg.connect(control_url, options="-c search_path=pbx_engine") as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    return ask
