"""Whether a phone book is whole, its backups, and how one takes its place again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pbx_connector.errors import StoreError, UsageError
from pbx_connector.files import shown
from pbx_connector.machine import machine_error
from pbx_connector.stores import Upkeep, open_store, restore_store


@dataclass(frozen=True, slots=True)
class StoreCheck:
    place: str
    """For people; carries no password."""
    faults: tuple[str, ...]
    """What is damaged, in words; empty if the phone book is whole."""


def check(url: str) -> StoreCheck:
    """Reads the whole phone book and writes nothing. Raises `StoreError` if it cannot be opened."""
    with open_store(url, read_only=True) as store:
        return StoreCheck(store.place, store.faults())


def backup(url: str, target: Path) -> None:
    """What is committed at one moment, as a file of its own that was found whole. Runs may go on meanwhile.

    Raises `UsageError` for a file that is there already, and `StoreError`.
    """
    if target.exists():
        raise UsageError(f"{shown(target)} exists already", hint="name a new file")
    part = target.with_name(f".{target.name}.part")
    try:
        with open_store(url, read_only=True) as store:
            os.close(os.open(part, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600))
            store.backup(part)
        _require_whole(part)
        os.replace(part, target)
    except OSError as error:
        raise machine_error(error) or UsageError(f"{shown(target)} cannot be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)


def restore(url: str, source: Path) -> Path | None:
    """Put a backup in the phone book's place; returns where what was there is kept, if anything was.

    Raises `StoreError` for a backup that is damaged, or is none; nothing has changed then.
    """
    _require_whole(source)
    return restore_store(url, source)


def require_whole(store: Upkeep, place: str) -> None:
    """Raises `StoreError` that names the first fault."""
    if faults := store.faults():
        raise StoreError(f"{place} is damaged: {faults[0]}", hint="restore a backup: pbx-connector store restore")


def _require_whole(file: Path) -> None:
    with open_store(f"sqlite:///{file}", read_only=True) as store:
        require_whole(store, shown(file))
