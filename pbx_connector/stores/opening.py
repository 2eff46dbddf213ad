"""From an address to an open store.

A database's code is loaded when a store of its kind is opened: most commands open none, and none should wait for it.
"""

from __future__ import annotations

import os
from pathlib import Path

from pbx_connector import files
from pbx_connector.errors import UsageError
from pbx_connector.stores.address import postgres_address, shown
from pbx_connector.stores.contract import Store

PATIENCE = 30.0
"""Seconds to wait for another program that writes."""


def open_store(url: str, *, read_only: bool = False, patience: float = PATIENCE) -> Store:
    """Open the phone book at `sqlite:///path` or `postgresql://...`, or a new one in `memory:`.

    It is made, or brought to this version, as needed. A file that may not be written to is opened read-only. Raises
    `StoreError` if it cannot be opened and `UsageError` for an address of no store.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "sqlite" and rest.startswith("///") and len(rest) > len("///"):
        path = files.expanded(Path(rest.removeprefix("///")))
        return _open_sqlite(path, read_only or _write_protected(path), patience)
    if url == "memory:":
        from pbx_connector.stores.memory import MemoryStore

        return MemoryStore()
    if scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        return _open_postgres(url, patience)
    raise UsageError(
        f"there is no store at {shown(url)}",
        hint="a store is sqlite:///relative/path, sqlite:////absolute/path or postgresql://user@host/database",
    )


def restore_store(url: str, backup: Path) -> Path | None:
    """Put a backup, which was found whole, in the place of the phone book at `url`; returns where the old one is kept.

    Raises `StoreError`, and `UsageError` for a store that is no file.
    """
    if not url.startswith("sqlite:///"):
        raise UsageError(
            f"{shown(url)} is no file to restore", hint="a server has tools of its own, such as pg_restore"
        )
    from pbx_connector.stores.sql.dialects.sqlite_restore import restore

    return restore(files.expanded(Path(url.removeprefix("sqlite:///"))), backup)


def _open_sqlite(path: Path, read_only: bool, patience: float) -> Store:
    from pbx_connector.stores.sql.dialects.sqlite import open_sqlite
    from pbx_connector.stores.sql.store import SqlStore

    return SqlStore(open_sqlite(path, read_only=read_only, patience=patience))


def _open_postgres(url: str, patience: float) -> Store:
    from pbx_connector.stores.sql.store import SqlStore

    try:
        from pbx_connector.stores.sql.dialects.postgres import PostgresDialect, open_postgres
    except ImportError:
        raise UsageError("PostgreSQL needs an extra", hint="pip install 'pbx-connector[postgres]'") from None
    return SqlStore(open_postgres(postgres_address(url), PostgresDialect(patience), place=shown(url)))


def _write_protected(path: Path) -> bool:
    return path.exists() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))
