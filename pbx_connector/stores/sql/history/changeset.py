"""One journaled transaction of changes that are no run; `pbx_connector.stores.operations` decides what they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    ScalarSelect,
    Select,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from pbx_connector.model import Account, Counts
from pbx_connector.plan import Action, Content, content_digest
from pbx_connector.stores.changeset import BATCH
from pbx_connector.stores.contract import Entry, JournalLine, Origin
from pbx_connector.stores.normalization import found_by
from pbx_connector.stores.sql import persons
from pbx_connector.stores.sql.counters import take
from pbx_connector.stores.sql.dialects.database import Dialect
from pbx_connector.stores.sql.entry_queries import FOUND_BY, entry_query, of_account, one_entry, origin_text, to_entry
from pbx_connector.stores.sql.history.records import to_line
from pbx_connector.stores.sql.schema.tables import (
    account,
    book,
    entry,
    entry_label,
    journal,
    label,
    profile,
    provenance,
    row_note,
)
from pbx_connector.stores.sql.schema.tables import run as runs
from pbx_connector.targets import FIELD_NAMES


class SqlChangeSet:
    def __init__(self, connection: Connection, dialect: Dialect, no: int) -> None:
        self._connection = connection
        self._dialect = dialect
        self._no = no
        self._seq = 0
        self.counts = Counts()

    @property
    def run(self) -> str:
        return str(self._no)

    # accounts

    def accounts(self) -> list[Account]:
        return [Account(*row) for row in self._connection.execute(select(account).order_by(account.c.id))]

    def put_account(self, wanted: Account) -> None:
        mine = account.c.id == wanted.id
        held = self._connection.execute(select(account).where(mine)).first()
        values = {"username": wanted.username, "email": wanted.email}
        if held is None:
            self._connection.execute(insert(account).values(id=wanted.id, **values))
        else:
            self._connection.execute(update(account).where(mine).values(**values))
        self._journal_account(Account(*held) if held else None, wanted)

    def drop_account(self, wanted: str) -> None:
        """Its books are forgotten too: nothing may be known of them if the account comes back."""
        held = self._connection.execute(select(account).where(account.c.id == wanted)).one()
        self._connection.execute(delete(book).where(book.c.account == wanted))
        self._connection.execute(delete(account).where(account.c.id == wanted))
        self._journal_account(Account(*held), None)

    # entries

    def entry(self, wanted: int) -> Entry | None:
        return one_entry(self._connection, self._dialect, wanted)

    def entries(self, wanted: Collection[int]) -> dict[int, Entry]:
        query = entry_query(self._dialect).where(entry.c.id.in_(list(wanted)))
        return {found.id: found for found in map(to_entry, self._connection.execute(query))}

    def account_entries(self, account: str) -> Iterator[Sequence[Entry]]:
        return self._entries(of_account(account))

    def profile_entries(self, profile: str) -> Iterator[Sequence[Entry]]:
        return self._entries(book.c.profile == profile)

    def _entries(self, condition: ColumnElement[bool]) -> Iterator[Sequence[Entry]]:
        query = entry_query(self._dialect).where(condition).limit(BATCH)
        last = 0
        while batch := [to_entry(row) for row in self._connection.execute(query.where(entry.c.id > last))]:
            yield batch
            last = batch[-1].id

    def put_entries(self, entries: Sequence[Entry]) -> list[Entry]:
        if not entries:
            return []
        written = self._numbered(entries)
        held = self.entries([wanted.id for wanted in written])
        new = [wanted for wanted in written if wanted.id not in held]
        if new:
            self._connection.execute(insert(entry), [{"id": wanted.id, **_values(wanted.content)} for wanted in new])
        if changed := [wanted for wanted in written if wanted.id in held]:
            rewritten = [{"changed": wanted.id, **_values(wanted.content)} for wanted in changed]
            self._connection.execute(update(entry).where(entry.c.id == bindparam("changed")), rewritten)
        self._put_origins([wanted for wanted in new if wanted.origin])
        self._unsettle(written)
        self._put_digests([wanted for wanted in changed if wanted.origin])
        self._put_labels(written)
        self._journal_entries([(held.get(wanted.id), wanted) for wanted in written])
        return written

    def _numbered(self, entries: Sequence[Entry]) -> list[Entry]:
        new = sum(not wanted.id for wanted in entries)
        numbers = count(take(self._connection, "entry", new) + 1) if new else count()
        return [wanted if wanted.id else replace(wanted, id=next(numbers)) for wanted in entries]

    def drop_entries(self, entries: Sequence[Entry]) -> None:
        if entries:
            self._unsettle(entries)
            self._connection.execute(delete(entry).where(entry.c.id.in_([dropped.id for dropped in entries])))
            self._journal_entries([(dropped, None) for dropped in entries])

    def _put_labels(self, entries: Sequence[Entry]) -> None:
        self._connection.execute(delete(entry_label).where(entry_label.c.entry.in_([put.id for put in entries])))
        carried = [(put.id, name, value) for put in entries for name, value in put.content.labels.items()]
        if carried:
            numbers = self._labels(dict.fromkeys(name for _, name, _ in carried))
            values = [{"entry": no, "label": numbers[name], "value": value} for no, name, value in carried]
            self._connection.execute(insert(entry_label), values)

    def _labels(self, wanted: Collection[str]) -> dict[str, int]:
        """The numbers of labels, which are made if they are not there."""
        known = dict(self._connection.execute(select(label.c.name, label.c.id)).all())
        missing = [name for name in wanted if name not in known]
        if missing:
            new = dict(zip(missing, count(take(self._connection, "label", len(missing)) + 1), strict=False))
            self._connection.execute(insert(label), [{"id": no, "name": name} for name, no in new.items()])
            known |= new
        return known

    def _put_origins(self, entries: Sequence[Entry]) -> None:
        """The version is left empty: the source is asked for the row again."""
        numbers: dict[tuple[str, str], int] = {}
        values = []
        for put in entries:
            assert put.origin  # noqa: S101 - the caller chose them by it
            origin, place = put.origin, (put.origin.profile, put.origin.book.id)
            number = numbers.setdefault(place, 0) or self._book(origin) or self._add_book(origin)
            numbers[place] = number
            keys = {"book": number, "row_key": origin.row, "record_key": origin.record}
            values.append({"entry": put.id, "version": "", "digest": content_digest(put.content), **keys})
        if values:
            self._connection.execute(insert(provenance), values)

    def _put_digests(self, entries: Sequence[Entry]) -> None:
        if entries:
            digests = [{"changed": put.id, "digest": content_digest(put.content)} for put in entries]
            self._connection.execute(update(provenance).where(provenance.c.entry == bindparam("changed")), digests)

    def _add_book(self, origin: Origin) -> int:
        number = take(self._connection, "book") + 1
        source = origin.book
        if self._connection.execute(select(profile.c.id).where(profile.c.id == origin.profile)).first() is None:
            self._connection.execute(insert(profile).values(id=origin.profile, title=origin.profile))
        values = {"id": source.id, "title": source.title, "kind": source.kind, "account": source.account}
        self._connection.execute(insert(book).values(no=number, profile=origin.profile, fingerprint="", **values))
        return number

    def _unsettle(self, changed: Iterable[Entry]) -> None:
        """The source's state no longer tells what is held: its next reading starts anew, and with these rows."""
        for number, origins in self._by_book(found.origin for found in changed).items():
            self._connection.execute(update(book).where(book.c.no == number).values(checkpoint=None))
            keys = [origin.row for origin in origins]
            for known in (provenance, row_note):
                same_row = (known.c.book == number) & self._dialect.among(known.c.row_key, keys)
                self._connection.execute(update(known).where(same_row).values(version=""))

    def _by_book(self, origins: Iterable[Origin | None]) -> dict[int, list[Origin]]:
        """By the numbers of books that are there."""
        by_place: dict[tuple[str, str], list[Origin]] = defaultdict(list)
        for origin in origins:
            if origin is not None:
                by_place[origin.profile, origin.book.id].append(origin)
        return {number: some for some in by_place.values() if (number := self._book(some[0]))}

    def _book(self, origin: Origin) -> int | None:
        mine = (book.c.profile == origin.profile) & (book.c.id == origin.book.id)
        return self._connection.execute(select(book.c.no).where(mine)).scalar()

    def taken(self, origins: Collection[Origin]) -> set[Origin]:
        found: set[Origin] = set()
        for number, some in self._by_book(origins).items():
            keys = self._dialect.among(provenance.c.row_key, [origin.row for origin in some])
            query = select(provenance.c.row_key, provenance.c.record_key).where(provenance.c.book == number, keys)
            held = {tuple(row) for row in self._connection.execute(query)}
            found |= {origin for origin in some if (origin.row, origin.record) in held}
        return found

    # profiles

    def hold(self, wanted: str) -> None:
        self._connection.execute(update(profile).where(profile.c.id == wanted).values(held=self._no))

    def forget_profile(self, wanted: str) -> None:
        persons.change_merge(self._connection, self._no, wanted, None)
        self._connection.execute(delete(book).where(book.c.profile == wanted))
        self._connection.execute(delete(profile).where(profile.c.id == wanted))

    # history

    def journal_backwards(self, run: str) -> Iterator[Sequence[JournalLine]]:
        query = select(journal).where(journal.c.run == int(run)).order_by(journal.c.seq.desc()).limit(BATCH)
        last: int | None = None
        while batch := self._connection.execute(query if last is None else query.where(journal.c.seq < last)).all():
            yield [to_line(row) for row in batch]
            last = batch[-1].seq

    def touched_after(self, run: str, entries: Collection[int]) -> dict[int, str]:
        changed = (journal.c.entry.in_(list(entries)), journal.c.action != Action.MOVE)
        query = self._later(run, *changed).add_columns(journal.c.entry).group_by(journal.c.entry)
        return {number: str(later) for later, number in self._connection.execute(query)}

    def account_touched_after(self, run: str, account: str) -> str | None:
        return self._last(self._later(run, journal.c.account == account, journal.c.action != Action.MOVE))

    def added_after(self, run: str, account: str) -> str | None:
        return self._last(self._later(run, journal.c.account == account, journal.c.action == Action.ADD))

    def _later(self, run: str, *conditions: ColumnElement[bool], table: FromClause = journal) -> Select[Any]:
        query = select(func.max(table.c.run)).where(table.c.run > int(run), table.c.run < self._no, *conditions)
        undone = select(runs.c.no).where(runs.c.undone_by.is_not(None))
        undos = select(runs.c.undone_by).where(runs.c.undone_by.is_not(None))
        return query.where(table.c.run.not_in(undone), table.c.run.not_in(undos))

    def last_change(self, run: str, entry: ColumnElement[int]) -> ScalarSelect[int]:
        """As `touched_after`, for the entry of each row of another query."""
        later = journal.alias()
        query = self._later(run, later.c.entry == entry, later.c.action != Action.MOVE, table=later)
        return query.scalar_subquery()

    def _last(self, later: Select[Any]) -> str | None:
        found = self._connection.execute(later).scalar()
        return None if found is None else str(found)

    def mark_undone(self, run: str) -> None:
        undo, counts = int(run), True
        self._connection.execute(update(runs).where(runs.c.no == undo).values(undone_by=self._no))
        self._connection.execute(update(runs).where(runs.c.no == self._no).values(undoes=undo))
        persons.take_merge_back(self._connection, self._no, undo)
        while target := self._connection.execute(select(runs.c.undoes).where(runs.c.no == undo)).scalar():
            known = runs.c.undone_by == undo if counts else runs.c.undone_by.is_(None)
            by = None if counts else undo
            self._connection.execute(update(runs).where(runs.c.no == target, known).values(undone_by=by))
            undo, counts = target, not counts

    # the journal

    def _journal_entries(self, changes: Iterable[tuple[Entry | None, Entry | None]]) -> None:
        self._connection.execute(insert(journal), [self._entry_line(before, after) for before, after in changes])

    def _entry_line(self, before: Entry | None, after: Entry | None) -> dict[str, Any]:
        shown = after or before
        assert shown is not None  # noqa: S101 - a change has at least one side
        gone = before.origin if before and not after else None
        return {
            "run": self._no,
            "seq": self._next(),
            "action": str(self._count(before, after)),
            "entry": shown.id,
            "book": shown.origin.book.title if shown.origin else "",
            "before": before.content.to_json() if before else None,
            "after": after.content.to_json() if after else None,
            "origin": origin_text(gone) if gone else None,
        }

    def _journal_account(self, before: Account | None, after: Account | None) -> None:
        shown = after or before
        assert shown is not None  # noqa: S101 - a change has at least one side
        self._connection.execute(
            insert(journal).values(
                run=self._no,
                seq=self._next(),
                action=str(_action(before, after)),
                account=shown.id,
                book="",
                before=_account_content(before).to_json() if before else None,
                after=_account_content(after).to_json() if after else None,
            )
        )

    def _next(self) -> int:
        self._seq += 1
        return self._seq

    def _count(self, before: Entry | None, after: Entry | None) -> Action:
        action = _action(before, after)
        name = {Action.ADD: "added", Action.UPDATE: "updated", Action.REMOVE: "removed"}[action]
        self.counts = replace(self.counts, **{name: getattr(self.counts, name) + 1})
        return action


def _action(before: object | None, after: object | None) -> Action:
    return Action.ADD if before is None else Action.REMOVE if after is None else Action.UPDATE


def _account_content(shown: Account) -> Content:
    return Content(shown.id, {"username": shown.username, "email": shown.email})


def _values(content: Content) -> dict[str, str | None]:
    fields = {name: content.fields.get(name) for name in FIELD_NAMES}
    found = zip(FOUND_BY, found_by(content.fields), strict=True)
    return {"account": content.account, **fields, **dict(found)}
