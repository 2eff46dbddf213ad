"""What phones wait for: callers looked up, LDAP searches beside OpenLDAP's, books as XML, and what the server holds.

    python benchmarks/directory.py [ENTRIES]

The server runs in a process of its own, on a phone book of 100,000 entries in SQLite. OpenLDAP is measured where slapd
and ldapsearch are installed.
"""

from __future__ import annotations

import http.client
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import psutil  # type: ignore[import-untyped]

from pbx_connector.application import devices
from pbx_connector.plan import Content
from pbx_connector.stores import Entry, RunKind, open_store

SYLLABLES = ("an", "be", "ri", "lo", "mu", "ka", "to", "sen", "dor", "fel", "gu", "hil", "jo", "wer", "zim")
CALLERS, PHONES, SEARCHES = 50, 200, 15
EACH = 40
"""Look-ups of each caller."""
PAUSE = 0.25
"""Seconds between two look-ups of one caller: fifty callers are two hundred calls a second."""


def main() -> None:
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        store = f"sqlite:///{Path(folder) / 'book.sqlite'}"
        numbers, device = fill(store, entries)
        with served(store) as (urls, process):
            resting = memory(process)
            caller(urls["http"], device, numbers, process)
            search(urls, device, Path(folder), store)
            crowd(urls["http"], device)
            book(urls["http"], device, entries)
            print(f"memory       {resting:.0f} MiB at rest, {memory(process):.0f} MiB after all this")


def fill(url: str, entries: int) -> tuple[list[str], dict[str, str]]:
    chance = random.Random(7)

    def name() -> str:
        return "".join(chance.choice(SYLLABLES) for _ in range(chance.randint(2, 4))).capitalize()

    numbers = [f"+4930{number:08}" for number in chance.sample(range(10_000_000, 99_999_999), entries)]
    with open_store(url) as store:
        for start in range(0, entries, 1_000):
            batch: list[Entry] = []
            for number in numbers[start : start + 1_000]:
                first, last = name(), name()
                marker = " 5000of" if len(batch) + start < 5_000 else ""
                fields = {
                    "display_name": f"{first} {last}{marker}",
                    "first_name": first,
                    "last_name": last,
                    "organisation": f"{name()} GmbH",
                    "email": f"{first}.{last}@example.com".lower(),
                    "phone": number,
                }
                batch.append(Entry(0, Content(None, fields)))
            with store.changeset(RunKind.HAND, "a benchmark") as changeset:  # type: ignore[attr-defined]
                changeset.put_entries(batch)
        made = devices.add_device(store, "phone", None, {"format": "json"})
    token = f"/{made.device.id}-{made.secret}"
    bind = f"uid={made.device.id},ou=devices,dc=phonebook"
    return numbers, {"path": f"{token}/book", "caller": f"{token}/caller?number=", "dn": bind, "secret": made.secret}


