"""A real server on loopback, and the source opened on it the way a run would open it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from pbx_carddav.fields import FIELDS
from pbx_carddav.settings import CardDavSettings
from pbx_carddav.source import CardDavSource, open_carddav

from pbx_connector.api import Account, Book, End, Row, SourceContext, StreamItem

from .radicale import PASSWORD, SERVICE, Radicale


@pytest.fixture
def radicale(tmp_path: Path) -> Iterator[Radicale]:
    """A server of its own for each test."""
    with Radicale.start(tmp_path / "radicale") as server:
        yield server


class Office:
    """The source, opened on a server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
        self.settings = settings
        self.accounts: list[Account] = []
        self.fields = frozenset(FIELDS.names())
        monkeypatch.setenv("DAV_PASSWORD", PASSWORD)

    def read_settings(self, **changes: Any) -> CardDavSettings:
        values = {"password": {"env": "DAV_PASSWORD"}, "timeout": 120, "patience": 2, **self.settings, **changes}
        return CardDavSettings.model_validate({name: value for name, value in values.items() if value is not None})

    def open(self, **changes: Any) -> AbstractContextManager[CardDavSource]:
        return open_carddav(self.read_settings(**changes), SourceContext(self.accounts, self.fields))

    def rows(self, **changes: Any) -> dict[str, list[Row]]:
        """All rows by the title of their book."""
        with self.open(**changes) as source:
            return {book.title: rows_of(source, book) for book in source.books() if isinstance(book, Book)}


@pytest.fixture
def office(radicale: Radicale, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(monkeypatch, url=radicale.url, username=SERVICE)


def items_of(source: CardDavSource, book: Book, since: str | None = None, known: Any = ()) -> list[StreamItem]:
    return list(source.changes(book, since, known))


def rows_of(source: CardDavSource, book: Book) -> list[Row]:
    *items, end = items_of(source, book)
    assert isinstance(end, End)
    return [item for item in items if isinstance(item, Row)]


def the_book(source: CardDavSource) -> Book:
    (book,) = [book for book in source.books() if isinstance(book, Book)]
    return book
