"""How fast the Microsoft 365 source reads, as ratios measured in one run against a sandbox in another process.

    python benchmarks/microsoft365.py [cpu] [requests] [latency] [memory]

`cpu` compares with msgraph-sdk where that is installed, which is no dependency of ours: it is large. Each part prints a
table; `benchmarks/README.md` keeps the latest figures.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import ssl
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import urllib3
from pbx_microsoft365.fields import CONTACT
from pbx_microsoft365.rows import RowReader
from pbx_microsoft365.settings import Microsoft365Settings
from pbx_microsoft365.source import Microsoft365Source, open_microsoft365

from pbx_connector.api import Account, Book, End, Row, SourceContext, Unchanged

NAMES = ("DisplayName", "GivenName", "Surname", "CompanyName", "Department")
PLAIN = frozenset((*NAMES, "PhoneNumbers_MobilePhone", "EmailAddresses_EmailAddress1"))
"""What Graph has as properties of its own."""
NUMBERS = PLAIN | {f"PhoneNumbers_{phone}" for phone in ("BusinessPhone", "HomePhone", "BusinessFax")}
"""And what it has as extended properties."""


@contextmanager
def sandbox(contacts: int, *options: str) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "pbx_microsoft365.sandbox", "--json", "--contacts", str(contacts), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


@contextmanager
def source(server: dict[str, Any], fields: frozenset[str], **settings: Any) -> Iterator[Microsoft365Source]:
    os.environ["BENCHMARK_SECRET"] = server["client_secret"]
    given = {name: server[name] for name in ("url", "authority", "tenant", "client_id", "ca_file")}
    given["client_secret"] = {"env": "BENCHMARK_SECRET"}
    accounts = [Account(**account) for account in server["accounts"]]
    wanted = Microsoft365Settings.model_validate(given | settings)
    with open_microsoft365(wanted, SourceContext(accounts, fields)) as opened:
        yield opened


def books_of(opened: Microsoft365Source) -> list[Book]:
    return [book for book in opened.books() if isinstance(book, Book)]


def read(opened: Microsoft365Source, book: Book) -> int:
    return sum(isinstance(item, Row) for item in opened.changes(book, None, ()))


def asker(server: dict[str, Any]) -> tuple[urllib3.PoolManager, dict[str, str]]:
    """A plain client, signed in."""
    pool = urllib3.PoolManager(ssl_context=ssl.create_default_context(cafile=server["ca_file"]))
    form = {
        "grant_type": "client_credentials",
        "client_id": server["client_id"],
        "client_secret": server["client_secret"],
        "scope": "https://graph.microsoft.com/.default",
    }
    address = f"{server['authority']}/{server['tenant']}/oauth2/v2.0/token"
    token = pool.request("POST", address, fields=form, encode_multipart=False).json()["access_token"]
    return pool, {"Authorization": f"Bearer {token}"}


# --- cpu -----------------------------------------------------------------------------------------------------------


def cpu_of(work: Callable[[], int], runs: int = 3) -> float:
    """Microseconds of our process a contact: the median of the runs."""
    times = []
    for _ in range(runs):
        gc.collect()
        start = time.process_time()
        count = work()
        times.append((time.process_time() - start) / count * 1e6)
    return statistics.median(times)


def flat_rows(bodies: list[bytes]) -> int:
    """The least that could be done: parse the same bytes, and flatten each contact by a loop over its members."""
    count = 0
    for body in bodies:
        for contact in json.loads(body)["value"]:
            row: dict[str, Any] = {}
            for name, value in contact.items():
                if isinstance(value, list):
                    for at, one in enumerate(value):
                        if isinstance(one, dict):
                            row[one.get("id") or f"{name}_{at}"] = one.get("value") or one.get("address")
                        else:
                            row[f"{name}_{at}"] = one
                elif isinstance(value, dict):
                    row.update({f"{name}_{part}": text for part, text in value.items()})
                elif value:
                    row[name] = value
            count += bool(row)
    return count


def first_pages(server: dict[str, Any], mailbox: str, fields: frozenset[str]) -> list[bytes]:
    rows = reader_of(fields)
    options = {"$select": rows.select, "$top": "200" if rows.expand else "1000"}
    if rows.expand:
        options["$expand"] = rows.expand
    pool, headers = asker(server)
    link: str | None = f"{server['url']}/users/{mailbox}/contactFolders/contacts/contacts"
    bodies, fields_of_request = [], options
    while link:
        answer = pool.request("GET", link, fields=fields_of_request or None, headers=headers)
        bodies.append(answer.data)
        link, fields_of_request = answer.json().get("@odata.nextLink"), {}
    return bodies


def with_sdk(server: dict[str, Any], mailbox: str, rows: RowReader) -> int:
    """Microsoft's own client, which reads the same contacts with the same options."""
    from kiota_abstractions.authentication import AccessTokenProvider, AllowedHostsValidator
    from kiota_abstractions.authentication import BaseBearerTokenAuthenticationProvider as Bearer
    from msgraph import GraphRequestAdapter, GraphServiceClient
    from msgraph.generated.users.item.contact_folders.item.contacts.contacts_request_builder import (
        ContactsRequestBuilder,
    )
    from msgraph_core import GraphClientFactory

    token = asker(server)[1]["Authorization"].removeprefix("Bearer ")

    class Token(AccessTokenProvider):  # type: ignore[misc]  # it has no types where it is not installed
        async def get_authorization_token(self, uri: str, additional: dict[str, Any] | None = None) -> str:
            return token

        def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
            return AllowedHostsValidator(["127.0.0.1"])

    async def run() -> int:
        import httpx

        client = httpx.AsyncClient(verify=ssl.create_default_context(cafile=server["ca_file"]), timeout=120)
        piped = GraphClientFactory.create_with_default_middleware(client=client)
        adapter = GraphRequestAdapter(Bearer(Token()), client=piped)
        adapter.base_url = server["url"]
        builder = GraphServiceClient(request_adapter=adapter).users.by_user_id(mailbox)
        contacts = builder.contact_folders.by_contact_folder_id("contacts").contacts
        asked = ContactsRequestBuilder.ContactsRequestBuilderGetQueryParameters(
            top=200 if rows.expand else 1000,
            select=rows.select.split(","),
            expand=[rows.expand] if rows.expand else None,
        )
        from kiota_abstractions.base_request_configuration import RequestConfiguration

        page = await contacts.get(RequestConfiguration(query_parameters=asked))
        count = 0
        while page is not None:
            count += len(page.value or [])
            page = await contacts.with_url(page.odata_next_link).get() if page.odata_next_link else None
        return count

    return asyncio.run(run())


