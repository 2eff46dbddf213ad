"""Callers looked up by one process for one phone system and for many: how long each waits, how many a second, memory.

    python benchmarks/directory_tenants.py [TENANTS]

PostgreSQL, the directory and the callers are processes of this machine. Rounds of the two kinds alternate in one run,
so that the ratio says more than the times. Half of the callers name their tenant by host name, half by path.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg
from directory import Server, at_once  # type: ignore[import-not-found]
from fleet_demo import postgres  # type: ignore[import-not-found]

from pbx_connector.application import devices, tenants
from pbx_connector.application.fleet import Fleet
from pbx_connector.config import ControlConfig
from pbx_connector.plan import Content
from pbx_connector.plugins import Plugins
from pbx_connector.stores import Entry, RunKind
from pbx_connector.tenants import registry
from pbx_connector.tenants.phone_books import SCHEMA_VERSION
from pbx_connector.tenants.registry import Tenant

DOMAIN = "pbx.example.com"
ENTRIES, CALLERS, ROUNDS, EACH = 100, 8, 5, 25
Phone = tuple[str, str]
"""A tenant, and the token of one of its devices."""


@dataclass
class Round:
    waits: list[float]
    seconds: float
    processor: float

    @property
    def p95(self) -> float:
        return sorted(self.waits)[len(self.waits) * 95 // 100] * 1e3

    @property
    def each_second(self) -> float:
        return len(self.waits) / self.seconds


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    with tempfile.TemporaryDirectory(prefix="pbx-tenants-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        with postgres(Path(folder) / "postgres") as url:
            phones = fill(url, Path(folder), count)
            with served(url, Path(folder)) as (address, process):
                measure(address, process, phones)


def fill(url: str, folder: Path, count: int) -> list[Phone]:
    """All but the first are copies of it: its tables, rows and device, in a schema and with a role of their own."""
    begun = time.monotonic()
    with Fleet(ControlConfig(database=url, cache=folder / "cache"), Plugins()) as fleet:
        first, *others = (f"t{number:05}" for number in range(count))
        token = added(fleet, first)
        template = registry.find(fleet.control, first)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")  # a look-up writes nothing
            connection.execute("SELECT pg_reload_conf()")
            for id in others:
                copy(connection, template, registry.register(fleet.control, id, "", ""))
            connection.execute("UPDATE pbx_control.tenant SET state = 'active', schema_version = %s", [SCHEMA_VERSION])
    print(f"{count} tenants with {ENTRIES} entries each, made in {time.monotonic() - begun:.0f} s", flush=True)
    return [(id, token) for id in (first, *others)]


COPY = """
DO $$
DECLARE name text;
BEGIN
    CREATE ROLE "{role}" NOLOGIN;
    CREATE SCHEMA "{schema}" AUTHORIZATION "{role}";
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = '{template}' LOOP
        EXECUTE format('CREATE TABLE "{schema}".%I (LIKE "{template}".%I INCLUDING ALL)', name, name);
        EXECUTE format('INSERT INTO "{schema}".%I OVERRIDING SYSTEM VALUE SELECT * FROM "{template}".%I', name, name);
        EXECUTE format('ALTER TABLE "{schema}".%I OWNER TO "{role}"', name);
    END LOOP;
END $$
"""


def copy(connection: psycopg.Connection, template: Tenant, new: Tenant) -> None:
    text = COPY.format(role=new.role, schema=new.schema, template=template.schema)
    connection.execute(text.encode())


def added(fleet: Fleet, id: str) -> str:
    fields = [{"display_name": f"Person {number}", "phone": f"+4930{number:07}"} for number in range(ENTRIES)]
    with fleet.open_store(tenants.add(fleet, id)) as store:
        with store.changeset(RunKind.HAND, "a benchmark") as changeset:  # type: ignore[attr-defined]
            changeset.put_entries([Entry(0, Content(None, one)) for one in fields])
        made = devices.add_device(store, "phone", None, {}, phone_system=id)
    return f"{made.device.id}-{made.secret}"


@contextmanager
def served(url: str, folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    said = {"control": {"database": url, "cache": str(folder / "cache"), "domain": DOMAIN}}
    config = folder / "config.yaml"
    config.write_text(json.dumps(said | {"plugins": {"directory": {"http": "127.0.0.1:0"}}}))
    command = [str(Path(sys.executable).with_name("pbx-connector")), "--config", str(config), "directory", "serve"]
    process = subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield json.loads(process.stdout.readline())["http"], psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(60)


def measure(address: str, process: psutil.Process, phones: Sequence[Phone]) -> None:
    one, all_of_them = phones[:1], phones
    asked(address, process, one)
    print(f"memory       {memory(process):.0f} MiB with one tenant that was asked", flush=True)
    first = first_time(address, phones)
    print(f"first time   p50 {statistics.median(first) * 1e3:.1f} ms, for a tenant that nobody has asked for yet")
    print(f"memory       {memory(process):.0f} MiB with {len(phones)} that were asked", flush=True)
    pairs = [(asked(address, process, one), asked(address, process, all_of_them)) for _ in range(ROUNDS)]
    for name, side in (("one tenant", [pair[0] for pair in pairs]), ("all", [pair[1] for pair in pairs])):
        print(
            f"{name:12} p50 {statistics.median(wait for each in side for wait in each.waits) * 1e3:.1f} ms, "
            f"p95 {statistics.median(each.p95 for each in side):.1f} ms, "
            f"{statistics.median(each.each_second for each in side):.0f} a second, "
            f"{statistics.median(each.processor for each in side) * 1e3:.2f} ms of processor each"
        )
    print(f"ratio        p95 {statistics.median(b.p95 / a.p95 for a, b in pairs):.2f}, ", end="")
    print(f"a second {statistics.median(b.each_second / a.each_second for a, b in pairs):.2f}, ", end="")
    print(f"processor {statistics.median(b.processor / a.processor for a, b in pairs):.2f}")
    print(f"memory       {memory(process):.0f} MiB after all this")


def asked(address: str, process: psutil.Process, phones: Sequence[Phone]) -> Round:
    waits: list[float] = []

    def call(seed: int) -> None:
        chance, server = random.Random(seed), Server(address)
        waits.extend(look_up(server, *chance.choice(phones), chance.randrange(ENTRIES)) for _ in range(EACH))

    before, begun = used(process), time.perf_counter()
    at_once(call, CALLERS)
    seconds = time.perf_counter() - begun
    return Round(waits, seconds, (used(process) - before) / len(waits))


def first_time(address: str, phones: Sequence[Phone]) -> list[float]:
    server = Server(address)
    return [look_up(server, *phone, 7) for phone in phones[1:]]


def look_up(server: Server, tenant: str, token: str, number: int) -> float:
    path, named = f"{token}/caller?number=%2B4930{number:07}", {"Host": f"{tenant}.{DOMAIN}"}
    begun = time.perf_counter()
    said = server.get(f"/{path}", **named) if number % 2 else server.get(f"/{tenant}/{path}")
    wait = time.perf_counter() - begun
    assert said.decode() == f"Person {number}", (server.status, said)
    return wait


def used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def memory(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 2**20


if __name__ == "__main__":
    main()
