"""A real slapd answers random questions as we do: the same names, attributes, results, pages and order."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from pbx_connector.api import Store
from pbx_connector.stores import open_store

from .slapd_oracle import asking_both, missing_of_slapd, question

QUESTIONS = 400
"""`make fuzz` asks 10,000."""
SEEDS = (1, 2)


def lacking(reason: str) -> NoReturn:
    if os.environ.get("PBX_DIRECTORY_SERVERS"):
        pytest.fail(f"{reason} (PBX_DIRECTORY_SERVERS is set, so this is no skip)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'book.db'}"
    with open_store(url) as store:
        yield store


@pytest.mark.parametrize("seed", SEEDS)
def test_slapd_answers_as_we_do(store: Store, tmp_path: Path, seed: int) -> None:
    if missing := missing_of_slapd():
        lacking(f"slapd is not installed (apt install slapd): {', '.join(missing)}")
    chance = random.Random(seed)
    with asking_both(store, tmp_path / "slapd", chance) as differ:
        for _ in range(QUESTIONS):
            asked = question(chance)
            wrong = differ(asked)
            assert not wrong, f"{asked}\n" + "\n".join(wrong)
