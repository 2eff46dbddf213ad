"""What the services of one store agree on: exchanged in one step, so that one of several gets it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from pbx_connector.stores import Store


def test_a_value_is_exchanged_only_for_what_stands_there(store: Store) -> None:
    assert store.shared_state("fired") == ""
    assert store.compare_and_set("fired", "", "noon")
    assert not store.compare_and_set("fired", "", "one")
    assert not store.compare_and_set("fired", "dawn", "one")
    assert store.shared_state("fired") == "noon"
    assert store.compare_and_set("fired", "noon", "")
    assert store.shared_state("fired") == ""
    assert store.shared_state("other") == ""


def test_of_many_at_once_one_gets_it(store: Store) -> None:
    def count_up(times: int) -> int:
        won = 0
        while won < times:
            seen = store.shared_state("count")
            won += store.compare_and_set("count", seen, str(int(seen or 0) + 1))
        return won

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(count_up, [15] * 4)) == 60
    assert store.shared_state("count") == "60"


def test_shared_state_is_no_part_of_the_history(store: Store) -> None:
    store.compare_and_set("fired", "", "noon")
    assert list(store.runs()) == []


def test_all_that_begins_alike_is_asked_for_at_once(store: Store) -> None:
    for key in ("clock ann", "clock bob", "clock", "clocks", "notices ann", "Clock ann", "clock \U0001f600"):
        store.compare_and_set(key, "", key.upper())
    assert store.shared_states("clock ") == {key: key.upper() for key in ("clock ann", "clock bob", "clock \U0001f600")}
    assert store.shared_states("nothing ") == {}
