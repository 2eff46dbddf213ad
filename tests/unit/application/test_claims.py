"""Of several services exactly one makes a run, and one that dies over it does not take the run with it."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pbx_connector.application.claims import (
    GRACE,
    MOST_TRIES,
    Claim,
    ClaimHeld,
    RetriesExhausted,
    claim,
    new_holder,
    release,
)
from pbx_connector.notifications.outbox import LocalSharedState
from pbx_connector.stores import open_store

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ME, OTHER = new_holder(), new_holder()
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.fixture
def shared_state() -> LocalSharedState:
    return LocalSharedState()


def test_the_first_gets_it_and_the_second_is_told_when_to_look_again(shared_state: LocalSharedState) -> None:
    assert isinstance(claim(shared_state, "crm", NOON, NOON, ME), Claim)
    assert claim(shared_state, "crm", NOON, NOON + SECOND, OTHER) == ClaimHeld(NOON + GRACE)
    assert claim(shared_state, "crm", NOON + SECOND, NOON + SECOND, OTHER) == ClaimHeld(NOON + GRACE)
    assert isinstance(claim(shared_state, "other", NOON, NOON, ME), Claim)


def test_the_next_run_is_anybodys(shared_state: LocalSharedState) -> None:
    claim(shared_state, "crm", NOON, NOON, ME)
    assert isinstance(claim(shared_state, "crm", NOON + DAY, NOON + DAY, ME), Claim)


def test_of_many_at_once_one_gets_it(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/book.sqlite") as store, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: claim(store, "crm", NOON, NOON, new_holder()), range(16)))
    assert sum(isinstance(answer, Claim) for answer in answers) == 1


def test_a_claim_whose_run_never_showed_up_is_free_again_after_a_while(shared_state: LocalSharedState) -> None:
    claim(shared_state, "crm", NOON, NOON, ME)
    second = claim(shared_state, "crm", NOON, NOON + GRACE, OTHER)
    assert isinstance(second, Claim)
    assert second.tries == 2


def test_a_claim_of_a_process_that_is_gone_is_free_at_once(
    shared_state: LocalSharedState, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    claim(shared_state, "crm", NOON, NOON, f"{socket.gethostname()} {child} x")
    assert isinstance(claim(shared_state, "crm", NOON, NOON + SECOND, ME), Claim)


def test_a_claim_of_another_machine_is_waited_for(shared_state: LocalSharedState) -> None:
    claim(shared_state, "crm", NOON, NOON, "elsewhere 999999 x")
    assert isinstance(claim(shared_state, "crm", NOON, NOON + SECOND, ME), ClaimHeld)


def test_a_run_that_kills_whoever_tries_it_is_left_alone(shared_state: LocalSharedState) -> None:
    now = NOON
    for _ in range(MOST_TRIES):
        assert isinstance(claim(shared_state, "crm", NOON, now, ME), Claim)
        now += GRACE
    assert claim(shared_state, "crm", NOON, now, ME) == RetriesExhausted(MOST_TRIES)
    assert isinstance(claim(shared_state, "crm", NOON + DAY, NOON + DAY, ME), Claim)


def test_a_claim_whose_run_has_ended_is_waited_for_by_nobody(shared_state: LocalSharedState) -> None:
    mine = claim(shared_state, "crm", NOON, NOON, ME)
    assert isinstance(mine, Claim)
    release(shared_state, "crm", mine)
    assert isinstance(claim(shared_state, "crm", NOON + SECOND, NOON + SECOND, OTHER), Claim)


def test_a_run_that_could_not_begin_is_given_back(shared_state: LocalSharedState) -> None:
    for number in range(MOST_TRIES + 2):
        mine = claim(shared_state, "crm", NOON, NOON + number * SECOND, ME)
        assert isinstance(mine, Claim)
        release(shared_state, "crm", mine)


def test_a_claim_from_the_future_is_from_a_clock_that_was_set_back(shared_state: LocalSharedState) -> None:
    claim(shared_state, "crm", NOON, NOON + DAY, ME)
    assert isinstance(claim(shared_state, "crm", NOON, NOON, ME), Claim)


@pytest.mark.parametrize("text", ["{", '{"due": "noon"}', "[]"])
def test_a_claim_that_cannot_be_read_is_nobodys(shared_state: LocalSharedState, text: str) -> None:
    shared_state.compare_and_set("claim crm", "", text)
    assert isinstance(claim(shared_state, "crm", NOON, NOON, ME), Claim)


def test_tries_of_a_run_that_was_due_by_a_clock_that_was_ahead_do_not_count(shared_state: LocalSharedState) -> None:
    for number in range(MOST_TRIES):
        assert isinstance(claim(shared_state, "crm", NOON + 30 * DAY, NOON + 30 * DAY + number * GRACE, ME), Claim)
    assert isinstance(claim(shared_state, "crm", NOON, NOON, OTHER), Claim)
