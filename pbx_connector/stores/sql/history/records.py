"""Runs and kept plans as rows of the history, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, insert, select, update

from pbx_connector.model import Counts, Report
from pbx_connector.plan import Action, Change, Content, EmptiedBook, PlanSummary, RowPlace
from pbx_connector.stores.changeset import BATCH
from pbx_connector.stores.sql.dialects.database import Dialect
from pbx_connector.stores.sql.entry_queries import to_origin
from pbx_connector.stores.sql.schema.tables import plan, plan_change, run
from pbx_connector.stores.values import JournalLine, KeptPlan, RunKind, RunRecord

_REPORT = TypeAdapter(Report)


def record_run(
    connection: Connection,
    dialect: Dialect,
    report: Report,
    *,
    kind: RunKind = RunKind.RUN,
    note: str = "",
    removed: int = 0,
    blanked: int = 0,
    released: bool = False,
) -> None:
    """`report.run` is its number; the guard of later runs looks at what was really removed and blanked.

    An earlier run that lies in the future, because the clock was set back, counts as made now: its losses are those of
    one day, not of all the days until its time comes.
    """
    now = connection.execute(select(dialect.now())).scalar_one()
    connection.execute(update(run).where(run.c.finished > now).values(finished=now))
    connection.execute(
        insert(run).values(
            no=int(report.run),
            kind=str(kind),
            profile=report.profile or None,
            status=str(report.status),
            finished=now,
            removed=removed,
            blanked=blanked,
            report=_REPORT.dump_json(report).decode(),
            note=note,
            released=released,
        )
    )


def is_recorded(connection: Connection, no: int) -> bool:
    return connection.execute(select(run.c.no).where(run.c.no == no)).first() is not None


def update_counts(connection: Connection, report: Report, counts: Counts) -> None:
    counted = _REPORT.dump_json(replace(report, counts=counts)).decode()
    connection.execute(update(run).where(run.c.no == int(report.run)).values(report=counted))


def to_run(row: Row[Any]) -> RunRecord:
    """Whose run it is, the column says: a profile that was adopted has another name in its reports."""
    undone_by = None if row.undone_by is None else str(row.undone_by)
    report = replace(_REPORT.validate_json(row.report), profile=row.profile or "")
    return RunRecord(RunKind(row.kind), report, row.note, undone_by, row.released)


def keep_plan(
    connection: Connection,
    dialect: Dialect,
    no: int,
    profile: str,
    digest: str,
    summary: PlanSummary,
    reasons: list[str],
) -> None:
    connection.execute(
        insert(plan).values(
            no=no,
            profile=profile,
            made=select(dialect.now()).scalar_subquery(),
            digest=digest,
            summary=json.dumps(asdict(summary)),
            reasons=json.dumps(reasons),
        )
    )


def keep_changes(connection: Connection, no: int, changes: Iterable[Change]) -> None:
    """Of a plan, in its order."""
    left = enumerate(changes, 1)
    while batch := [_planned(no, seq, change) for seq, change in islice(left, BATCH)]:
        connection.execute(insert(plan_change), batch)


def _planned(no: int, seq: int, change: Change) -> dict[str, Any]:
    sides = {"before": change.before, "after": change.after}
    texts = {name: side.to_json() if side else None for name, side in sides.items()}
    return {"plan": no, "seq": seq, "action": str(change.action), "entry": change.entry, "book": change.book, **texts}


def to_plan(row: Row[Any]) -> KeptPlan:
    parts = json.loads(row.summary)
    parts["emptied"] = tuple(EmptiedBook(**emptied) for emptied in parts["emptied"])
    made = datetime.fromtimestamp(row.made, UTC)
    used = None if row.used is None else str(row.used)
    reasons = tuple(json.loads(row.reasons))
    return KeptPlan(str(row.no), row.profile, made, row.digest, PlanSummary(**parts), reasons, used)


def to_change(row: Row[Any]) -> Change:
    before = Content.from_json(row.before) if row.before else None
    after = Content.from_json(row.after) if row.after else None
    return Change(Action(row.action), row.entry, row.book, before, after)


def to_planned(row: Row[Any]) -> Change:
    """With the row that it comes from."""
    change = to_change(row)
    place = RowPlace(row.book_id, row.row_key)
    return Change(change.action, change.entry, change.book, change.before, change.after, row=place)


def to_line(row: Row[Any]) -> JournalLine:
    change = to_change(row)
    origin = to_origin(row.origin) if row.origin else None
    return JournalLine(change.action, row.entry, row.account, change.before, change.after, origin)


def to_history(row: Row[Any]) -> Change:
    """A line of the journal, which has accounts beside entries."""
    return replace(to_change(row), what="entry" if row.account is None else "account")
