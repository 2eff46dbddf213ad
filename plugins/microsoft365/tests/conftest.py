"""A sandbox Graph, and the source opened on it as a run would open it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pbx_microsoft365.sandbox import Sandbox
from pbx_microsoft365.settings import Microsoft365Settings
from pbx_microsoft365.source import Microsoft365Source, open_microsoft365

from pbx_connector.api import Account, Book, BookUnknown, End, Row, SourceContext, StreamItem

from .graph_schema import SchemaWatcher

_NAMES = ("DisplayName", "GivenName", "Surname", "CompanyName", "Department", "EmailAddresses_EmailAddress1")
_PHONES = ("BusinessPhone", "MobilePhone", "HomePhone", "BusinessFax")
STANDARD = frozenset((*_NAMES, *(f"PhoneNumbers_{phone}" for phone in _PHONES), "local_id"))


class Office:
    """The source, opened on a sandbox."""

    def __init__(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sandbox = sandbox
        self.accounts = [Account(one.id, one.username, one.email) for one in sandbox.accounts]
        self.fields = STANDARD
        monkeypatch.setenv("GRAPH_SECRET", sandbox.client_secret)

    def settings(self, **changes: Any) -> Microsoft365Settings:
        values = {
            "url": self.sandbox.url,
            "authority": self.sandbox.authority,
            "tenant": self.sandbox.tenant,
            "client_id": self.sandbox.client_id,
            "client_secret": {"env": "GRAPH_SECRET"},
            "ca_file": str(self.sandbox.ca_file),
            "patience": 0,
            "timeout": 10,
        }
        return Microsoft365Settings.model_validate(values | changes)

    @contextmanager
    def open(self, **changes: Any) -> Iterator[Microsoft365Source]:
        with open_microsoft365(self.settings(**changes), SourceContext(self.accounts, self.fields)) as source:
            yield source

    def read(self, **changes: Any) -> dict[str, list[Row]]:
        """All rows by the title of their book."""
        with self.open(**changes) as source:
            return {book.title: rows_of(source, book) for book in source.books() if isinstance(book, Book)}


@contextmanager
def watched(schema: Path | None, *, lenient: bool = False) -> Iterator[Sandbox]:
    """A sandbox; fails at its end if anything said in between broke the schema."""
    watcher = SchemaWatcher(schema, lenient=lenient) if schema else None
    with Sandbox(latency=0.0, watcher=watcher) as running:
        yield running
        assert watcher is None or watcher.violations == []


@pytest.fixture
def graph(graph_schema: Path | None) -> Iterator[Sandbox]:
    with watched(graph_schema) as running:
        yield running


@pytest.fixture
def lenient_graph(graph_schema: Path | None) -> Iterator[Sandbox]:
    """For tests that send what the sandbox must refuse."""
    with watched(graph_schema, lenient=True) as running:
        yield running


@pytest.fixture
def office(graph: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(graph, monkeypatch)


def items_of(source: Microsoft365Source, book: Book, known: Iterable[tuple[str, str]] = ()) -> list[StreamItem]:
    return list(source.changes(book, None, known))


def rows_of(source: Microsoft365Source, book: Book) -> list[Row]:
    *items, end = items_of(source, book)
    assert isinstance(end, End)
    return [item for item in items if isinstance(item, Row)]


def unknowns(source: Microsoft365Source) -> list[BookUnknown]:
    return [book for book in source.books() if isinstance(book, BookUnknown)]
