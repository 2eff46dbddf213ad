"""Profiles that run at the same time on one store, as the service runs them, do not get into each other's way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from pbx_connector.model import RunStatus
from pbx_connector.profile import Profile
from pbx_connector.run import run_profile
from pbx_connector.stores import Store
from pbx_connector.testing import MemorySource


def test_many_profiles_at_once(store: Store, profile: Profile, source: MemorySource) -> None:
    book = source.add("public")
    for number in range(20):
        book.put(f"r{number}", display_name=f"N{number}")

    def run(number: int) -> RunStatus:
        return run_profile(replace(profile, id=f"p{number % 6}", fingerprint=str(number)), store).status

    for _ in range(10):
        with ThreadPoolExecutor(6) as pool:
            assert set(pool.map(run, range(6))) == {RunStatus.DONE}
    assert store.count_entries() == 120
