"""The plan as people and digests see it: queries over the staged difference, streamed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, case, func, literal, select, union_all

from pbx_connector.model import Problem
from pbx_connector.plan import Action
from pbx_connector.stores.sql.dialects.database import Dialect
from pbx_connector.stores.sql.entry_queries import content_json, labels_json
from pbx_connector.stores.sql.plan.staging import t_book, t_change, t_record, t_row
from pbx_connector.stores.sql.schema.tables import book, entry, provenance, row_note
from pbx_connector.stores.workspace import BookOutcome, Outcome

STREAMED = {"yield_per": 500}


def changes(dialect: Dialect) -> Select[Any]:
    """One row a change, with what the entry says before and after as JSON."""
    before = content_json(dialect, entry, labels_json(dialect, entry.c.id))
    after = content_json(dialect, t_record, t_record.c.labels)
    return (
        select(
            t_change.c.seq,
            t_change.c.action,
            t_change.c.entry,
            t_book.c.title.label("book"),
            case((entry.c.id.is_not(None), before)).label("before"),
            case((t_record.c.no.is_not(None), after)).label("after"),
            t_book.c.id.label("book_id"),
            func.coalesce(t_record.c.row_key, provenance.c.row_key).label("row_key"),
        )
        .select_from(
            t_change.join(t_book, t_book.c.slot == t_change.c.slot)
            .outerjoin(entry, entry.c.id == t_change.c.entry)
            .outerjoin(provenance, provenance.c.entry == t_change.c.entry)
            .outerjoin(t_record, t_record.c.no == t_change.c.record)
        )
        .order_by(t_change.c.seq)
    )


def unchanged(dialect: Dialect, profile: str) -> Select[Any]:
    """Entries of the profile that no change touches, as changes that keep them."""
    content = content_json(dialect, entry, labels_json(dialect, entry.c.id))
    touched = select(t_change.c.entry).where(t_change.c.entry.is_not(None))
    return (
        select(
            literal(str(Action.KEEP)).label("action"),
            entry.c.id.label("entry"),
            book.c.title.label("book"),
            content.label("before"),
            content.label("after"),
            book.c.id.label("book_id"),
            provenance.c.row_key,
        )
        .select_from(
            provenance.join(book, book.c.no == provenance.c.book).join(entry, entry.c.id == provenance.c.entry)
        )
        .where(book.c.profile == profile, entry.c.id.not_in(touched))
        .order_by(entry.c.id)
    )


def problem_rows(profile: str) -> Select[Any]:
    """Rows with problems: those staged now, and those noted earlier that nothing staged replaces."""
    replaced = (
        select(literal(1))
        .where(t_row.c.slot == row_note.c.book, t_row.c.row_key == row_note.c.row_key, t_row.c.outcome != Outcome.SAME)
        .exists()
    )
    gone = select(t_book.c.slot).where(t_book.c.outcome == BookOutcome.GONE)
    now = (
        select(t_book.c.id.label("book"), t_row.c.row_key, t_row.c.problems)
        .join(t_book, t_book.c.slot == t_row.c.slot)
        .where(t_row.c.problems != "")
    )
    earlier = (
        select(book.c.id, row_note.c.row_key, row_note.c.problems)
        .join(book, book.c.no == row_note.c.book)
        .where(book.c.profile == profile, row_note.c.problems != "", ~replaced, row_note.c.book.not_in(gone))
    )
    both = union_all(now, earlier).subquery()
    return select(both.c.problems).order_by(both.c.book, both.c.row_key)


def problems(connection: Connection, query: Select[Any]) -> Iterator[Problem]:
    for text in connection.execute(query, execution_options=STREAMED).scalars():
        for parts in json.loads(text):
            yield Problem(**parts)


def skipped(connection: Connection) -> dict[str, int]:
    """Reason to number of rows, of those that the run looked at."""
    now = select(t_row.c.reason).where(t_row.c.outcome == Outcome.SKIPPED)
    still = (
        select(row_note.c.reason)
        .join(t_row, (t_row.c.slot == row_note.c.book) & (t_row.c.row_key == row_note.c.row_key))
        .where(t_row.c.outcome == Outcome.SAME, row_note.c.outcome == Outcome.SKIPPED)
    )
    both = union_all(now, still).subquery()
    query = select(both.c.reason, func.count()).group_by(both.c.reason).order_by(both.c.reason)
    return dict(connection.execute(query).all())
