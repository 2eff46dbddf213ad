"""A simulation of twenty thousand contacts: what is found out lies in a file, and its pages come at once."""

from __future__ import annotations

import gc
import time
from pathlib import Path

from pbx_web.permissions import Role

from .conftest import Running
from .following import simulated

CONTACTS = 20_000
MOST_MEMORY = 150_000_000
"""Bytes that the process may have more afterwards: all records together, in memory, would be several times that."""


def resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


def test_twenty_thousand_contacts_lie_in_a_file_and_their_pages_come_at_once(running: Running) -> None:
    line = "{0},Person {0},Company {0},0301{0:06},B," + "x" * 400 + "\n"
    rows = "".join(line.format(number) for number in range(CONTACTS))
    (running.profiles / "customers.csv").write_text(f"Id,Name,Company,Phone,Class,Notes\n{rows}", encoding="utf-8")
    with running.client(Role.EDITOR) as client:
        client.timeout = 60
        before = resident()
        job = simulated(client)
        assert resident() - before < MOST_MEMORY
        began = time.process_time()
        found = client.get(f"/api/v1/simulations/{job}").json()
        searched = client.get(f"/api/v1/simulations/{job}", params={"q": "person 19999"}).json()["records"]
        deep = client.get(f"/simulations/{job}", params={"after": str(CONTACTS - 50)})
        assert time.process_time() - began < 5
        assert (found["lines"]["added"], len(found["records"])) == (CONTACTS, 100)
        assert [one["name"] for one in searched] == ["Person 19999"]
        assert deep.text.count("<tr>") == 51
