"""What a simulation found out, in a file: every record, the row that makes it and what became of that row.

The file lies in its job's private folder and goes with it; of a simulation of any size little is in memory.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pbx_connector.api import (
    Action,
    Book,
    BookStatus,
    Change,
    Content,
    MachineError,
    Outcome,
    Problem,
    Report,
    Row,
    RowPlace,
    Simulation,
    Skipped,
    StagedRow,
    StreamItem,
    application,
    fold,
)
from pbx_connector.api import FieldSet as Fields

MOST_BYTES = 500_000_000
"""Of what sources say in their rows. Beyond it rows are listed, and not shown any more."""
PAGE = 100
_SCHEMA = """
CREATE TABLE row (
  no INTEGER PRIMARY KEY, book TEXT, title TEXT, account TEXT, key TEXT, outcome TEXT, reason TEXT, problems TEXT,
  name TEXT, said TEXT, UNIQUE (book, key) ON CONFLICT REPLACE
);
CREATE TABLE item (
  no INTEGER PRIMARY KEY, kind TEXT, aside TEXT, action TEXT, entry INTEGER, book TEXT, account TEXT, row INTEGER,
  searched TEXT, before TEXT, after TEXT
);
CREATE TABLE giving (entry TEXT, profile TEXT, shown TEXT, shown_profile TEXT);
"""
_INDEXES = """
CREATE INDEX item_kind ON item (kind, no);
CREATE INDEX item_aside ON item (aside, no) WHERE aside <> '';
"""

KINDS = ("added", "updated", "removed", "unchanged")
ASIDES = ("problem", "skipped")
_KIND = {Action.ADD: "added", Action.UPDATE: "updated", Action.REMOVE: "removed"}
_ASIDE = {Outcome.FAILED: "problem", Outcome.SKIPPED: "skipped"}


@dataclass(frozen=True, slots=True)
class SeenRow:
    """One row of the source."""

    key: str
    book: Book
    outcome: Outcome
    name: str
    """What people know the contact by."""
    reason: str = ""
    """Why it is skipped."""
    problems: tuple[Problem, ...] = ()
    values: Mapping[str, Any] | None = None
    """None where the source did not say anything of it, or too much."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a simulation: a record, or a row that makes none."""

    no: int
    change: Change | None
    account: str | None
    """Whose private contact it is."""
    aside: str = ""
    """What else is to be said: one of `ASIDES`."""
    row: SeenRow | None = None

    @property
    def name(self) -> str:
        if self.change is not None:
            return self.change.content.fields.get("display_name", "")
        return self.row.name if self.row else ""

    @property
    def is_personal(self) -> bool:
        """Also where a personal contact makes a company entry, or none: what it says is its owner's."""
        return self.account is not None or (self.row is not None and self.row.book.account is not None)

    @property
    def book(self) -> str:
        return self.change.book if self.change else self.row.book.title if self.row else ""


@dataclass(frozen=True, slots=True)
class Giving:
    """An entry that would give way to another profile's."""

    entry: str
    profile: str
    shown: str
    shown_profile: str


