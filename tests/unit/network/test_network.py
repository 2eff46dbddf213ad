"""The rules for servers that may be broken or hostile, by themselves; the Exchange plugin's tests show them at work."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from contextlib import suppress
from itertools import pairwise

import pytest

from pbx_connector.api import (
    Allowance,
    EndlessList,
    ListLimit,
    RefusalLimit,
    RetryDelays,
    is_protected,
    retry_after,
    whole_number,
)


class Refused(Exception):
    pass


def limit(**how: bool) -> RefusalLimit:
    return RefusalLimit(lambda error: isinstance(error, Refused), **how)


def attempt(guard: RefusalLimit, error: Exception | None = None) -> bool:
    """Whether the try was made at all."""
    made = False
    try:
        with guard.attempt():
            made = True
            if error is not None:
                raise error
    except (Refused, OSError):
        pass
    return made


def test_two_refusals_in_a_row_end_the_use_of_credentials() -> None:
    guard = limit()
    assert [attempt(guard, Refused()) for _ in range(4)] == [True, True, False, False]


def test_five_refusals_end_it_whatever_goes_well_in_between() -> None:
    guard = limit()
    made = 0
    for _ in range(20):
        made += attempt(guard, Refused())
        attempt(guard)
    assert made == 5


def test_a_network_that_fails_is_no_refusal() -> None:
    guard = limit()
    assert all(attempt(guard, OSError()) for _ in range(10))


def test_what_was_on_its_way_together_counts_once_for_credentials_that_are_renewed() -> None:
    guard = limit(renewed=True)
    together = threading.Barrier(3)

    def refuse() -> None:
        with suppress(Refused), guard.attempt():
            together.wait()
            raise Refused

    threads = [threading.Thread(target=refuse) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert attempt(guard)
    assert attempt(guard, Refused())


def test_after_a_refusal_one_try_at_a_time_goes_out() -> None:
    guard = limit()
    attempt(guard, Refused())
    at_once, most, lock = 0, 0, threading.Lock()

    def ask() -> None:
        nonlocal at_once, most
        with suppress(Refused), guard.attempt():
            with lock:
                at_once += 1
                most = max(most, at_once)
            threading.Event().wait(0.01)
            with lock:
                at_once -= 1
            raise Refused

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


@pytest.mark.parametrize(
    ("url", "protected"),
    [
        ("https://exchange.example.com/ews", True),
        ("ldaps://dc.example.com", True),
        ("http://127.0.0.1:8080/", True),
        ("http://[::1]/", True),
        ("http://localhost/", True),
        ("ldap://dc.example.com", False),
        ("http://exchange.example.com/", False),
        ("http://127.0.0.1.example.com/", False),
        ("http://localhost.example.com/", False),
        ("http://0177.0.0.1/", False),
        ("http://[::", False),
        ("", False),
    ],
)
def test_what_is_protected(url: str, protected: bool) -> None:
    assert is_protected(url) is protected


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[("12", 12), (" 0012 ", 12), ("0", 0), ("9" * 15, 10**15 - 1)],
        *[(odd, None) for odd in ("", None, "-5", "+5", "²", "٣", "9" * 5000, "1e3", "1_000", "soon")],
    ],
)
def test_numbers_of_servers(text: str | None, number: int | None) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize("told", [None, 0.0, 0.001, -5.0, float("nan")])
def test_waits_have_a_floor_and_grow(told: float | None) -> None:
    delays = RetryDelays(first=5)
    waits = [delays.next(told) for _ in range(10)]
    assert waits[0] >= 0.25
    assert all(later >= 2 * earlier for earlier, later in pairwise(waits))


def test_a_server_is_given_the_time_that_it_asks_for() -> None:
    assert RetryDelays(first=5).next(100) == 100


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("7", "", 7),
        ("2.128", "", 2.128),
        ("2.", "", None),
        ("1e3", "", None),
        ("1.2.3", "", None),
        ("Sat, 28 Nov 2026 12:00:10 GMT", "Sat, 28 Nov 2026 12:00:00 GMT", 10),
        ("Sat, 28 Nov 2026 11:00:00 GMT", "Sat, 28 Nov 2026 12:00:00 GMT", 0),
        ("Sat, 28 Nov 99999 12:00:10 GMT", "", None),
        ("Sat, 31 Feb 2026 12:00:10 GMT", "", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", "", None),
        ("²", "", None),
        ("-5", "", None),
        ("9" * 5000, "", None),
        ("", "", None),
    ],
)
def test_retry_after(value: str, date: str, seconds: float | None) -> None:
    assert retry_after(value, date) == seconds


def tell(limit: ListLimit, pages: Iterable[Collection[str]]) -> None:
    for page in pages:
        limit.page(page)


def test_a_list_may_be_as_long_as_was_announced_and_grow_while_it_is_told() -> None:
    pages = ListLimit(announced=10_000, page=1000, most=10**6)
    for start in range(0, 15_000, 1000):
        pages.page([str(key) for key in range(start, start + 1000)])


def test_a_server_may_give_a_tenth_of_what_was_asked_for() -> None:
    pages = ListLimit(announced=10_000, page=1000, most=10**6)
    for start in range(0, 10_000, 100):
        pages.page([str(key) for key in range(start, start + 100)])


@pytest.mark.parametrize("announced", [0, 51, 10**12])
def test_pages_that_bring_nothing_new_end_a_list(announced: int) -> None:
    pages = ListLimit(announced, page=1000, most=10**6)
    with pytest.raises(EndlessList):
        tell(pages, ([] if number % 2 else ["a", "b"] for number in range(20)))


def test_an_announcement_beyond_measure_does_not_stretch_a_list() -> None:
    pages = ListLimit(announced=10**12, page=1000, most=100_000)
    with pytest.raises(EndlessList):
        tell(pages, ([f"{number}-{key}" for key in range(1000)] for number in range(101)))


def test_an_allowance_is_used_up_by_all_together() -> None:
    folders = Allowance(10, "folders")
    folders.take(10)
    with pytest.raises(EndlessList):
        folders.take(1)
