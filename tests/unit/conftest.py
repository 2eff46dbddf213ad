"""What tests of runs begin with: a scripted source of twenty rows, and a profile that makes a record of each."""

from __future__ import annotations

import pytest

from pbx_connector.model import Book, Mapped, Record, Row
from pbx_connector.profile import Profile
from pbx_connector.testing import MemorySource
from pbx_connector.testing.memory_source import MemorySettings


@pytest.fixture
def source() -> MemorySource:
    source = MemorySource()
    book = source.add("public")
    for number in range(20):
        book.put(f"r{number}", display_name=f"N{number}")
    return source


@pytest.fixture
def profile(source: MemorySource) -> Profile:
    """Also of a source that a module scripts itself: it overrides the fixture `source`."""

    def as_they_are(row: Row, book: Book) -> Mapped:
        return Mapped((Record("", None, {name: str(value) for name, value in row.values.items()}),))

    return Profile("crm", "CRM", source.type(), MemorySettings(), as_they_are, frozenset(), "f1")
