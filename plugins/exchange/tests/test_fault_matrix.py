"""The fault matrix of docs/faults.md: each row of the table is what really happened here.

One mailbox suffers; its book is read in full all the same or fails, in bounded time, and never ends early; the other
mailbox is read as if nothing were wrong.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from pbx_exchange import connection, delta, folder_reader
from pbx_exchange.sandbox import service
from pbx_exchange.sandbox.exchange import Exchange
from pbx_exchange.sandbox.faults import FAULTS, Fault
from pbx_exchange.sandbox.faults import suffer as suffer_fault
from pbx_exchange.source import ExchangeSource
from starlette.responses import Response

from pbx_connector.api import Book, End, Row, SourceError

from .conftest import Office, find_book

PAGE = Path(__file__).parents[3] / "docs" / "faults.md"
ANNA = "anna.berg@example.com"
WHOLE = "read in full"


CASES = {
    "401": ("FindItem", "HTTP 401 after the log-in had worked"),
    "403": ("FindItem", "HTTP 403"),
    "403-close": ("FindItem", "HTTP 403 with `Connection: close`"),
    "429": ("FindItem", "HTTP 429 with `Retry-After`"),
    "500": ("FindItem", "HTTP 500 with an error page"),
    "503": ("FindItem", "HTTP 503 with `Retry-After`"),
    "server-busy": ("FindItem", "`ErrorServerBusy` with `BackOffMilliseconds`"),
    "error": ("FindItem", "a SOAP fault, with HTTP 500"),
    "error-200": ("FindItem", "a SOAP fault, with HTTP 200"),
    "message-error": ("FindItem", "an error about the folder"),
    "invalid-sync-state": ("SyncFolderItems", "`ErrorInvalidSyncStateData`"),
    "short-page": ("FindItem", "a page shorter than asked for"),
    "lost-items": ("FindItem", "fewer items than the answer says"),
    "duplicate-items": ("FindItem", "an item on two pages"),
    "false-end": ("SyncFolderItems", "an answer that claims to be the last one"),
    "vanished-item": ("GetItem", "an item deleted between list and look"),
    "no-root-folder": ("FindFolder", "a list of folders without a list"),
    "truncated": ("FindItem", "XML cut in the middle"),
    "trailing-page": ("FindItem", "a web page behind the answer"),
    "garbage": ("FindItem", "a web page in place of the answer"),
    "illegal-characters": ("FindItem", "characters that XML forbids"),
    "dropped": ("FindItem", "the connection breaks in the middle"),
    "slow": ("FindItem", "the answer drips"),
    "slow-headers": ("FindItem", "a header of the answer drips"),
    "slow-401": ("FindItem", "HTTP 401 whose page drips"),
    "silent": ("FindItem", "no answer at all"),
}


SECONDS = {"slow": 0.5, "slow-401": 0.5, "slow-headers": 0.1}
SKIP = {"duplicate-items": 1}
"""What is on two pages shows on the second one."""


class Watch:
    """Stands around the faults: how many requests one hit, and how many of these were answered as without it."""

    def __init__(self) -> None:
        self.hits = 0
        self.spared = 0

    async def __call__(self, fault: Fault, exchange: Exchange) -> Response:
        self.hits += 1
        plain = exchange.proceed()  # these operations only read
        answer = await suffer_fault(fault, exchange)
        self.spared += (answer.status_code, getattr(answer, "body", None)) == (plain.status, plain.body)
        return answer


def suffer(office: Office, fault: Fault) -> str:
    """What becomes of the book whose requests are hit. Nobody waits for long but for what will do."""
    timeout = 2 if fault.name.startswith(("silent", "slow")) else 60
    patience = 100 if fault.times else 1.5
    with office.open(public=False, timeout=timeout, patience=patience) as source:
        anna, ben = find_book(source, "anna: /Contacts"), find_book(source, "ben: /Contacts")
        office.sandbox.faults.add(fault)
        if fault.operation == "FindFolder":
            anna = find_book(source, "anna: /Contacts")
        outcome = read(source, anna)
        # Refused twice, a password is not sent for other mailboxes either: the directory would lock the account.
        expected = outcome if "X0201" in outcome else f"{WHOLE}: 2 rows"
        assert read(source, ben) == expected, "another mailbox must not notice"
    return outcome


def read(source: ExchangeSource, book: Book) -> str:
    items = []
    try:
        for item in source.changes(book, None, ()):
            items.append(item)  # noqa: PERF402 - kept when the stream fails
    except SourceError as failure:
        assert not any(isinstance(item, End) for item in items)
        message, _, _ = failure.message.partition(" (the server says ")
        return f"failed: {failure.code}, {message.rpartition(': ')[2]}"
    assert isinstance(items[-1], End)
    return f"{WHOLE}: {sum(isinstance(item, Row) for item in items)} rows"


@pytest.mark.parametrize("name", sorted(CASES))
def test_each_fault_comes_out_as_the_page_says(office: Office, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_FIRST_WAIT", 0.2)
    monkeypatch.setattr(delta, "AT_ONCE", 1)
    # An item that is deleted between two pages moves the others up; what is then missed is confirmed before it counts.
    monkeypatch.setattr(folder_reader, "PAGE", 1000 if name == "vanished-item" else 2)
    office.fields = frozenset(("DisplayName", "Notes"))
    office.accounts = [one for one in office.accounts if one.id != "acc-chloe"]
    operation, words = CASES[name]
    outcomes = []
    for times in (1, None):
        start = time.monotonic()
        how: dict[str, Any] = {"skip": SKIP.get(name, 0), "times": times, "seconds": SECONDS.get(name, 1.0)}
        watch = Watch()
        monkeypatch.setattr(service, "suffer", watch)
        outcomes.append(suffer(office, Fault(name=name, operation=operation, mailbox=ANNA, **how)))
        office.sandbox.faults.clear()
        assert watch.hits > watch.spared, "the fault did nothing"
        assert time.monotonic() - start < 50
    row = f"| {words} | {operation} | {outcomes[0]} | {outcomes[1]} |"
    assert row in PAGE.read_text(encoding="utf-8").splitlines()


def test_every_fault_of_the_sandbox_has_its_row() -> None:
    assert set(CASES) == set(FAULTS)
