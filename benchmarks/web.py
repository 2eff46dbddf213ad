"""How long the administrator's pages take on the server, and what it holds.

    python benchmarks/web.py [ENTRIES [PROFILES [RUNS]]]

100,000 entries, 500 profiles and 10,000 runs in SQLite; the server runs in a process of its own and is asked over
loopback. Each time is that of a whole request, as the median of 20 and the 19th; the first request of a page is told
apart. CPU is what the server's process used for one: on a machine that others keep busy it alone says something.
"""

from __future__ import annotations

import multiprocessing
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
from pbx_web.login.sessions import cookie_name
from pbx_web.permissions import Role
from pbx_web.server import PagesServer
from pbx_web.settings import LOOPBACK, WebSettings
from starlette.requests import HTTPConnection

from pbx_connector.api import Account, Content, Entry, PluginContext, Report, RunKind, RunStatus, application
from pbx_connector.config import Config
from pbx_connector.model import Counts
from pbx_connector.plugins import Plugins
from pbx_connector.stores import open_store
from pbx_connector.stores.sql.history.records import record_run
from pbx_connector.stores.sql.schema.tables import profile as profile_table
from pbx_connector.stores.sql.store import SqlStore

SIZES = (100_000, 500, 10_000)
ROUNDS = 20
OPEN = 50
"""Pages that are open at the same time."""
PROFILE = """\
title: Customers {number}
source: csv
settings:
  file: customers{number}.csv
rules: |
  Number = phone([Phone])
structure:
  phonebook:
    - 028pho_bez:   "{{{{Name}}}}"
      028pho_phone: "{{{{Number}}}}"
"""
PAGES = (
    "/nothing",
    "/",
    "/phone-book",
    "/phone-book?after=50000",
    "/phone-book/entries/50000",
    "/phone-book/add",
    "/phone-book/preview?format=yealink",
    "/phone-book/duplicates",
    "/devices",
    "/accounts",
    "/settings",
    "/audit",
)
"""The first one is trivial: the frame, and a line in it."""
LARGE = 20_000
"""Changes of the largest run."""
OF_A_RUN = {
    "/runs": "/runs",
    "a large run": "/runs/{run}",
    "its undo, first page": "/runs/{run}/undo",
    "its undo, last page": f"/runs/{{run}}/undo?skip={LARGE - 100}",
}
SEARCHES = {
    "a name": {"text": "anna"},
    "a rare name": {"text": "qqzzy"},
    "a number": {"text": "+4930 5000"},
    "a whole number": {"text": "030 12345678"},
    "a label": {"label": "VIP"},
    "private": {"text": "anna", "kind": "all"},
}


def main() -> None:
    entries, profiles, runs = [*map(int, sys.argv[1:]), *SIZES[len(sys.argv) - 1 :]]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        large = fill(folder, entries, profiles, runs)
        with served(folder) as (url, cookies, token, process):
            client = httpx.Client(base_url=url, cookies=cookies, headers={"x-csrf-token": token}, timeout=60)
            trivial = tell("/nothing", lambda: client.get("/nothing"), process)
            resting = memory(process)
            for path in PAGES[1:]:
                tell(path, lambda path=path: client.get(path), process, trivial)  # type: ignore[misc]
            for what, path in OF_A_RUN.items():
                there = path.format(run=large)
                tell(what, lambda there=there: client.get(there), process, trivial)  # type: ignore[misc]
            for what, search in SEARCHES.items():
                tell(f"search: {what}", lambda search=search: found(client, search), process, trivial)  # type: ignore[misc]
            hold_open(url, cookies)
            print(f"memory    {resting:.0f} MiB at rest, {memory(process):.0f} MiB with {OPEN} pages open")


def found(client: httpx.Client, search: dict[str, str]) -> httpx.Response:
    return client.post("/phone-book/search", data=search, follow_redirects=True)


def tell(what: str, ask: Callable[[], httpx.Response], process: psutil.Process, trivial: float | None = None) -> float:
    """The CPU time of one request, in milliseconds."""
    first = _timed(what, ask)
    used, times = _cpu(process), sorted(_timed(what, ask) for _ in range(ROUNDS))
    cpu = (_cpu(process) - used) / ROUNDS
    print(
        f"{what:36} CPU {cpu:5.0f} ms, {cpu / (trivial or cpu):5.1f} times the trivial page; "
        f"median {statistics.median(times):5.0f} ms, p95 {times[-2]:5.0f} ms, first {first:5.0f} ms",
        flush=True,
    )
    return cpu


