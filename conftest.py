"""What the tests of all three packages share: how a test says that something outside the repository is lacking."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NoReturn

import pytest

Lacking = Callable[[str], NoReturn]


@pytest.fixture(scope="session")
def lacking() -> Lacking:
    """Skips the test for a reason that the summary shows. CI has everything: there it is a failure."""

    def lacking(reason: str) -> NoReturn:
        if os.environ.get("CI"):
            pytest.fail(f"{reason} (CI is set, so this is no skip)", pytrace=False)
        pytest.skip(reason)

    return lacking
