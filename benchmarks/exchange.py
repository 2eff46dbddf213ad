"""How fast the Exchange source reads, as ratios measured in one run against a sandbox in another process.

    python benchmarks/exchange.py [cpu] [requests] [latency] [memory]

Each part prints a table; `benchmarks/README.md` keeps the latest figures.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import requests
from exchangelib import BASIC, Account, Build, Configuration, Credentials, Version
from exchangelib.protocol import close_connections
from lxml import etree
from pbx_exchange.settings import ExchangeSettings
from pbx_exchange.source import ExchangeSource, open_exchange
from pbx_exchange.wire import services, xml_parser
from pbx_exchange.wire.xml_parser import NAMESPACES

from pbx_connector.api import Account as PbxAccount
from pbx_connector.api import Book, End, Row, SourceContext, Unchanged

NAMES = ("DisplayName", "GivenName", "Surname", "CompanyName", "Department")
PHONES = ("BusinessPhone", "MobilePhone", "HomePhone", "BusinessFax")
FIELDS = frozenset((*NAMES, *(f"PhoneNumbers_{phone}" for phone in PHONES), "EmailAddresses_EmailAddress1"))
ONLY = ("display_name", "given_name", "surname", "company_name", "department", "phone_numbers", "email_addresses")


@contextmanager
def sandbox(contacts: int, *options: str) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "pbx_exchange.sandbox", "--json", "--contacts", str(contacts), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


@contextmanager
def source(server: dict[str, Any], **settings: Any) -> Iterator[ExchangeSource]:
    os.environ["BENCHMARK_PASSWORD"] = server["password"]
    given = {"email": server["email"], "url": server["url"], "auth": "basic", "password": {"env": "BENCHMARK_PASSWORD"}}
    accounts = [PbxAccount(**account) for account in server["accounts"]]
    with open_exchange(ExchangeSettings.model_validate(given | settings), SourceContext(accounts, FIELDS)) as opened:
        yield opened


def books_of(opened: ExchangeSource) -> list[Book]:
    return [book for book in opened.books() if isinstance(book, Book)]


def read(opened: ExchangeSource, book: Book) -> int:
    return sum(isinstance(item, Row) for item in opened.changes(book, None, ()))


def cpu_of(work: Callable[[], int]) -> float:
    """Microseconds of our process a contact: the median of three runs."""
    times = []
    for _ in range(3):
        gc.collect()
        start = time.process_time()
        count = work()
        times.append((time.process_time() - start) / count * 1e6)
    return statistics.median(times)


# --- cpu -----------------------------------------------------------------------------------------------------------


def flat_rows(bodies: list[bytes]) -> int:
    """The least that could be done: parse the same bytes, and flatten each contact by a loop over its elements."""
    types = f"{{{NAMESPACES['t']}}}"
    count = 0
    for body in bodies:
        for item in etree.fromstring(body).iter(f"{types}Contact"):
            row: dict[str, str | None] = {}
            for child in item:
                name = str(child.tag)[len(types) :]
                if len(child):
                    for entry in child:
                        row[f"{name}_{entry.get('Key')}"] = entry.text
                elif child.text:
                    row[name] = child.text
            count += bool(row)
    return count


def with_exchangelib(server: dict[str, Any]) -> int:
    config = Configuration(
        service_endpoint=server["url"],
        credentials=Credentials(server["email"], server["password"]),
        auth_type=BASIC,
        version=Version(build=Build(15, 2)),
    )
    account = Account(server["email"], config=config, autodiscover=False, access_type="delegate")
    top = next(iter(account.public_folders_root.children))
    return sum(sum(1 for _ in folder.all().only(*ONLY)) for folder in top.children)


def measure_cpu(contacts: int = 20_000) -> None:
    bodies: list[bytes] = []
    parse = xml_parser.parse

    def keep(body: bytes) -> etree._Element:
        bodies.append(body)
        return parse(body)

    with sandbox(contacts) as server, source(server, personal=False) as opened:
        books = books_of(opened)
        vars(services)["parse"] = keep
        total = sum(read(opened, book) for book in books)
        vars(services)["parse"] = parse
        assert total == contacts, total
        ours = cpu_of(lambda: sum(read(opened, book) for book in books))
        least = cpu_of(lambda: flat_rows(bodies))
        theirs = cpu_of(lambda: with_exchangelib(server))
        close_connections()
    print(f"\nCPU time of our process, {contacts:,} contacts, ten fields\n")
    print("| | µs a contact | ratio |\n|---|---|---|")
    print(f"| this source, HTTP included | {ours:.1f} | 1 |")
    print(f"| lxml and flat dictionaries of the same bytes, no HTTP | {least:.1f} | ours is {ours / least:.2f} × |")
    print(f"| exchangelib `.only(same fields)` | {theirs:.0f} | ours is {theirs / ours:.1f} × less |")


# --- requests ------------------------------------------------------------------------------------------------------


def counted(server: dict[str, Any]) -> Counter[str]:
    login = (server["email"], server["password"])
    address = server["url"].lower().replace("/ews/exchange.asmx", "/sandbox/requests")
    counts: Counter[str] = Counter(requests.get(address, auth=login, timeout=30).json())
    requests.delete(address, auth=login, timeout=30)
    return counts


def measure_requests(contacts: int = 20_000, mailboxes: int = 10, each: int = 1_100) -> None:
    with sandbox(contacts, "--mailboxes", str(mailboxes), "--each", str(each)) as server, source(server) as opened:
        counted(server)
        books = books_of(opened)
        states: dict[str, str | None] = {}
        asked: Counter[str] = Counter()
        for book in books:
            *_, end = opened.changes(book, None, ())
            assert isinstance(end, End)
            states[book.id] = end.checkpoint
        first = counted(server)
        for book in books:
            known = [(item.key, item.version) for item in opened.changes(book, None, ()) if isinstance(item, Row)]
            counted(server)
            list(opened.changes(book, states[book.id], known if states[book.id] is None else ()))
            asked += counted(server)
    private = mailboxes * each
    folders = len(books) + 3 * mailboxes  # with those that Exchange fills by itself, which have to be listed
    allowed = 3 * folders + private / 512 + (contacts + private) / 1000
    print(f"\nRequests, {contacts + private:,} contacts in {folders} folders, {len(books)} of them read\n")
    print("| | requests | of which |\n|---|---|---|")
    print(f"| first full read (allowed: {allowed:.0f} and a constant) | {first.total()} | {dict(first)} |")
    print(f"| later read of the books, nothing changed | {asked.total()} | {dict(asked)} |")


# --- latency -------------------------------------------------------------------------------------------------------


def measure_latency(mailboxes: int = 200, latency: float = 0.05) -> None:
    options = ("--mailboxes", str(mailboxes), "--each", "20", "--latency", str(latency))
    with sandbox(4, *options) as server:
        alone, together = (timed(server, connections) for connections in (1, 10))
    print(f"\n{mailboxes} mailboxes of 20 contacts, {latency * 1000:.0f} ms for each answer\n")
    print("| | seconds | ratio |\n|---|---|---|")
    print(f"| one connection, book by book | {alone:.1f} | 1 |")
    print(f"| ten connections (the default), books in parallel | {together:.1f} | {alone / together:.1f} × faster |")


def timed(server: dict[str, Any], connections: int) -> float:
    with source(server, public=False, connections=connections) as opened, ThreadPoolExecutor(connections) as pool:
        start = time.monotonic()
        rows = sum(pool.map(lambda book: read(opened, book), opened.books()))
        assert rows == 20 * len(server["accounts"]), rows
        return time.monotonic() - start


# --- memory --------------------------------------------------------------------------------------------------------


def measure_memory() -> None:
    small, large = (peak(contacts) for contacts in (20_000, 200_000))
    print("\nPeak memory of our process: a full read, and one with all rows known\n")
    print("| contacts | MiB | ratio |\n|---|---|---|")
    print(f"| 20,000 | {small:.0f} | 1 |\n| 200,000 | {large:.0f} | {large / small:.2f} |")


def peak(contacts: int) -> float:
    """MiB, of a process of its own."""
    run = subprocess.run(
        [sys.executable, __file__, "_peak", str(contacts)], stdout=subprocess.PIPE, text=True, check=True
    )
    return float(run.stdout)


def print_peak(contacts: int) -> None:
    with sandbox(contacts) as server, source(server, personal=False) as opened:
        for book in books_of(opened):
            rows = read(opened, book)
            again = sum(isinstance(item, Unchanged) for item in opened.changes(book, None, pairs(opened, book)))
            assert again == rows
            contacts -= rows
        assert contacts == 0
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def pairs(opened: ExchangeSource, book: Book) -> Iterator[tuple[str, str]]:
    """What a run would know of the book, as a stream."""
    return ((item.key, item.version) for item in opened.changes(book, None, ()) if isinstance(item, Row))


PARTS: dict[str, Callable[[], None]] = {
    "cpu": measure_cpu,
    "requests": measure_requests,
    "latency": measure_latency,
    "memory": measure_memory,
}


if __name__ == "__main__":
    if sys.argv[1:2] == ["_peak"]:
        print_peak(int(sys.argv[2]))
    else:
        for part in sys.argv[1:] or PARTS:
            PARTS[part]()
