"""Stores that are made by several threads of one process at once do not get in each other's way."""

from __future__ import annotations

import threading
from pathlib import Path

from pbx_connector.stores import open_store


def test_stores_made_at_once_are_whole(tmp_path: Path) -> None:
    ready = threading.Barrier(8)
    faults: list[str] = []
    errors: list[Exception] = []

    def make(number: int) -> None:
        ready.wait(200)
        try:
            with open_store(f"sqlite:///{tmp_path / str(number)}.db") as store:
                faults.extend(store.faults())
        except Exception as error:  # noqa: BLE001 - the test tells them
            errors.append(error)

    threads = [threading.Thread(target=make, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (errors, faults) == ([], [])
