"""SQLite, the embedded default: write-ahead log, every commit on disk before it counts, one machine."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic_core import to_json
from sqlalchemy import ColumnElement, Connection, Engine, FromClause, Table, create_engine, event, func, literal, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool, QueuePool

from pbx_connector.counting import counted
from pbx_connector.errors import StoreError
from pbx_connector.stores.sql.dialects.database import BACKUP, Database

KNOWN_ERRORS = (
    ("could not decode", "the file is damaged", BACKUP),  # the first one: this error quotes what is stored
    ("locked", "another program is writing to it", "try again; if it stays so, look for a run that hangs"),
    ("not a database", "the file is damaged or is no phone book", BACKUP),
    ("malformed", "the file is damaged", BACKUP),
    ("no such", "the file is damaged: what is in it is not described there any more", BACKUP),
    ("readonly", "the file or its folder is read-only", "give the user of pbx-connector the right to write there"),
    ("full", "the disk is full", "nothing was changed; make room and run again"),
    ("unable to open", "the file cannot be opened", "see that its folder exists and may be written to"),
    ("disk i/o", "the disk reports an error", "nothing was changed; check the disk, then run again"),
)


DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
MOST_FAULTS = 20
"""So many are named one by one."""


class SqliteDialect:
    def begin(self, connection: Connection, *, write: bool) -> None:
        connection.execution_options(begin="IMMEDIATE" if write else "DEFERRED").begin()

    def load(self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            connection.exec_driver_sql(_insert(table), list(rows))

    def now(self) -> ColumnElement[float]:
        return (func.julianday("now") - 2440587.5) * 86400.0

    def json_object(self, parts: Iterable[tuple[str, ColumnElement[Any]]]) -> ColumnElement[Any]:
        return func.json_object(*[part for name, value in parts for part in (literal(name), value)])

    def json_text(self, json: ColumnElement[Any]) -> ColumnElement[str]:
        return json

    def parsed(self, text: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.json(text)

    def member(self, text: ColumnElement[Any], name: str) -> ColumnElement[Any]:
        return func.json_extract(text, f"$.{name}")

    def with_member(self, text: ColumnElement[Any], name: str, value: str) -> ColumnElement[str]:
        return func.json_set(text, f"$.{name}", value)

    def collected(self, key: ColumnElement[str], value: ColumnElement[str]) -> ColumnElement[Any]:
        return func.json_group_object(key, value)

    def pairs(self, text: ColumnElement[str]) -> FromClause:
        return func.json_each(text).table_valued("key", "value")

    def among(self, column: ColumnElement[str], values: Sequence[str]) -> ColumnElement[bool]:
        return column.in_(select(func.json_each(to_json(values).decode()).table_valued("value").c.value))

    def prepare_staging(self, connection: Connection) -> None:
        """Its temporary tables grow as they need to."""

    def analyze(self, connection: Connection, columns: Mapping[Table, Sequence[str]]) -> None:
        """SQLite plans these joins by their indexes alone."""

    def damage(self, connection: Connection) -> list[str]:
        try:
            pages = connection.exec_driver_sql(f"PRAGMA integrity_check({MOST_FAULTS})").scalars().all()
            strays = Counter(row[0] for row in connection.exec_driver_sql("PRAGMA foreign_key_check"))
        except DatabaseError as error:
            if not self.is_damage(error.orig):
                raise
            return [f"SQLite cannot read it: {error.orig}"]
        faults = [f"SQLite: {' '.join(fault.split())}" for fault in pages if fault != "ok"]
        return faults + [
            f"{table} has {counted(many, 'row')} whose owner is missing" for table, many in sorted(strays.items())
        ]

    def is_damage(self, error: BaseException | None) -> bool:
        if isinstance(error, UnicodeDecodeError):
            return True  # the driver's own words about a damaged schema are no text
        if not isinstance(error, sqlite3.Error):
            return False
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)  # none: bytes that are no text
        words = ("could not decode", "malformed", "no such")
        return code & 0xFF in DAMAGED or (code == sqlite3.SQLITE_ERROR and str(error).casefold().startswith(words))

    def copy(self, connection: Connection, target: Path) -> None:
        source = connection.connection.dbapi_connection
        assert isinstance(source, sqlite3.Connection)  # noqa: S101 - this is its dialect
        with closing(sqlite3.connect(target, isolation_level=None)) as made:
            source.backup(made)

    def translate(self, error: Exception) -> tuple[str, str] | None:
        if isinstance(error, UnicodeDecodeError):
            return "the file is damaged", BACKUP
        if not isinstance(error, sqlite3.Error):
            return None
        text = str(error).casefold()
        for sign, message, hint in KNOWN_ERRORS:
            if sign in text:
                return message, hint
        return f"SQLite answered with {type(error).__name__}", "look whether it is damaged: pbx-connector store check"

    def leaves_open(self, error: BaseException | None) -> bool:
        return False


@lru_cache
def _insert(table: Table) -> str:
    marks = ", ".join("?" * len(table.columns))
    return f"INSERT INTO {table.name} VALUES ({marks})"  # noqa: S608 - the name of a table of ours


def open_sqlite(path: Path, *, read_only: bool, patience: float) -> Database:
    """The database of a file, made if it is not there; `patience` is how many seconds to wait for another writer."""
    if read_only and not path.exists():
        raise StoreError(f"{path} does not exist", hint="a run makes it; a read-only store must be there")
    if not read_only:
        _make_private(path)
    if _is_empty(path):
        raise StoreError(
            f"{path} is an empty file, no phone book",
            hint="restore a backup: pbx-connector store restore; or remove the file, and a new one is made",
        )
    engine = _engine(path, read_only, patience)
    return Database(engine, SqliteDialect(), str(path), read_only, path)


def _make_private(path: Path) -> None:
    """A new file is its owner's alone, and so are the logs beside it. It comes to its place with SQLite's header in it,
    so that an empty file is never one that somebody is about to fill. A failure shows when it is opened."""
    if path.exists():
        return
    new = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    with suppress(OSError, sqlite3.Error):
        try:
            os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            with closing(sqlite3.connect(new)) as made:
                made.execute("VACUUM")
            os.link(new, path)  # fails if somebody else was faster
        finally:
            new.unlink(missing_ok=True)


def _is_empty(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size == 0
    except OSError:
        return False


class Frozen(sqlite3.Connection):
    """Reads a file as it stands, without locks or a log: right as long as nobody writes to it."""

    def __init__(self, database: str, *args: Any, **settings: Any) -> None:
        self._path = Path(settings.pop("path"))
        self._was = _state_of(self._path)
        super().__init__(f"{database}&immutable=1", *args, **settings)

    def check(self) -> None:
        """Raises `StoreError` if somebody wrote meanwhile: what it reads by now may be wrong."""
        if _state_of(self._path) != self._was:
            raise StoreError(f"{self._path}: another program wrote to it while it was read", hint="look again")


def _state_of(path: Path) -> tuple[int, int, bool]:
    state = path.stat()
    return state.st_mtime_ns, state.st_size, _log(path).exists()


def _log(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _engine(path: Path, read_only: bool, patience: float) -> Engine:
    def connect() -> sqlite3.Connection:
        made = _open_to_read(path, patience) if read_only else _open(path, "rwc", patience)
        if not read_only:
            made.execute("PRAGMA journal_mode = WAL")
        made.execute("PRAGMA synchronous = FULL")
        made.execute("PRAGMA foreign_keys = ON")
        return made

    # Whether somebody writes is seen at the connect, so who only reads connects for every look.
    engine = create_engine(
        "sqlite:///file", creator=connect, hide_parameters=True, poolclass=NullPool if read_only else QueuePool
    )
    event.listen(engine, "begin", _begin)
    event.listen(engine, "before_cursor_execute", _check_frozen)
    return engine


def _open(path: Path, mode: str, patience: float, **more: Any) -> sqlite3.Connection:
    address = f"file:{quote(str(path.absolute()))}?mode={mode}"
    settings = {"uri": True, "timeout": patience, "check_same_thread": False, "isolation_level": None, **more}
    made: sqlite3.Connection = sqlite3.connect(address, **settings)
    return made


def _open_to_read(path: Path, patience: float) -> sqlite3.Connection:
    """Beside those who write. Where no log can be made, and none is there, the file is read as it stands."""
    made = _open(path, "ro", patience)
    try:
        made.execute("SELECT 1 FROM sqlite_master LIMIT 1")
    except sqlite3.OperationalError as error:
        made.close()
        if (
            error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
            or _log(path).exists()
        ):
            raise
        return _open(path, "ro", patience, factory=partial(Frozen, path=path))
    return made


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")


def _check_frozen(connection: Connection, *_: Any) -> None:
    """Before each statement: a transaction without locks sees what others write."""
    driver = connection.connection.dbapi_connection
    if isinstance(driver, Frozen):
        driver.check()
