"""Which of the things in a profile's history is its last run."""

from __future__ import annotations

from pbx_connector.stores import History, RunKind, RunRecord


def last_run(store: History, profile: str) -> RunRecord | None:
    """The profile's last run that says when it began; those that were killed do not, and what people did by hand since
    (an undo, an adoption) is no run. Schedules, status and notices all go by this one."""
    records = store.runs(profile)
    return next((record for record in records if record.kind is RunKind.RUN and record.report.started), None)
