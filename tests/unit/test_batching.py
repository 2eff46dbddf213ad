"""The pieces in which a book is staged: so many rows, or fewer where they are large."""

from __future__ import annotations

from pbx_connector.model import End, Row
from pbx_connector.run.batching import BATCH, LARGEST, batches


def rows(count: int, size: int) -> list[Row | End]:
    return [Row(str(number), "1", {"Notes": "x" * size, "Many": [{"a": "y"}, "z"]}) for number in range(count)]


def test_small_rows_come_a_thousand_at_a_time() -> None:
    found = list(batches(iter([*rows(2500, 10), End(None, full=True)])))
    assert [len(batch) for batch in found] == [BATCH, BATCH, 501]


def test_large_rows_come_in_smaller_batches() -> None:
    found = list(batches(iter([*rows(30, LARGEST // 10), End(None, full=True)])))
    assert sum(map(len, found)) == 31
    assert max(map(len, found)) == 10


def test_a_list_within_a_row_counts() -> None:
    large = Row("1", "1", {"Many": [{"a": "x" * (LARGEST // 2 + 1)}]})
    assert [len(batch) for batch in batches(iter([large, large]))] == [2]
    assert [len(batch) for batch in batches(iter([large] * 4))] == [2, 2]
