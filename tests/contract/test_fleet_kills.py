"""Workers, dispatchers and PostgreSQL are killed at random while many tenants are due: no run twice at once, none lost,
none half.

Each phone book is a schema of its own. Each worker passes for one on a machine of its own, so that nobody sees its
process end: its silence tells, and then the lease in the phone book. All patience is a fifth of the usual. `PBX_KILLS`
says how many workers are killed; `make crash` has many.
"""

from __future__ import annotations

import random
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any, Literal

import pytest
from fleet_faults import Fault
from fleet_processes import KILLS, Fleet, FleetProcess
from fleet_tally import ROWS, Tally
from fleet_worker import FAST, LEASE

MANY = KILLS >= 50
TENANTS = 40 if MANY else 10
WORKERS = 4 if MANY else 2
ROUNDS_OF_A_DISPATCHER = 4
"""In every so many rounds a dispatcher is killed, too."""
RESTARTS = max(1, KILLS // 25)
"""Of PostgreSQL, without a word to those who are connected."""
DONE = 3 if MANY else 1
"""So many runs end between two rounds, at least."""
Restart = Callable[[Literal["stop", "restart"]], None]


class Killing:
    """A fleet that runs, and is killed bit by bit and started anew."""

    def __init__(self, fleet: Fleet, restart: Restart, choice: random.Random) -> None:
        self.fleet = fleet
        self.restart = restart
        self.choice = choice
        self.killed = self.in_runs = self.dispatchers = self.restarts = 0
        self.runs: list[tuple[str, datetime]] = []
        """Tenants in whose run a worker was killed, and when."""
        self.workers = [self.worker() for _ in range(WORKERS)]
        self.dispatching = [self.dispatcher() for _ in range(2)]

    def worker(self) -> FleetProcess:
        machine = f"machine-{len(self.fleet.processes)}"
        return self.fleet.start(seconds=0.4, rows=ROWS, schemas=True, generations=True, machine=machine, dispatch=False)

    def dispatcher(self) -> FleetProcess:
        return self.fleet.start(only_dispatch=True)

    def kill_workers(self, most: int) -> None:
        """Of those that are in a run, as many as chance has it."""
        self.fleet.wait_for(self.busy)
        busy = self.busy()
        for process in self.choice.sample(busy, min(len(busy), self.choice.randint(1, WORKERS), most)):
            kill(process)
            self.killed += 1
            left = self.fleet.ask(f"SELECT lock, clock_timestamp() {_DOING} AND process = %s", process.pid)
            self.runs += left
            self.in_runs += bool(left)
            self.workers[self.workers.index(process)] = self.worker()

    def busy(self) -> list[FleetProcess]:
        doing = {process for (process,) in self.fleet.ask(f"SELECT process {_DOING}")}
        return [worker for worker in self.workers if worker.pid in doing]

    def kill_a_dispatcher(self) -> None:
        place = self.choice.randrange(len(self.dispatching))
        kill(self.dispatching[place])
        self.dispatchers += 1
        self.dispatching[place] = self.dispatcher()

    def restart_postgres(self) -> None:
        began = self.fleet.ask("SELECT pg_postmaster_start_time()")
        self.restart("restart")
        self.restarts += self.fleet.ask("SELECT pg_postmaster_start_time()") != began

    def found_again(self) -> list[float]:
        """Seconds from each kill until the next run of the tenant began."""
        attempts = self.fleet.attempts()
        begun = ([first for first, _ in attempts[tenant] if first > when] + [when] for tenant, when in self.runs)
        return sorted((first[0] - when).total_seconds() for first, (_, when) in zip(begun, self.runs, strict=True))

    def forgive(self) -> None:
        """The kills are nobody's fault: no profile is to be quarantined."""
        self.fleet.ask("UPDATE pbx_control.schedule SET lost = 0, state = 'ready', reason = '' WHERE lost > 0")


_DOING = "FROM procrastinate_jobs job JOIN worker ON worker.id = job.worker_id WHERE job.status = 'doing'"


def kill(process: FleetProcess) -> None:
    assert process.kill() == -signal.SIGKILL


@pytest.fixture
def tally(fleet: Fleet) -> Iterator[Tally]:
    fleet.add_with_phone_books(TENANTS, every="24h", due_in=3600.0)
    fleet.ask("INSERT INTO progress (tenant, profile, ran) SELECT tenant, profile, true FROM pbx_control.schedule")
    tally = Tally(fleet.control, fleet.tenants)
    tally.begin()
    yield tally
    tally.close()


@pytest.mark.timeout(7200)
def test_random_kills_lose_no_run_make_none_twice_and_none_half(
    fleet: Fleet, tally: Tally, control_postgres: Restart
) -> None:
    began, rounds = time.monotonic(), 0
    killing = Killing(fleet, control_postgres, random.Random(20261129))
    wanted = tally.wanted
    while killing.killed < KILLS or killing.in_runs < KILLS // 2 or killing.restarts < RESTARTS:
        time.sleep(killing.choice.uniform(0.2, 2.5))
        fleet.wait_for(partial(tally.has_had, wanted + DONE))  # between two rounds something is done, too
        wanted = tally.wanted
        killing.kill_workers(max(1, KILLS - killing.killed))
        if rounds % ROUNDS_OF_A_DISPATCHER == 0:
            killing.kill_a_dispatcher()
        if killing.restarts < RESTARTS * killing.killed // KILLS:
            killing.restart_postgres()
        killing.forgive()
        rounds += 1
    tally.settle(120)
    tally.close()
    print(said(fleet, tally, killing, time.monotonic() - began))
    assert killing.in_runs >= KILLS // 2
    assert killing.dispatchers
    assert killing.restarts == RESTARTS
    assert (fleet.overlaps(), tally.lost, tally.half, tally.open) == (0, {}, set(), set())


def said(fleet: Fleet, tally: Tally, killing: Killing, seconds: float) -> str:
    runs = sum(map(len, fleet.attempts().values()))
    found = killing.found_again()
    return (
        f"{killing.killed} workers killed, {killing.in_runs} of them in the middle of {len(found)} runs; "
        f"{killing.dispatchers} dispatchers killed, PostgreSQL restarted {killing.restarts} times, in {seconds:.0f} s. "
        f"{tally.wanted} runs of {TENANTS} tenants were due, {runs} begun: {fleet.overlaps()} overlaps, "
        f"{len(tally.lost)} lost, {len(tally.half)} half in {tally.looks} looks at all phone books; "
        f"those killed began again after {statistics.median(found):.1f} s (median), {found[-1]:.1f} s at most. "
        f"Timing: silent {FAST.silent:.0f} s (usually 30), lease {LEASE:.0f} s (usually 60)."
    )


@pytest.mark.skipif(not MANY, reason="takes long: make crash")
@pytest.mark.parametrize("fault", ["lock", "sweep", "transaction"])
def test_what_is_counted_would_be_noticed(fleet: Fleet, tally: Tally, fault: Fault) -> None:
    how: dict[str, Any] = {"seconds": 1.0, "rows": ROWS, "schemas": True, "generations": True, "fault": fault}
    workers = [fleet.start(machine=f"machine-{number}", **how) for number in range(2)]
    if fault == "sweep":
        running = f"SELECT 1 {_DOING} AND process = %s"
        fleet.wait_for(lambda: fleet.ask(running, workers[0].pid))
        kill(workers[0])
    found: dict[str, Callable[[], object]] = {
        "lock": fleet.overlaps,
        "sweep": lambda: tally.lost,
        "transaction": lambda: tally.half,
    }
    fleet.wait_for(found[fault])
