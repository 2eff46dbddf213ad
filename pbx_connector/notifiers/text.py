"""A notice as text for people."""

from __future__ import annotations

from pbx_connector.api import Notice, Report


def paragraphs(notice: Notice, report: Report) -> str:
    """What happened, what is safe, what to type, and the run's counts."""
    counts = report.counts
    parts = [
        notice.happened,
        notice.safe,
        f"Next:\n  {notice.command}",
    ]
    if report.run:
        parts.append(
            f"Run {report.run}: {report.status}; {counts.rows} rows, {counts.added} added, {counts.updated} updated, "
            f"{counts.removed} removed, {counts.problems} problems, {report.duration:.0f} s."
        )
    return "\n\n".join(parts)
