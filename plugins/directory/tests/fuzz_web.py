"""A long run for the directory's HTTP side. `make fuzz` runs it.

    python plugins/directory/tests/fuzz_web.py [--requests 1000000] [--seed 1]

Requests as phones send them, mutated in every part and as octets, over real connections to a real server: none may be
answered with 500, left without an answer or an end of the connection, or leave memory behind, and in no answer stands a
private entry of somebody else. Between them a phone asks, and gets its book.
"""

from __future__ import annotations

import argparse
import importlib
import random
import re
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]
import requests
from pbx_directory.formats import known_formats

from pbx_connector.api import Account, Content
from pbx_connector.application import devices
from pbx_connector.stores import open_store

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
web = importlib.import_module("plugins.directory.tests.test_web")

CONNECTIONS = 8
ON_ONE = 2
"""Requests of one connection."""
PATIENCE = 30.0
GROWTH = 64 * 2**20
SECRET = "xq7 somebody else's"
HEADERS = (
    "Accept-Encoding: gzip",
    "If-None-Match: *",
    'Authorization: Digest username="a", nonce="1.2", uri="/", response="0"',
    "Authorization: Basic YTpi",
    "Content-Type: application/x-www-form-urlencoded",
    "User-Agent: Yealink SIP-T46G 28.72.0.1 00:15:65:4a:a9:37",
    "Range: bytes=0-",
    "Expect: 100-continue",
    "X-Forwarded-For: 10.0.0.1",
)
NAMES = (
    "term",
    "number",
    "label",
    "view",
    "after",
    "lang",
    "command",
    "type",
    "first",
    "count",
    "hm",
    "format",
    "limit",
)
VALUES = (
    "",
    "a",
    "ann",
    "*",
    "030",
    "+4930",
    "0049",
    "%00",
    "%ff",
    "é" * 30,
    "9" * 40,
    "-1",
    "1-an",
    "list",
    "menu",
    "form",
)


def query(chance: random.Random) -> str:
    pairs = [(chance.choice(NAMES), chance.choice(VALUES)) for _ in range(chance.randrange(4))]
    return "&".join(f"{name}={value if '%' in value else quote(value)}" for name, value in pairs)


def request(chance: random.Random, paths: Sequence[str]) -> bytes:
    method = chance.choice(["GET", "GET", "GET", "POST", "HEAD", "PUT", "get", ""])
    path = chance.choice(paths) + chance.choice(
        ["", "/", "/../..", "%2e%2e", "//", "/caller", "/contacts.json", "/3cx.xml"]
    )
    head = [f"{method} {path}?{query(chance)} HTTP/1.{chance.choice('110')}", "Host: a"]
    head += chance.sample(HEADERS, chance.randrange(4))
    body = query(chance) if method == "POST" else ""
    if body or chance.random() < 0.1:
        head.append(f"Content-Length: {len(body.encode())}")
    sent = bytearray("\r\n".join([*head, "", body]).encode())
    if chance.random() < 0.3:
        for _ in range(chance.choice([1, 1, 2, 5])):
            sent[chance.randrange(len(sent))] = chance.randrange(256)
    return bytes(sent)


class Run:
    def __init__(self, served: Any, paths: Sequence[str], seed: int, many: int) -> None:
        self._served = served
        self._paths = paths
        self._seed = seed
        self._left = many
        self._lock = threading.Lock()
        self.statuses: Counter[str] = Counter()
        self.wrong: list[str] = []

    def connection(self, number: int) -> None:
        chance = random.Random(self._seed * 1_000 + number)
        while self._take():
            with suppress(OSError), closing(self._connected()) as connection:
                self._talk(connection, chance)

    def _take(self) -> bool:
        with self._lock:
            self._left -= ON_ONE
            return self._left > -ON_ONE and not self.wrong

    def _connected(self) -> socket.socket:
        host, _, port = self._served.url.removeprefix("http://").partition(":")
        return socket.create_connection((host, int(port)), PATIENCE)

    def _talk(self, connection: socket.socket, chance: random.Random) -> None:
        """All at once, and then whatever comes until the server has hung up: it does so on the first that is none."""
        sent = [request(chance, self._paths) for _ in range(ON_ONE)]
        threading.Thread(target=self._send, args=(connection, b"".join(sent)), daemon=True).start()
        received = bytearray()
        try:
            while piece := connection.recv(65_536):
                received += piece
        except TimeoutError:
            self.wrong.append(f"no end within {PATIENCE} s")
        except OSError:
            pass
        for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received):
            self.statuses[status.decode()] += 1
        if b"HTTP/1.1 500" in received:
            self.wrong.append("500")
        if SECRET.encode() in received:
            self.wrong.append("somebody else's entry")

    def _send(self, connection: socket.socket, sent: bytes) -> None:
        with suppress(OSError):
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--requests", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    with open_store("memory:") as store:
        return int(any(fuzzed(store, chosen.requests, chosen.seed)))


def fuzzed(store: Any, many: int, seed: int) -> Iterator[bool]:
    for account in ("1", "2"):
        store.add_account(Account(account))
    for number in range(30):
        store.add_entry(Content(None, {"display_name": f"Ann <{number}> & Söhne", "phone": f"+4930{number:07}"}))
    store.add_entry(Content("2", {"display_name": SECRET, "phone": "+4930555"}))
    for served in web.serving(store):
        known = list(known_formats({}))
        made = [devices.add_device(store, name, "1", {"format": name}) for name in known]
        paths = [f"/{one.device.id}-{one.secret}" for one in made] + ["", "/x", f"/{made[0].device.id}-{'a' * 24}"]
        run, begun = Run(served, paths, seed, many), time.monotonic()
        before = psutil.Process().memory_info().rss
        threads = [threading.Thread(target=run.connection, args=(number,)) for number in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            time.sleep(1)
            answer = requests.get(f"{served.url}{paths[0]}/book", timeout=PATIENCE)
            if answer.status_code != 200:
                run.wrong.append(f"a phone got {answer.status_code}")
        grown = psutil.Process().memory_info().rss - before
        if grown > GROWTH:
            run.wrong.append(f"{grown / 2**20:.0f} MiB are left behind")
        answers = dict(sorted(run.statuses.items()))
        print(f"{many:,} requests in {time.monotonic() - begun:.0f} s, seed {seed}: answers {answers}, ", end="")
        print(f"{grown / 2**20:+.0f} MiB; {run.wrong or 'nothing wrong'}")
        yield bool(run.wrong)


if __name__ == "__main__":
    sys.exit(main())
