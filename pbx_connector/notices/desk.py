"""What people were told of each profile and what is on its way to them: one memo of the store a profile.

A run's effect on the standing and the messages it causes are written in one step, so that neither a crash nor a second
service loses or doubles one. A delivery is claimed by putting off its next attempt: whoever manages that makes this
one, and if he dies over it, the next one is made in time. So a message arrives at least once.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from pbx_connector.config import Config
from pbx_connector.errors import ConnectorError
from pbx_connector.model import Report
from pbx_connector.notice import Notice
from pbx_connector.notices.policy import Standing, Told
from pbx_connector.plugins import Messenger

Result = TypeVar("Result")

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
MOST_DOUBLINGS = 6
"""By then the longest pause is reached; a time span doubled forty times is none that Python can hold."""
GIVE_UP_AFTER = timedelta(days=2)
MOST_PENDING = 50
"""A profile: older messages make room for newer ones."""


class Memos(Protocol):
    """The part of a store that is needed here."""

    def memo(self, key: str) -> str: ...
    def swap_memo(self, key: str, old: str, new: str) -> bool: ...


class LocalMemos:
    """For what cannot be in the store: news of the store itself."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._lock = threading.Lock()

    def memo(self, key: str) -> str:
        return self._texts.get(key, "")

    def swap_memo(self, key: str, old: str, new: str) -> bool:
        with self._lock:
            if self.memo(key) != old:
                return False
            self._texts[key] = new
            return True


@dataclass(frozen=True, slots=True)
class Delivery:
    id: str
    messenger: str
    report: Report
    notices: tuple[Notice, ...]
    written: datetime
    due: datetime
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Tray:
    """All that is kept of one profile."""

    standing: Standing = field(default_factory=Standing)
    pending: tuple[Delivery, ...] = ()
    unheard: bool = False
    """There was news while no messenger was configured."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one delivery went."""

    messenger: str
    notices: tuple[Notice, ...]
    error: str = ""
    """Empty if it arrived."""
    next: datetime | None = None
    """None after a failure: it was given up."""


_TRAY = TypeAdapter(Tray)


