"""Which part of the history is shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import cast

import pytest

from pbx_connector.application.history import Excerpt, parse_moment
from pbx_connector.errors import UsageError
from pbx_connector.model import Counts, Report, RunStatus
from pbx_connector.stores import History, RunKind, RunRecord

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def record(number: int, status: RunStatus = RunStatus.DONE, added: int = 0, kind: RunKind = RunKind.RUN) -> RunRecord:
    started = None if status is RunStatus.FAILED else NOON + timedelta(hours=number)
    return RunRecord(kind, Report(str(number), "crm", status, Counts(added=added), started=started))


class _Store:
    """The history alone."""

    def runs(
        self, profile: str | None = None, *, limit: int | None = None, before: str | None = None
    ) -> Iterator[RunRecord]:
        everything = (
            record(7),
            record(6, RunStatus.PARTIAL),
            record(5, RunStatus.FAILED),
            record(4),
            record(3, kind=RunKind.ACCOUNTS),
            record(2, RunStatus.REFUSED),
            record(1, added=1),
        )
        return islice((one for one in everything if before is None or int(one.id) < int(before)), limit)


def shown(excerpt: Excerpt) -> list[int]:
    return [int(one.id) for one in excerpt.of(cast("History", _Store()))]


def test_runs_that_went_well_and_changed_nothing_are_left_out_unless_all_are_asked_for() -> None:
    excerpt = Excerpt(everything=False)
    assert shown(excerpt) == [6, 5, 3, 2, 1]
    assert excerpt.hidden == 2
    assert shown(Excerpt()) == [7, 6, 5, 4, 3, 2, 1]


def test_the_limit_counts_what_is_shown() -> None:
    assert shown(Excerpt(everything=False, limit=2)) == [6, 5]


def test_a_page_says_where_the_next_one_begins_and_the_last_one_that_it_is_the_last() -> None:
    first = Excerpt(everything=False, limit=2)
    assert (shown(first), first.next) == ([6, 5], "5")
    second = Excerpt(everything=False, limit=5, before=first.next)
    assert (shown(second), second.next) == ([3, 2, 1], None)


def test_one_look_goes_through_so_many_runs_and_no_more() -> None:
    excerpt = Excerpt(kind=RunKind.ACCOUNTS, look_at=3)
    assert (shown(excerpt), excerpt.next) == ([], "5")
    excerpt = Excerpt(kind=RunKind.ACCOUNTS, look_at=3, before=excerpt.next)
    assert (shown(excerpt), excerpt.next) == ([3], "2")
    old = Excerpt(until=NOON, look_at=3)
    assert (shown(old), old.next) == ([], "5")


def test_runs_of_one_kind_or_one_status_are_asked_for() -> None:
    assert shown(Excerpt(kind=RunKind.ACCOUNTS)) == [3]
    assert shown(Excerpt(status=RunStatus.REFUSED)) == [2]


def test_time_bounds_a_run_that_was_killed_by_its_neighbour() -> None:
    hour = timedelta(hours=1)
    assert shown(Excerpt(since=NOON + 4 * hour, until=NOON + 6 * hour)) == [6, 5, 4]
    assert shown(Excerpt(until=NOON + 2 * hour)) == [2, 1]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("24h", NOON - timedelta(days=1)),
        ("1d12h", NOON - timedelta(hours=36)),
        ("2026-11-01T10:00+00:00", datetime(2026, 11, 1, 10, tzinfo=UTC)),
        ("2026-11-01", datetime(2026, 11, 1).astimezone()),
        ("2026-11-01 14:30", datetime(2026, 11, 1, 14, 30).astimezone()),
    ],
)
def test_a_moment_is_a_day_a_time_or_a_span_before_now(text: str, moment: datetime) -> None:
    assert parse_moment(text, NOON) == moment


def test_until_a_day_means_to_its_end() -> None:
    assert parse_moment("2026-11-01", NOON, end=True) == datetime(2026, 11, 2).astimezone()


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "9999999d", "28.11.2026"])
def test_what_is_no_moment_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="no moment") as refused:
        parse_moment(text, NOON)
    assert "24h" in refused.value.hint
