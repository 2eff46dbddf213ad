"""One journaled transaction of changes that are no run; `pbx_connector.stores.editing` decides what they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from pbx_connector.model import Account, Counts
from pbx_connector.plan import Action, Content, content_digest
from pbx_connector.stores.contract import Entry, JournalLine, Origin
from pbx_connector.stores.folding import found_by
from pbx_connector.stores.sql.counters import take
from pbx_connector.stores.sql.database import Dialect
from pbx_connector.stores.sql.reading import TAILS, entry_query, of_account, one_entry, origin_text, to_entry
from pbx_connector.stores.sql.recording import to_line
from pbx_connector.stores.sql.schema import (
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
from pbx_connector.stores.sql.schema import run as runs
from pbx_connector.targets import FIELD_NAMES

BATCH = 500


class SqlEdit:
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

    def account_entries(self, owner: str) -> Iterator[Entry]:
        return self._entries(of_account(owner))

    def profile_entries(self, profile: str) -> Iterator[Entry]:
        return self._entries(book.c.profile == profile)

    def _entries(self, condition: Any) -> Iterator[Entry]:
        """In batches by id, so that they may be dropped on the way."""
        query = entry_query(self._dialect).where(condition).limit(BATCH)
        last = 0
        while batch := [to_entry(row) for row in self._connection.execute(query.where(entry.c.id > last))]:
            yield from batch
            last = batch[-1].id

    def put_entry(self, wanted: Entry) -> Entry:
        held = self.entry(wanted.id) if wanted.id else None
        written = wanted if wanted.id else replace(wanted, id=take(self._connection, "entry") + 1)
        values = _values(written.content)
        if held is None:
            self._connection.execute(insert(entry).values(id=written.id, **values))
            self._put_origin(written)
        else:
            self._connection.execute(update(entry).where(entry.c.id == written.id).values(**values))
            self._unsettle(written)
        self._put_labels(written)
        self._journal_entry(held, written)
        return written

    def drop_entry(self, wanted: Entry) -> None:
        self._unsettle(wanted)
        self._connection.execute(delete(entry).where(entry.c.id == wanted.id))
        self._journal_entry(wanted, None)

    def _put_labels(self, written: Entry) -> None:
        self._connection.execute(delete(entry_label).where(entry_label.c.entry == written.id))
        for name, value in written.content.labels.items():
            number = self._connection.execute(select(label.c.id).where(label.c.name == name)).scalar()
            if number is None:
                number = take(self._connection, "label") + 1
                self._connection.execute(insert(label).values(id=number, name=name))
            self._connection.execute(insert(entry_label).values(entry=written.id, label=number, value=value))

    def _put_origin(self, written: Entry) -> None:
        """The version is left empty: the source is asked for the row again."""
        if written.origin is None:
            return
        number = self._book(written.origin) or self._add_book(written.origin)
        self._connection.execute(
            insert(provenance).values(
                entry=written.id,
                book=number,
                row_key=written.origin.row,
                record_key=written.origin.record,
                version="",
                digest=content_digest(written.content),
            )
        )
        self._unsettle(written)

    def _add_book(self, origin: Origin) -> int:
        number = take(self._connection, "book") + 1
        source = origin.book
        if self._connection.execute(select(profile.c.id).where(profile.c.id == origin.profile)).first() is None:
            self._connection.execute(insert(profile).values(id=origin.profile, title=origin.profile))
        values = {"id": source.id, "title": source.title, "kind": source.kind, "account": source.account}
        self._connection.execute(insert(book).values(no=number, profile=origin.profile, fingerprint="", **values))
        return number

    def _unsettle(self, changed: Entry) -> None:
        """The source's state no longer tells what is held: its next reading starts anew, and with this row."""
        if changed.origin is None:
            return
        number = self._book(changed.origin)
        self._connection.execute(update(book).where(book.c.no == number).values(checkpoint=None))
        for known in (provenance, row_note):
            same_row = (known.c.book == number) & (known.c.row_key == changed.origin.row)
            self._connection.execute(update(known).where(same_row).values(version=""))
        mine = provenance.c.entry == changed.id
        self._connection.execute(update(provenance).where(mine).values(digest=content_digest(changed.content)))

    def _book(self, origin: Origin) -> int | None:
        mine = (book.c.profile == origin.profile) & (book.c.id == origin.book.id)
        return self._connection.execute(select(book.c.no).where(mine)).scalar()

    def taken(self, origin: Origin) -> bool:
        same = (provenance.c.row_key == origin.row) & (provenance.c.record_key == origin.record)
        query = select(provenance.c.entry).where(provenance.c.book == self._book(origin), same)
        return self._connection.execute(query).first() is not None

    # profiles

    def hold(self, wanted: str) -> None:
        self._connection.execute(update(profile).where(profile.c.id == wanted).values(held=self._no))

    def forget_profile(self, wanted: str) -> None:
        self._connection.execute(delete(book).where(book.c.profile == wanted))
        self._connection.execute(delete(profile).where(profile.c.id == wanted))

    # history

    def journal_backwards(self, run: str) -> Iterator[JournalLine]:
        """In batches, as lines are reversed on the way."""
        query = select(journal).where(journal.c.run == int(run)).order_by(journal.c.seq.desc()).limit(BATCH)
        last: int | None = None
        while batch := self._connection.execute(query if last is None else query.where(journal.c.seq < last)).all():
            yield from map(to_line, batch)
            last = batch[-1].seq

    def touched_after(self, run: str, line: JournalLine) -> str | None:
        same = journal.c.entry == line.entry if line.account is None else journal.c.account == line.account
        return self._later(run, same, journal.c.action != Action.MOVE)

    def added_after(self, run: str, account: str) -> str | None:
        return self._later(run, journal.c.account == account, journal.c.action == Action.ADD)

    def _later(self, run: str, *conditions: ColumnElement[bool]) -> str | None:
        query = select(func.max(journal.c.run)).where(journal.c.run > int(run), journal.c.run < self._no, *conditions)
        undone = select(runs.c.no).where(runs.c.undone_by.is_not(None))
        undos = select(runs.c.undone_by).where(runs.c.undone_by.is_not(None))
        later = self._connection.execute(
            query.where(journal.c.run.not_in(undone), journal.c.run.not_in(undos))
        ).scalar()
        return None if later is None else str(later)

    def mark_undone(self, run: str) -> None:
        self._connection.execute(update(runs).where(runs.c.undone_by == int(run)).values(undone_by=None))
        self._connection.execute(update(runs).where(runs.c.no == int(run)).values(undone_by=self._no))

    # the journal

    def _journal_entry(self, before: Entry | None, after: Entry | None) -> None:
        shown = after or before
        assert shown is not None  # noqa: S101 - a change has at least one side
        action = self._count(before, after)
        gone = before.origin if before and not after else None
        self._connection.execute(
            insert(journal).values(
                run=self._no,
                seq=self._next(),
                action=str(action),
                entry=shown.id,
                book=shown.origin.book.title if shown.origin else "",
                before=before.content.to_json() if before else None,
                after=after.content.to_json() if after else None,
                origin=origin_text(gone) if gone else None,
            )
        )

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
    found = zip((*TAILS, "search"), found_by(content.fields), strict=True)
    return {"account": content.account, **fields, **dict(found)}