def _timed(what: str, ask: Callable[[], httpx.Response]) -> float:
    start = time.perf_counter()
    answer = ask()
    assert answer.status_code in (200, 404), (what, answer.status_code, answer.text[:2_000])
    return 1_000 * (time.perf_counter() - start)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return 1_000 * float(times.user + times.system)


def hold_open(url: str, cookies: dict[str, str]) -> None:
    """As many browsers, each with a connection that it keeps."""
    clients = [httpx.Client(base_url=url, cookies=cookies, timeout=60) for _ in range(OPEN)]
    for number, client in enumerate(clients):
        client.get(PAGES[number % len(PAGES)])


def memory(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 2**20


# --- what is served ----------------------------------------------------------------------------------------------


def fill(folder: Path, entries: int, profiles: int, runs: int) -> str:
    """Returns the id of the largest run."""
    (folder / "profiles").mkdir()
    for number in range(profiles):
        (folder / "profiles" / f"p{number:04}.yaml").write_text(PROFILE.format(number=number), encoding="utf-8")
    with open_store(url_of(folder)) as store:
        assert isinstance(store, SqlStore)
        for number in range(50):
            store.add_account(Account(str(number), f"user{number}", f"user{number}@example.com"))
        large = _fill_book(store, entries)
        _fill_history(store, folder, profiles, runs)
    return large


def _fill_book(store: SqlStore, entries: int) -> str:
    chance, parts = random.Random(7), [(0, LARGE), *((start, 1_000) for start in range(LARGE, entries, 1_000))]
    for start, many in parts:
        with store.changeset(RunKind.RUN, "") as changeset:
            changeset.put_entries([_entry(chance, number) for number in range(start, min(entries, start + many))])
    return next(run.id for run in store.runs() if len(list(store.changes(run.id, limit=1_001))) > 1_000)


def _entry(chance: random.Random, number: int) -> Entry:
    name = "".join(chance.choice(("an", "na", "be", "ri", "lo", "mu", "ka", "to", "sen", "dor")) for _ in range(4))
    fields = {
        "display_name": f"{name.capitalize()} {chance.choice(('Weber', 'Öz', 'Müller', 'Lee', 'Sørensen'))}",
        "phone": f"+4930{chance.randrange(10**7, 10**8)}",
        "organisation": f"{name[::-1]} GmbH",
        "email": f"{name}{number}@example.com",
    }
    account = str(number % 50) if number % 10 == 0 else None
    return Entry(0, Content(account, fields, {"VIP": "yes"} if number % 20 == 0 else {}))


def _fill_history(store: SqlStore, folder: Path, profiles: int, runs: int) -> None:
    now, chance, base = datetime.now(UTC), random.Random(7), int(next(store.runs()).id) + 1
    database = store._database
    with database.write() as connection:
        names = [f"p{number:04}" for number in range(profiles)]
        values = [
            {"id": name, "title": name, "file": str(folder / "profiles" / f"{name}.yaml"), "region": None}
            for name in names
        ]
        connection.execute(profile_table.insert(), values)
        for number in range(runs):
            counts = Counts(
                rows=200, added=chance.randrange(3), updated=chance.randrange(9), removed=chance.randrange(3)
            )
            started = now - timedelta(days=29) * (1 - number / runs)
            report = Report(
                str(base + number), names[number % profiles], RunStatus.DONE, counts, started=started, duration=3.0
            )
            record_run(connection, database.dialect, report)


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'book.sqlite'}"


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, dict[str, str], str, psutil.Process]]:
    here, there = multiprocessing.get_context("spawn").Pipe()
    child = multiprocessing.get_context("spawn").Process(target=serve, args=(folder, there), daemon=True)
    child.start()
    try:
        url, cookies, token = here.recv()
        yield url, cookies, token, psutil.Process(child.pid)
    finally:
        here.send("stop")
        child.join(10)


def serve(folder: Path, told: Connection) -> None:
    url = url_of(folder)
    with open_store(url) as store:
        installation = application.Installation(Config(profiles=folder / "profiles", store=url), Plugins())
        context = PluginContext(
            "web",
            installation=lambda: installation,
            store=lambda: store,
            open_store=lambda: open_store(url),
            store_url=lambda: url,
        )
        server = PagesServer(context, WebSettings(personal=[Role.ADMIN]), LOOPBACK)
        server.start()
        user = application.users.add_user(store, "admin", Role.ADMIN, password="no digest")
        asking = {"type": "http", "headers": [], "scheme": "http", "path": "/", "server": ("localhost", 1)}
        begun = server.site.sessions.open(user, HTTPConnection(asking))
        told.send((server.address, {cookie_name(begun.is_secure): begun.id}, begun.token))
        told.recv()
        server.stop()


if __name__ == "__main__":
    main()