def measure_cpu(contacts: int = 4_000) -> None:
    print(f"\nCPU time of our process, {contacts:,} contacts of one mailbox\n")
    print("| | µs a contact | ratio |\n|---|---|---|")
    measure_fields(contacts, "seven fields", PLAIN)
    measure_fields(contacts, "ten fields, three of them extended properties", NUMBERS)


def measure_fields(contacts: int, said: str, fields: frozenset[str]) -> None:
    with sandbox(4, "--mailboxes", "1", "--each", str(contacts)) as server, source(server, fields) as opened:
        mailbox = server["accounts"][0]["email"]
        book = max(books_of(opened), key=lambda book: read(opened, book))
        bodies = first_pages(server, mailbox, fields)
        assert contacts <= read(opened, book) == flat_rows(bodies)
        ours, least = cpu_of(lambda: read(opened, book)), cpu_of(lambda: flat_rows(bodies))
        print(f"| this source, {said}, HTTP included | {ours:.1f} | 1 |")
        print(f"| json.loads and flat rows of the same bytes | {least:.1f} | ours is {ours / least:.2f} × |")
        try:
            with_sdk(server, mailbox, reader_of(fields))  # imports, which take seconds
            theirs = cpu_of(lambda: with_sdk(server, mailbox, reader_of(fields)), runs=1)
        except ImportError as missing:
            print(f"| msgraph-sdk | not installed ({missing.name}) | |")
        else:
            print(f"| msgraph-sdk, the same options | {theirs:.0f} | ours is {theirs / ours:.1f} × less |")


def reader_of(fields: frozenset[str]) -> RowReader:
    return RowReader(CONTACT, fields, always=("parentFolderId",))


# --- requests ------------------------------------------------------------------------------------------------------


def counted(server: dict[str, Any]) -> Counter[str]:
    """Requests since the last call."""
    pool, _ = asker(server)
    headers = urllib3.make_headers(basic_auth=f"{server['client_id']}:{server['client_secret']}")
    address = f"{server['authority']}/sandbox/requests"
    found: Counter[str] = Counter(pool.request("GET", address, headers=headers).json())
    pool.request("DELETE", address, headers=headers)
    return found


def measure_requests(mailboxes: int = 10, each: int = 2_100) -> None:
    print(f"\nRequests, {mailboxes} mailboxes of {each:,} contacts\n")
    print("| | requests | allowed, and a constant a mailbox | of which |\n|---|---|---|---|")
    for said, fields, size in (("no extended property", PLAIN, 1000), ("extended properties", NUMBERS, 80)):
        options = ("--mailboxes", str(mailboxes), "--each", str(each))
        with sandbox(4, *options) as server, source(server, fields) as opened:
            counted(server)
            books = books_of(opened)
            ends = {book.id: _end(opened, book, None) for book in books}
            first = counted(server)
            allowed = len(books) + mailboxes * each / size
            print(f"| first full read, {said} | {first.total()} | {allowed:.0f} | {dict(first)} |")
            for book in books:
                ends[book.id] = _end(opened, book, ends[book.id])
            second = counted(server)
            print(f"| second read, which catches up with the changes | {second.total()} | | {dict(second)} |")
            for book in books:
                _end(opened, book, ends[book.id])
            again = counted(server)
            print(f"| later reads, nothing changed | {again.total()} | {len(books)} | {dict(again)} |")


def _end(opened: Microsoft365Source, book: Book, since: str | None) -> str | None:
    *_, end = opened.changes(book, since, ())
    assert isinstance(end, End)
    return end.checkpoint


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
    with source(server, PLAIN, connections=connections) as opened, ThreadPoolExecutor(connections) as pool:
        start = time.monotonic()
        rows = sum(pool.map(lambda book: read(opened, book), books_of(opened)))
        assert rows >= 20 * len(server["accounts"]), rows
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
    options = ("--mailboxes", "1", "--each", str(contacts), "--latency", "0")
    with sandbox(4, *options) as server, source(server, PLAIN) as opened:
        for book in books_of(opened):
            rows = read(opened, book)
            pairs = ((item.key, item.version) for item in opened.changes(book, None, ()) if isinstance(item, Row))
            assert sum(isinstance(item, Unchanged) for item in opened.changes(book, None, pairs)) == rows
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


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
