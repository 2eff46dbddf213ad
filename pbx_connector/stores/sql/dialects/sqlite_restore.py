"""Puts a backup in the place of a phone book's file; what was there is kept beside it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path

from pbx_connector.errors import StoreError
from pbx_connector.stores.sql.dialects.sqlite import DAMAGED

PATIENCE = 30.0
"""Seconds to wait for another program that writes."""


def restore(path: Path, backup: Path) -> Path | None:
    """In one transaction, so that others who have it open see the old or the new; a damaged file is replaced.

    Returns where what was there is kept, if anything was. Raises `StoreError`; nothing has changed then.
    """
    try:
        kept = _keep(path) if path.exists() else None
        _take_over(backup, path)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path} cannot be restored: {error}", hint="nothing was changed") from error
    return kept


def _keep(path: Path) -> Path:
    names = (path.with_name(f"{path.name}.before-restore-{number}") for number in count(1))
    kept = next(name for name in names if not name.exists())
    _make(kept)
    try:
        _copy(path, kept)
    except sqlite3.DatabaseError as error:
        if not _is_damage(error):
            kept.unlink()
            raise
        shutil.copyfile(path, kept)
    return kept


def _take_over(backup: Path, path: Path) -> None:
    try:
        _copy(backup, path)
    except sqlite3.DatabaseError as error:
        if not _is_damage(error):
            raise
        new = path.with_name(f".{path.name}.restored")
        _make(new)
        _copy(backup, new)
        for log in ("-wal", "-shm"):
            path.with_name(path.name + log).unlink(missing_ok=True)
        os.replace(new, path)


def _make(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600))


def _copy(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(source, timeout=PATIENCE)) as read,
        closing(sqlite3.connect(target, timeout=PATIENCE)) as written,
    ):
        read.backup(written)


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return error.sqlite_errorcode & 0xFF in DAMAGED
