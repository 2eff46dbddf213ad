"""What the two databases do differently, and the only way to them: a transaction that translates their errors.

`sqlite.py` and `postgres.py` fill this in; everything else in `stores.sql` is written once for both.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Engine, FromClause, Table
from sqlalchemy.exc import SQLAlchemyError

from pbx_connector.errors import ConnectorError, StoreDamaged, StoreError
from pbx_connector.machine import machine_first

BACKUP = "restore a backup: pbx-connector store restore FILE; or start a new file and run all profiles"
LOOKED_OVER = 256 * 2**20
"""Bytes of the largest file that is looked over whenever a store is opened to be written to or listed."""


class Dialect(Hashable, Protocol):
    def begin(self, connection: Connection, *, write: bool) -> None:
        """Start a transaction; one that writes waits until no other one does. Readers go on."""
        ...

    def load(self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows by the fastest way there is, each with a value for every column of the table."""
        ...

    def now(self) -> ColumnElement[float]: ...

    def json_object(self, parts: Iterable[tuple[str, ColumnElement[Any]]]) -> ColumnElement[Any]: ...

    def json_text(self, json: ColumnElement[Any]) -> ColumnElement[str]: ...

    def parsed(self, text: ColumnElement[Any]) -> ColumnElement[Any]: ...

    def member(self, text: ColumnElement[Any], name: str) -> ColumnElement[Any]:
        """A text of a JSON object, by its name."""
        ...

    def with_member(self, text: ColumnElement[Any], name: str, value: str) -> ColumnElement[str]:
        """The JSON object with another text under that name."""
        ...

    def collected(self, key: ColumnElement[str], value: ColumnElement[str]) -> ColumnElement[Any]:
        """An aggregate: a JSON object of keys and values."""
        ...

    def pairs(self, text: ColumnElement[str]) -> FromClause:
        """The pairs of a JSON object as rows of columns `key` and `value`."""
        ...

    def among(self, column: ColumnElement[str], values: Sequence[str]) -> ColumnElement[bool]:
        """Whether a column has one of many values, sent as one."""
        ...

    def prepare_staging(self, connection: Connection) -> None:
        """Make room on a connection that is about to get its temporary tables."""
        ...

    def analyze(self, connection: Connection, columns: Mapping[Table, Sequence[str]]) -> None:
        """Tell the planner how big temporary tables have become, and what is in the columns that it joins by."""
        ...

    def damage(self, connection: Connection) -> list[str]:
        """What is wrong with the database itself, in words, as far as it can tell; takes as long as reading it all."""
        ...

    def is_damage(self, error: BaseException | None) -> bool:
        """Whether a foreign error says that what is stored cannot be read, not that the database is unreachable or
        busy."""
        ...

    def copy(self, connection: Connection, target: Path) -> None:
        """Write what is committed into a new file, while others write. Raises `UsageError` where that is for the
        server's own tools."""
        ...

    def translate(self, error: Exception) -> tuple[str, str] | None:
        """Message and hint for a foreign error; None if it is none of this database's."""
        ...

    def leaves_open(self, error: BaseException | None) -> bool:
        """Whether a commit that failed like this may have been made all the same."""
        ...


@dataclass(frozen=True, slots=True)
class Database:
    engine: Engine
    dialect: Dialect
    place: str
    """For people; carries no password."""
    read_only: bool = False
    file: Path | None = None
    """What holds it, if it is one file of this machine."""
    owns_engine: bool = True
    """Its connections serve nobody else."""
    _sound: Event = field(default_factory=Event, init=False, compare=False)
    """Set once it was looked over and is in order."""

    def close(self) -> None:
        if self.owns_engine:
            self.engine.dispose()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """The edge: foreign errors become `StoreError`, without the data that they may quote."""
        try:
            with machine_first():
                yield
        except SQLAlchemyError as error:
            raise self._store_error(getattr(error, "orig", None) or error) from error
        except ConnectorError:
            raise
        except Exception as error:
            if self.dialect.translate(error) is None:
                raise
            raise self._store_error(error) from error

    def _store_error(self, error: BaseException) -> StoreError:
        found = self.dialect.translate(error) if isinstance(error, Exception) else None
        message, hint = found or (f"the database answered with {type(error).__name__}", "")
        kind = StoreDamaged if self.dialect.is_damage(error) else StoreError
        return kind(f"{self.place}: {message}", hint=hint)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """What the database failed on is not used again: nobody knows what became of its transaction."""
        with self.translated(), self.engine.connect() as connection:
            try:
                yield connection
            except ConnectorError:
                raise
            except Exception:
                connection.invalidate()
                raise

    @contextmanager
    def private(self) -> Iterator[Connection]:
        """A connection that ends with the block, and its temporary tables with it."""
        with self.translated(), self.engine.connect() as connection:
            try:
                yield connection
            finally:
                connection.invalidate()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the phone book."""
        with self._connected() as connection:
            self.dialect.begin(connection, write=False)
            yield connection

    def look_over(self) -> None:
        """Before anybody builds on it, once for an open store: a broken index gives runs wrong answers, and what is
        written beside damage makes it larger. Raises `StoreDamaged`.

        It reads the whole file, so that larger ones than `LOOKED_OVER` are left to the daily check.
        """
        if self._sound.is_set():
            return
        if self.file is not None and self.file.exists() and self.file.stat().st_size <= LOOKED_OVER:
            with self.read() as connection:
                self.require_sound(connection, "is damaged")
        self._sound.set()

    def require_sound(self, connection: Connection, what: str) -> None:
        """Raises `StoreDamaged`, which says `what` of it."""
        if damage := self.dialect.damage(connection):
            raise StoreDamaged(f"{self.place} {what}: {damage[0]}", hint=BACKUP)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that no other one writes beside; it commits at the end or changes nothing."""
        if self.read_only:
            raise StoreError(f"{self.place} is read-only", hint="only looking and simulating are possible")
        self.look_over()
        with self._connected() as connection:
            self.dialect.begin(connection, write=True)
            yield connection
            self.commit(connection)

    def commit(self, connection: Connection) -> None:
        """Inside `translated`. A server that was lost in the meantime may have had the last word or not."""
        try:
            connection.commit()
        except SQLAlchemyError as error:
            if not self.dialect.leaves_open(getattr(error, "orig", None)):
                raise
            raise StoreError(
                f"{self.place}: the connection broke while the changes were saved: all of them are, or none",
                hint="pbx-connector history says whether they are; to run a profile again is safe",
            ) from error