class Recorder:
    """Writes the file while the simulation goes on; looks on as its `Observer`."""

    def __init__(self, file: Path, fields: Fields) -> None:
        self._fields = fields
        self._room = MOST_BYTES
        self._database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        with _writing():
            self._database.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; {_SCHEMA}")
            self._database.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, t: TracebackType | None) -> None:
        self._database.close()

    def staged(self, book: Book, items: Sequence[StreamItem], rows: Sequence[StagedRow]) -> None:
        values = [self._row(book, item, row) for item, row in zip(items, rows, strict=True)]
        with _writing():
            self._database.executemany("INSERT INTO row VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

    def take(self, simulation: Simulation, go_on: Callable[[], None]) -> dict[str, int]:
        """All records; returns how many lines there are of each kind. `go_on` is asked now and then and may raise."""
        records = simulation.records()
        while some := list(islice(records, 500)):
            go_on()
            with _writing():
                self._database.executemany(_INSERT, [self._item(change) for change in some])
        giving = [tuple(map(_text, _giving(each))) for each in simulation.shift.giving]
        with _writing():
            self._database.executemany(_INSERT, list(self._recordless(simulation.report)))
            self._database.executemany("INSERT INTO giving VALUES (?, ?, ?, ?)", giving)
            self._database.execute("COMMIT")
            self._database.executescript(_INDEXES)
            return self._counts()

    def _row(self, book: Book, item: StreamItem, row: StagedRow) -> tuple[Any, ...]:
        values = item.values if isinstance(item, Row) else {}
        name = _name(values, self._fields)
        reason = row.reason or (item.reason if isinstance(item, Skipped) else "")
        problems = json.dumps([asdict(problem) for problem in row.problems]) if row.problems else ""
        texts = (book.id, book.title, book.account, row.key, str(row.outcome), reason, problems, name)
        return (*map(_text, texts), self._said(item))

    def _said(self, item: StreamItem) -> str | None:
        if not isinstance(item, Row) or self._room < 0:
            return None
        plain = {name: application.views.plain(value) for name, value in item.values.items()}
        said = json.dumps(
            {name: value for name, value in plain.items() if value not in (None, "", [], {})}, default=str
        )
        self._room -= len(said)
        return said

    def _item(self, change: Change) -> tuple[Any, ...]:
        row = self._place(change.row)
        aside = _ASIDE.get(Outcome(row[1]), "") if row else ""
        aside = "problem" if row and row[2] else aside
        sides = [side for side in (change.before, change.after) if side]
        account = next((side.account for side in sides if side.account is not None), None)
        said = " ".join(part for side in sides for part in (*side.fields.values(), *side.labels.values()))
        texts = [side.to_json() if side else None for side in (change.before, change.after)]
        what = (_KIND.get(change.action, "unchanged"), aside, str(change.action), change.entry, _text(change.book))
        return (*what, account, row[0] if row else None, _folded(said), *texts)

    def _place(self, place: RowPlace | None) -> tuple[int, str, str] | None:
        if place is None:
            return None
        query = "SELECT no, outcome, problems FROM row WHERE book = ? AND key = ?"
        found: tuple[int, str, str] | None = self._database.execute(query, (place.book, place.key)).fetchone()
        return found

    def _recordless(self, report: Report) -> Iterator[tuple[Any, ...]]:
        """Rows that were skipped or not understood and have no entry, without those of books that failed."""
        failed = {book.book.id for book in report.books if book.status is not BookStatus.DONE}
        query = (
            "SELECT no, book, title, account, outcome, reason, name FROM row"
            " WHERE outcome IN (?, ?) AND no NOT IN (SELECT row FROM item WHERE row IS NOT NULL) ORDER BY no"
        )
        for no, book, title, account, outcome, reason, name in self._database.execute(query, tuple(_ASIDE)).fetchall():
            if book not in failed:
                aside = _ASIDE[Outcome(outcome)]
                yield ("none", aside, "", None, title, account, no, _folded(f"{name} {reason}"), None, None)

    def _counts(self) -> dict[str, int]:
        found = dict.fromkeys((*KINDS, *ASIDES), 0)
        for query in ("SELECT kind, count(*) FROM item GROUP BY 1", "SELECT aside, count(*) FROM item GROUP BY 1"):
            found |= dict(self._database.execute(query).fetchall())
        found["all"] = sum(self._database.execute("SELECT count(*) FROM item").fetchone())
        return {name: many for name, many in found.items() if name not in ("", "none")}


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        said = f"what the simulation found out cannot be written: {error}"
        raise MachineError(said, hint="make room where temporary files lie, or name another place by TMPDIR") from None


_INSERT = (
    "INSERT INTO item (kind, aside, action, entry, book, account, row, searched, before, after)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


_SELECT = """
SELECT item.no, item.aside, item.action, item.entry, item.book, item.account, item.before, item.after,
  row.key, row.book, row.title, row.account, row.outcome, row.name, row.reason, row.problems, row.said
FROM item LEFT JOIN row ON row.no = item.row WHERE
"""


_OF_NOBODY = "item.account IS NULL AND row.account IS NULL"


@dataclass(frozen=True, slots=True)
class SimulatedRecords:
    """The file once it is written; for any thread."""

    file: Path

    def page(
        self, *, show: str = "", text: str = "", after: int = 0, limit: int = PAGE, personal: bool = False
    ) -> list[Item]:
        """Lines with a number above `after`. Without `personal` a text is not looked for in private contacts: whoever
        may not see one must not find out what it says."""
        conditions, values = ["item.no > ?"], [after, *_shown_values(show)]
        if show in KINDS or show in ASIDES:
            conditions.append("kind = ?" if show in KINDS else "aside = ?")
        for word in _folded(text).split():
            conditions.append("instr(searched, ?) > 0")
            values.append(word)
        if text.strip() and not personal:
            conditions.append("item.account IS NULL")
        return self._items(" AND ".join(conditions), (*values, limit))

    def item(self, no: int) -> Item | None:
        return next(iter(self._items("item.no = ?", (no, 1))), None)

    def about(self, entry: int) -> Item | None:
        """What becomes of an entry of the phone book."""
        return next(iter(self._items("item.entry = ?", (entry, 1))), None)

    def examples(self, limit: int, *, personal: bool) -> list[Item]:
        """Lines whose row can be tried again, those with a problem first; personal contacts only if they are wanted."""
        condition = "row.said IS NOT NULL" if personal else f"row.said IS NOT NULL AND {_OF_NOBODY}"
        first = self._items(f"{condition} AND item.aside = 'problem'", (limit,))
        return [*first, *self._items(f"{condition} AND item.aside <> 'problem'", (limit,))][:limit]

    def changes(self) -> Iterator[Change]:
        """Those of the plan, in its order."""
        after = 0
        while page := self._items("item.no > ? AND action NOT IN ('', 'keep')", (after, 500)):
            yield from (item.change for item in page if item.change)
            after = page[-1].no

    def giving(self, limit: int = PAGE) -> list[Giving]:
        with closing(self._open()) as database:
            return [Giving(*row) for row in database.execute("SELECT * FROM giving LIMIT ?", (limit,))]

    def _items(self, condition: str, values: Sequence[Any]) -> list[Item]:
        query = " ".join((_SELECT, condition, "ORDER BY item.no LIMIT ?"))
        with closing(self._open()) as database:
            return [_item(row) for row in database.execute(query, values)]

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self.file.as_uri()}?mode=ro&immutable=1", uri=True)


def _shown_values(show: str) -> list[Any]:
    return [show] if show in KINDS or show in ASIDES else []


def _item(parts: tuple[Any, ...]) -> Item:
    no, aside, action, entry, book, account, before, after, *row = parts
    old, new = (Content.from_json(text) if text else None for text in (before, after))
    change = Change(Action(action), entry, book, old, new) if action else None
    return Item(no, change, account, aside, _seen(*row) if row[0] is not None else None)


def _seen(
    key: str, book: str, title: str, account: str | None, outcome: str, name: str, reason: str, problems: str, said: str
) -> SeenRow:
    found = tuple(Problem(**parts) for parts in json.loads(problems)) if problems else ()
    values = json.loads(said) if said else None
    return SeenRow(key, Book(book, title, "", account), Outcome(outcome), name, reason, found, values)


def _name(values: Mapping[str, Any], fields: Fields) -> str:
    """Of a list whose columns may be called anything, by a column that calls itself a name."""
    named = {name: value for name, value in values.items() if "name" in name.casefold()}
    told = "" if fields.known_by else application.simulations.known_as(named, fields)
    return told or application.simulations.known_as(values, fields)


def _giving(each: Any) -> Iterable[str]:
    return each.entry.name, each.entry.profile, each.to.name, each.to.profile


def _text(text: str | None) -> str | None:
    """As a database can hold it."""
    return text if text is None or text.isascii() else text.encode("utf-8", "replace").decode()


def _folded(text: str) -> str:
    return _text(fold(text)) or ""
