"""Whoever guesses wrong again and again waits; nobody else does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from pbx_connector.network import Throttle, network_of
from pbx_connector.network.throttling import REMEMBERED


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_so_many_are_looked_at_until_the_window_ends() -> None:
    clock = Clock()
    throttle = Throttle(3, 60, clock)
    assert [throttle.count("a") for _ in range(5)] == [True, True, True, False, False]
    assert throttle.is_full("a")
    assert not throttle.is_full("b")
    clock.now = 61
    assert not throttle.is_full("a")
    assert throttle.count("a")


def test_the_window_begins_with_the_first_failure() -> None:
    clock = Clock()
    throttle = Throttle(2, 60, clock)
    for clock.now in (0.0, 50.0):
        throttle.count("a")
    assert throttle.is_full("a")
    clock.now = 61
    assert not throttle.is_full("a")


def test_what_was_no_failure_is_taken_back() -> None:
    throttle = Throttle(2, 60)
    throttle.take_back("a")
    throttle.count("a")
    throttle.count("a")
    throttle.take_back("a")
    assert not throttle.is_full("a")
    throttle.count("a")
    throttle.forgive("a")
    assert not throttle.is_full("a")


def test_of_many_at_once_no_more_are_looked_at() -> None:
    throttle = Throttle(10, 60)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: throttle.count("a"), range(200))) == 10


def test_who_failed_longest_ago_is_forgotten_first() -> None:
    throttle = Throttle(1, 60)
    for number in range(REMEMBERED + 1):
        throttle.count(f"{number}")
    assert not throttle.is_full("0")
    assert throttle.is_full("1")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_one_caller_has_a_network_of_its_own(address: str, network: str) -> None:
    assert network_of(address) == network