class Desk:
    """Writes messages down and sees that they arrive. Its methods raise `StoreError`, and no messenger's error."""

    def __init__(
        self,
        memos: Memos,
        messengers: Mapping[str, Messenger],
        config: Config,
        clock: Callable[[], datetime],
    ) -> None:
        self._memos = memos
        self._messengers = messengers
        self._config = config
        self._clock = clock

    def write(self, profile: str, report: Report, change: Callable[[Standing], Told]) -> list[Notice]:
        """Let the policy change a profile's standing, and put down what people should hear.

        What came while nobody was there to hear it is told, if it is still so, once somebody is.
        """

        def written(tray: Tray) -> tuple[Tray, list[Notice]]:
            late = tray.unheard and bool(self._messengers)
            standing, notices = change(tray.standing.unheard() if late else tray.standing)
            deliveries = tuple(self._delivery(name, report, notices) for name in self._messengers) if notices else ()
            unheard = (tray.unheard or bool(notices)) and not self._messengers
            return Tray(standing, (*tray.pending, *deliveries)[-MOST_PENDING:], unheard), notices

        return self._exchange(profile, written)

    def standing(self, profile: str) -> Standing:
        return _parse(self._memos.memo(_key(profile))).standing

    def deliver(self, profile: str, resting: set[str] | None = None) -> list[Attempt]:
        """Make every attempt that is due, but none with a messenger that is `resting`; one that fails is from then on:
        each further attempt might cost its time limit again."""
        resting = set() if resting is None else resting
        attempts = []
        while (claimed := self._exchange(profile, lambda tray: self._claim(tray, resting))) is not None:
            attempts.append(self._attempt(profile, claimed))
            if attempts[-1].error:
                resting.add(claimed.messenger)
        return attempts

    def announce(self, report: Report, resting: Set[str] = frozenset()) -> list[Attempt]:
        """Tell of a run that nobody need hear of, for those who listen to all; one try."""
        return [
            Attempt(name, (), self._hand_over(replace(self._delivery(name, report, ()), report=report)))
            for name in self._messengers
            if name not in resting
        ]

    def pending(self, profile: str) -> int:
        return len(_parse(self._memos.memo(_key(profile))).pending)

    def adopt(self, old: str, new: str) -> None:
        """What people know of a profile goes with it to its new id."""
        kept = _parse(self._memos.memo(_key(old)))

        def adopted(tray: Tray) -> tuple[Tray, None]:
            standing = replace(kept.standing, broken=tray.standing.broken)
            return Tray(standing, (*kept.pending, *tray.pending)[-MOST_PENDING:], kept.unheard or tray.unheard), None

        if kept != Tray():
            self._exchange(new, adopted)
        self.forget(old)

    def forget(self, profile: str) -> None:
        """Of a profile that is no more: a later one of its id begins anew."""
        self._exchange(profile, lambda tray: (Tray(), None))

    def _delivery(self, messenger: str, report: Report, notices: Sequence[Notice]) -> Delivery:
        now = self._clock()
        summary = replace(report, books=(), problems=(), skipped={})
        return Delivery(uuid.uuid4().hex, messenger, summary, tuple(notices), now, now)

    def _claim(self, tray: Tray, resting: Set[str]) -> tuple[Tray, Delivery | None]:
        now = self._clock()
        for delivery in tray.pending:
            if delivery.messenger in resting:
                continue
            # A due time far off means that the clock was set back.
            if delivery.due <= now or delivery.due > now + 2 * LONGEST_PAUSE:
                pause = min(FIRST_PAUSE * 2 ** min(delivery.tries, MOST_DOUBLINGS), LONGEST_PAUSE)
                claimed = replace(delivery, due=now + pause, tries=delivery.tries + 1)
                others = tuple(claimed if other.id == delivery.id else other for other in tray.pending)
                return replace(tray, pending=others), claimed
        return tray, None

    def _attempt(self, profile: str, delivery: Delivery) -> Attempt:
        error = self._hand_over(delivery)
        late = self._clock() - delivery.written >= GIVE_UP_AFTER
        if not error or late:
            self._exchange(profile, lambda tray: (_without(tray, delivery.id), None))
        return Attempt(delivery.messenger, delivery.notices, error, delivery.due if error and not late else None)

    def _hand_over(self, delivery: Delivery) -> str:
        messenger = self._messengers.get(delivery.messenger)
        if messenger is None:
            return f"the plugin {delivery.messenger} is not installed or not configured any more"
        return _error_of(messenger, delivery, self._config)

    def _exchange(self, profile: str, change: Callable[[Tray], tuple[Tray, Result]]) -> Result:
        key = _key(profile)
        while True:
            old = self._memos.memo(key)
            before = _parse(old)
            after, result = change(before)
            if after == before or self._memos.swap_memo(key, old, _written(after)):
                return result


def _error_of(messenger: Messenger, delivery: Delivery, config: Config) -> str:
    """Tell, and say what went wrong; empty if nothing did."""
    try:
        messenger(delivery.report, delivery.notices, config, delivery.id)
    except ConnectorError as error:
        return f"{error.message} ({error.hint})" if error.hint else error.message
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything; its text may quote anything
        return f"the plugin {delivery.messenger} failed with {type(error).__name__}"
    return ""


def _key(profile: str) -> str:
    return f"notices {profile}"


def _parse(text: str) -> Tray:
    """What another version wrote, and this one cannot read, counts as nothing: people may then hear a thing again."""
    try:
        return _TRAY.validate_json(text) if text else Tray()
    except ValidationError:
        return Tray()


def _written(tray: Tray) -> str:
    return "" if tray == Tray() else _TRAY.dump_json(tray).decode()


def _without(tray: Tray, delivery: str) -> Tray:
    return replace(tray, pending=tuple(other for other in tray.pending if other.id != delivery))
