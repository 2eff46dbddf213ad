"""Generated organisations: any size, quickly, the same for the same seed."""

from __future__ import annotations

import time
from itertools import islice

import requests
from pbx_exchange.sandbox import Sandbox, ServerState, Size

from pbx_connector.testing.office.demo import build_generated
from pbx_connector.testing.office.generated import Generator


def names_of(state: ServerState) -> list[object]:
    return [item.values["DisplayName"] for item in state.items.values()]


def test_the_same_seed_gives_the_same_people() -> None:
    one, same, other = (names_of(build_generated("x", Size(50, seed=seed))) for seed in (7, 7, 8))
    assert one == same
    assert one != other


def test_contacts_are_spread_and_complete_in_number() -> None:
    state = build_generated("x", Size(1003, mailboxes=4, each=2))
    public = [len(folder.items) for folder in state.public.walk()]
    assert sum(public) == 1003
    assert [len(state.contacts(f"user{n}@example.com").items) for n in (1, 2, 3, 4)] == [2, 2, 2, 2]


def test_people_differ() -> None:
    generate = Generator(1)
    assert len({tuple(generate(n).items()) for n in range(1000)}) == 1000
    phones = [str(generate(n)["PhoneNumbers_BusinessPhone"]) for n in range(1000)]
    assert all(phone.startswith("+49") for phone in phones)


def test_two_hundred_thousand_start_at_once() -> None:
    started = time.process_time()
    state = build_generated("x", Size(200_000))
    assert time.process_time() - started < 10  # a few tenths here; the limit is generous for loaded machines
    assert len(state.items) == 200_000
    assert all(item.values["Surname"] for item in islice(state.items.values(), 199_990, None))


def test_a_generated_contact_can_be_changed() -> None:
    state = build_generated("x", Size(4))
    item = next(iter(state.items.values()))
    before = dict(item.values)
    state.update(item, JobTitle="Astronaut", Department=None)
    assert item.values["JobTitle"] == "Astronaut"
    assert "Department" not in item.values
    assert item.values["Surname"] == before["Surname"]


def test_latency_delays_each_answer() -> None:
    with Sandbox.start(size=Size(1), latency=0.2) as sandbox:
        started = time.monotonic()
        requests.post(sandbox.url, auth=(sandbox.email, sandbox.password), data="x", timeout=100)
        assert time.monotonic() - started >= 0.2
        assert [account.username for account in sandbox.accounts] == ["user1", "user2", "user3"]
