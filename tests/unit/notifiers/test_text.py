"""What a notice says, as people read it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pbx_connector.api import Counts, Notice, Report
from pbx_connector.notifiers.text import paragraphs


@pytest.mark.parametrize(
    ("many", "line"),
    [
        (1, "Run r17: failed; 1 row, 1 added, 1 updated, 1 removed, 1 problem, 4 s."),
        (2, "Run r17: failed; 2 rows, 2 added, 2 updated, 2 removed, 2 problems, 4 s."),
    ],
)
def test_one_of_a_thing_is_said_to_be_one(report: Report, notice: Notice, many: int, line: str) -> None:
    counts = Counts(rows=many, added=many, updated=many, removed=many, problems=many)
    assert paragraphs(notice, replace(report, counts=counts)).endswith(f"\n\n{line}")
