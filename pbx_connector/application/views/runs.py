"""Runs, simulations, plans, and what is wrong with their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbx_connector.application.views.values import Json
from pbx_connector.errors import ConnectorError, PlanRefused, ProfileError
from pbx_connector.model import Counts, Problem, Report, RunStatus

if TYPE_CHECKING:  # a view looks at what is there: it loads nothing that a command does not use
    from pbx_connector.application.simulations import Simulation
    from pbx_connector.model import BookReport
    from pbx_connector.plan import Change
    from pbx_connector.source import Check
    from pbx_connector.stores import KeptPlan, RunRecord, Undone
    from pbx_connector.stores.persons import Candidate, GivesWay

COUNTS = ("rows", "added", "updated", "removed", "unchanged", "skipped", "problems")
"""The counts of a report, in the order in which they are shown."""
MERGE_COUNTS = ("given_way", "came_back")
"""Shown where there are some."""


def report(of: Report) -> Json:
    return {
        "run": of.run,
        "profile": of.profile,
        "status": str(of.status),
        "counts": {name: getattr(of.counts, name) for name in (*COUNTS, *MERGE_COUNTS)},
        "books": [_book(book) for book in of.books],
        "problems": [problem(one) for one in of.problems],
        "warnings": [problem(one) for one in of.warnings],
        "skipped": dict(of.skipped),
        "started": of.started.isoformat() if of.started else None,
        "duration": round(of.duration, 3),
    }


def refused_report(of: Report, refused: PlanRefused) -> Json:
    return report(of) | {"plan": refused.plan, "reasons": list(refused.reasons)}


def simulation(of: Simulation) -> Json:
    """Without its records, of which there may be many: each has the shape of a `change`."""
    giving = [gives_way(each) for each in of.shift.giving]
    return report(of.report) | {"plan": of.plan, "reasons": list(of.reasons), "giving_way": giving}


def gives_way(of: GivesWay) -> Json:
    """An entry that a run would add has no id yet."""
    return {"entry": candidate(of.entry), "to": candidate(of.to), "fills": list(of.fills)}


def candidate(of: Candidate) -> Json:
    return {"id": None if of.is_new else of.entry, "display_name": of.name, "profile": of.profile}


def failed_report(profile: str, error: ConnectorError) -> Json:
    """The report of a run that came to nothing, for programs that read JSON."""
    empty = Report(run="", profile=profile, status=RunStatus.FAILED, counts=Counts(problems=1))
    problems = [{"code": error.code, "severity": "error", "message": error.message, "where": "", "hint": error.hint}]
    if isinstance(error, ProfileError) and error.diagnostics:
        problems = [
            {
                "code": found.code,
                "severity": found.severity,
                "message": found.message,
                "where": f"{found.file}:{found.span.line}:{found.span.column}",
                "hint": found.hint,
            }
            for found in error.diagnostics
        ]
    return report(empty) | {"run": None, "problems": problems}


def problem(of: Problem) -> Json:
    told = {"code": of.code, "severity": of.severity, "message": of.message, "where": of.where, "hint": of.hint}
    told |= {name: text for name, text in (("contact", of.contact), ("value", of.value)) if text}
    return told | ({"count": of.count} if of.count > 1 else {})


def _book(of: BookReport) -> Json:
    book = of.book
    return {
        "id": book.id,
        "title": book.title,
        "kind": book.kind,
        "account": book.account,
        "status": str(of.status),
        "rows": of.rows,
    }


def change(of: Change) -> Json:
    content = of.content
    return {
        "action": str(of.action),
        "entry": of.entry,
        "book": of.book,
        "account": content.account,
        "fields": dict(content.fields),
        "labels": dict(content.labels),
        "changes": [{"field": field.name, "old": field.old, "new": field.new} for field in of.fields()],
    }


def hidden_changes(action: str, account: str, many: int) -> Json:
    """So many changes of private entries, for whoever may not see them."""
    return {"action": action, "account": account, "hidden": many}


def run_record(of: RunRecord) -> Json:
    return report(of.report) | {
        "kind": str(of.kind),
        "note": of.note,
        "undone_by": of.undone_by,
        "released": of.released,
    }


def kept_plan(of: KeptPlan) -> Json:
    return {
        "plan": of.id,
        "profile": of.profile,
        "made": of.made.isoformat(),
        "digest": of.digest,
        "reasons": list(of.reasons),
        "used": of.used,
    }


def undone(of: Undone) -> Json:
    left = [{"entry": one.entry, "account": one.account, "reason": one.reason} for one in of.left]
    return {"run": of.run or None, "changes": of.changes, "left": left, "held": of.held}


def check(of: Check) -> Json:
    found: Json = {"step": of.step, "ok": not of.failed, "detail": of.detail}
    if of.problem is None:
        return found
    return found | {
        "code": of.problem.code,
        "message": of.problem.message,
        "severity": of.problem.severity,
        "hint": of.problem.hint,
    }
