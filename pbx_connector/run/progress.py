"""How a run tells a user interface how far it is."""

from __future__ import annotations

from typing import Protocol

from pbx_connector.model import BookReport


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