@contextmanager
def served(store: str) -> Iterator[tuple[dict[str, str], psutil.Process]]:
    command = [str(Path(sys.executable).with_name("pbx-connector")), "--store", store, "directory", "serve", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield json.loads(process.stdout.readline()), psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(60)


class Server:
    """A connection that stays open, as a phone system keeps it."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)

    def get(self, path: str, **headers: str) -> bytes:
        self._connection.request(
            "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer = self._connection.getresponse()
        self.status, self.etag = answer.status, answer.headers.get("ETag", "")
        return answer.read()


def caller(url: str, device: dict[str, str], numbers: list[str], process: psutil.Process) -> None:
    waits: list[float] = []
    before = processor(process)

    def call(seed: int) -> None:
        chance, server = random.Random(seed), Server(url)
        time.sleep(chance.random() * PAUSE)
        for _ in range(EACH):
            begun = time.perf_counter()
            said = server.get(device["caller"] + quote(chance.choice(numbers)))
            waits.append(time.perf_counter() - begun)
            assert said
            time.sleep(PAUSE)

    at_once(call, CALLERS)
    waits.sort()
    spent = (processor(process) - before) / len(waits)
    print(
        f"caller       p50 {waits[len(waits) // 2] * 1e3:.1f} ms, p95 {waits[len(waits) * 95 // 100] * 1e3:.1f} ms, "
        f"{spent * 1e3:.2f} ms of processor each"
    )


def processor(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def at_once(work: Callable[[int], None], many: int) -> None:
    with ThreadPoolExecutor(many) as pool:
        for done in [pool.submit(work, seed) for seed in range(many)]:
            done.result()


def search(urls: dict[str, str], device: dict[str, str], folder: Path, store: str) -> None:
    if not (shutil.which("ldapsearch") and Path("/usr/sbin/slapd").exists()):
        print("LDAP         not measured: slapd and ldapsearch are not installed")
        return
    query = "(|(cn=anzim*)(sn=anzim*)(givenName=anzim*))"
    ours = ["ldapsearch", "-LLL", "-x", "-z", "50", "-H", urls["ldap"], "-D", device["dn"], "-w", device["secret"]]
    ours += ["-b", "dc=phonebook", query, "cn", "telephoneNumber"]
    with openldap(folder, store) as theirs_url:
        theirs = ["ldapsearch", "-LLL", "-x", "-z", "50", "-H", theirs_url, "-b", "dc=phonebook", query]
        theirs += ["cn", "telephoneNumber"]
        pairs = [(timed(ours), timed(theirs)) for _ in range(SEARCHES)]
    mine, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(one / two for one, two in pairs)
    print(f"LDAP search  {mine * 1e3:.0f} ms, slapd {other * 1e3:.0f} ms: {ratio:.2f} x")


def timed(command: list[str]) -> float:
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.count("dn: ") == 50, (done.stdout.count("dn: "), done.stderr)
    return time.perf_counter() - begun


@contextmanager
def openldap(folder: Path, store: str) -> Iterator[str]:
    """The same entries in slapd, indexed for these searches."""
    data = folder / "slapd"
    data.mkdir()
    configuration = folder / "slapd.conf"
    schemas = "".join(f"include /etc/ldap/schema/{name}.schema\n" for name in ("core", "cosine", "inetorgperson"))
    configuration.write_text(
        f"{schemas}modulepath /usr/lib/ldap\nmoduleload back_mdb\ndatabase mdb\nmaxsize 2000000000\n"
        f"suffix dc=phonebook\ndirectory {data}\nindex objectClass eq\nindex cn,sn,givenName,telephoneNumber eq,sub\n"
    )
    ldif = folder / "book.ldif"
    with open_store(store) as held, ldif.open("w") as file:
        file.write("dn: dc=phonebook\nobjectClass: domain\ndc: phonebook\n\n")
        for entry in held.entries():
            said = entry.content.fields
            file.write(
                f"dn: uid={entry.id},dc=phonebook\nobjectClass: inetOrgPerson\nuid: {entry.id}\n"
                f"cn: {said['display_name']}\nsn: {said['last_name']}\ngivenName: {said['first_name']}\n"
                f"o: {said['organisation']}\ntelephoneNumber: {said['phone']}\n\n"
            )
    subprocess.run(["/usr/sbin/slapadd", "-q", "-f", configuration, "-l", ldif], check=True, capture_output=True)
    socket = quote(str(folder / "ldapi"), safe="")
    command = ["/usr/sbin/slapd", "-d", "0", "-f", str(configuration), "-h", f"ldapi://{socket}"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            if (folder / "ldapi").exists():
                break
            time.sleep(0.1)
        yield f"ldapi://{socket}"
    finally:
        process.terminate()
        process.wait(30)


def crowd(url: str, device: dict[str, str]) -> None:
    lost: list[str] = []
    gate = threading.Barrier(PHONES)

    def phone(seed: int) -> None:
        term = random.Random(seed).choice(SYLLABLES) + random.Random(seed + 1).choice(SYLLABLES)
        gate.wait()
        try:
            server = Server(url)
            server.get(f"{device['path']}?term={term}zim")
            if server.status != 200:
                lost.append(str(server.status))
        except OSError as error:
            lost.append(type(error).__name__)

    begun = time.perf_counter()
    at_once(phone, PHONES)
    print(f"{PHONES} phones   {len(lost)} requests lost, {time.perf_counter() - begun:.1f} s for all")


def book(url: str, device: dict[str, str], entries: int) -> None:
    server = Server(url)
    begun = time.perf_counter()
    whole = server.get(device["path"] + "?term=5000of&format=x")
    first, etag = time.perf_counter() - begun, server.etag
    begun = time.perf_counter()
    server.get(device["path"] + "?term=5000of&format=x", If_None_Match=etag)
    again = time.perf_counter() - begun
    assert server.status == 304
    begun = time.perf_counter()
    everything = server.get(device["path"])
    print(
        f"book         5,000 entries {first * 1e3:.0f} ms ({len(whole) / 1e3:.0f} kB), 304 in {again * 1e3:.1f} ms; "
        f"{entries:,} entries {time.perf_counter() - begun:.1f} s ({len(everything) / 1e6:.0f} MB)"
    )


def memory(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 2**20


if __name__ == "__main__":
    main()
