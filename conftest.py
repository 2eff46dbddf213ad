"""What the tests of all three packages share: how a test says that something outside the repository is lacking.

`../shared` holds what is not ours to ship: Microsoft's schemas and the facts about the original connector.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from compiled_statements import compiled_once
from hypothesis import HealthCheck, settings

SHARED = Path(__file__).resolve().parents[1] / "shared"
SCHEMA = "ews-schema"
GRAPH_SCHEMA = "graph-schema/graph-contacts.openapi.yaml"
Lacking = Callable[[str], NoReturn]
FromShared = Callable[[str], Path]

# No time limits: the machines are shared. In CI the same examples each time, elsewhere new ones.
settings.register_profile(
    "ours", deadline=None, derandomize=bool(os.environ.get("CI")), suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ours")


@pytest.fixture(scope="session", autouse=True)
def statements_compiled_once() -> Iterator[None]:
    with compiled_once():
        yield


@pytest.fixture(scope="session")
def lacking() -> Lacking:
    """Skips the test for a reason that the summary shows. CI has everything: there it is a failure."""

    def lacking(reason: str) -> NoReturn:
        if os.environ.get("CI"):
            pytest.fail(f"{reason} (CI is set, so this is no skip)", pytrace=False)
        pytest.skip(reason)

    return lacking


@pytest.fixture(scope="session")
def from_shared(lacking: Lacking) -> FromShared:
    """The path of something in `../shared`; a test that asks for it needs it."""

    def from_shared(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            lacking(f"needs ../shared/{name} beside the repository")
        return path

    return from_shared


@pytest.fixture(scope="session")
def ews_schema() -> Path | None:
    """What every request and answer of a sandbox must be valid by; `test_the_schema_is_there` says where it is not."""
    folder = SHARED / SCHEMA
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def graph_schema() -> Path | None:
    """The same for a sandbox Graph."""
    file = SHARED / GRAPH_SCHEMA
    return file if file.is_file() else None
