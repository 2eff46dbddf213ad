"""How a run tells a user interface how far it is and what it sees, and hears from it that it is to stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from pbx_connector.model import Book, BookReport, StreamItem
from pbx_connector.stores.workspace import StagedRow

Cancelled = Callable[[], bool]
"""Whether a run is to stop; asked by its worker threads for each item of a source, so it answers at once."""


class Progress(Protocol):
    """Called by the run's worker threads, never by two at once."""

    def books(self, total: int) -> None:
        """The number of address books to read is known."""
        ...

    def rows(self, count: int) -> None:
        """`count` more rows were read."""
        ...

    def book_done(self, report: BookReport) -> None: ...


class Silent:
    """Shows nothing."""

    def books(self, total: int) -> None:
        pass

    def rows(self, count: int) -> None:
        pass

    def book_done(self, report: BookReport) -> None:
        pass


class Observer(Protocol):
    """Sees what a run makes of each row. Called by the run's worker threads, never by two at once."""

    def staged(self, book: Book, items: Sequence[StreamItem], rows: Sequence[StagedRow]) -> None:
        """Some items of an address book as the source sent them, and what became of each."""
        ...


class NoObserver:
    """Looks at nothing."""

    def staged(self, book: Book, items: Sequence[StreamItem], rows: Sequence[StagedRow]) -> None:
        pass


def never() -> bool:
    """Nobody stops the run."""
    return False
