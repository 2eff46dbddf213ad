"""Phone books in SQLite that are copied: for a short test, to make one takes a good part of its time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pbx_connector.stores import open_store


@pytest.fixture(scope="session")
def empty_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "book.db"
    open_store(f"sqlite:///{path}").close()
    return path


def copy_book(empty: Path, url: str) -> None:
    """To the place of a store that does not exist yet, if its address is that of a file."""
    file = Path(url.removeprefix("sqlite:///"))
    if file.is_absolute() and not file.exists():
        shutil.copy(empty, file)
