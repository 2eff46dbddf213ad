"""How long to wait between tries: as long as the server asks, but never so short that trying becomes an attack."""

from __future__ import annotations

from datetime import UTC, datetime

from pbx_connector.network.numbers import decimal_number


class RetryDelays:
    """The waits between the tries at one request, each at least twice as long as the one before.

    `first`: seconds, where the server names none. `floor`: seconds, however few it names.
    """

    def __init__(self, first: float, floor: float = 0.25) -> None:
        self._first = first
        self._floor = floor
        self._growth = 1

    def next(self, told: float | None = None) -> float:
        """Seconds. `told`: what the server asks for; None, nothing and less than nothing are no answer."""
        wait = max(told, self._floor * self._growth) if told and told > 0 else self._first * self._growth
        self._growth *= 2
        return wait


def retry_after(value: str, server_date: str = "") -> float | None:
    """Seconds, of the header `Retry-After`; a moment counts by the server's own clock, the header `Date`, if that is
    told. None: it says nothing that makes sense. Some servers write fractions of a second."""
    seconds = decimal_number(value)
    if seconds is not None:
        return seconds
    until = _moment(value)
    if until is None:
        return None
    return max(0.0, (until - (_moment(server_date) or datetime.now(UTC))).total_seconds())


def _moment(text: str) -> datetime | None:
    from email.utils import parsedate_to_datetime  # here: most commands talk to no server

    try:
        found = parsedate_to_datetime(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None
