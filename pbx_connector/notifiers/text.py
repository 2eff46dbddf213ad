"""A notice as text for people."""

from __future__ import annotations

from pbx_connector.api import Notice, Report, counted


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
            f"Run {report.run}: {report.status}; {counted(counts.rows, 'row')}, {counts.added} added, "
            f"{counts.updated} updated, {counts.removed} removed, {counted(counts.problems, 'problem')}, "
            f"{report.duration:.0f} s."
        )
    return "\n\n".join(parts)
