"""What people were told of each profile and what is on its way to them: one value of the shared state for each.

A run's effect on the alert state and the messages it causes are written in one step, so that neither a crash nor a
second service loses or doubles one. A delivery is claimed by putting off its next attempt: whoever manages that makes
this one, and if he dies over it, the next one is made in time. So a message arrives at least once.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, TypeVar

from pydantic import AliasChoices, Field, TypeAdapter, ValidationError

from pbx_connector.config import Config
from pbx_connector.errors import ConnectorError
from pbx_connector.machine import machine_error
from pbx_connector.model import Counts, Report, RunStatus
from pbx_connector.notice import Notice, NoticeKind
from pbx_connector.notifications import wording
from pbx_connector.notifications.policy import AlertState, Told
from pbx_connector.plugins import Notifier
from pbx_connector.stores import SharedState

Result = TypeVar("Result")

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
MOST_DOUBLINGS = 6
"""By then the longest pause is reached; a time span doubled forty times is none that Python can hold."""
GIVE_UP_AFTER = timedelta(days=2)
FEWEST_TRIES = 12
"""Half a day of them: a clock that is set forward makes nothing old."""
MOST_PENDING = 50
"""A profile: older messages make room for newer ones."""


class LocalSharedState:
    """For what cannot be in the store: news of the store itself."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._lock = threading.Lock()

    def shared_state(self, key: str) -> str:
        return self._texts.get(key, "")

    def shared_states(self, prefix: str) -> dict[str, str]:
        return {key: text for key, text in self._texts.items() if text and key.startswith(prefix)}

    def compare_and_set(self, key: str, old: str, new: str) -> bool:
        with self._lock:
            if self.shared_state(key) != old:
                return False
            self._texts[key] = new
            return True


@dataclass(frozen=True, slots=True)
class Delivery:
    id: str
    notifier: Annotated[str, Field(validation_alias=AliasChoices("notifier", "messenger"))]
    """The plugin's name; earlier versions wrote it under another key."""
    report: Report
    notices: tuple[Notice, ...]
    written: datetime
    due: datetime
    tries: int = 0
    error: str = ""
    """Why the last attempt failed."""


@dataclass(frozen=True, slots=True)
class OutboxState:
    """All that is kept of one profile."""

    alert_state: Annotated[AlertState, Field(validation_alias=AliasChoices("alert_state", "standing"))] = field(
        default_factory=AlertState
    )
    """Earlier versions wrote it under another key."""
    pending: tuple[Delivery, ...] = ()
    unheard: bool = False
    """There was news while no notifier was configured."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one delivery went."""

    notifier: str
    notices: tuple[Notice, ...]
    error: str = ""
    """Empty if it arrived."""
    next: datetime | None = None
    """None after a failure: it was given up."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Messages that could not be delivered so far."""

    messages: int
    notifier: str
    reason: str


_OUTBOX_STATE = TypeAdapter(OutboxState)


class Outbox:
    """Writes messages down and sees that they arrive. Its methods raise `StoreError`, and no notifier's error."""

    def __init__(
        self,
        shared_state: SharedState,
        notifiers: Mapping[str, Notifier],
        config: Config,
        clock: Callable[[], datetime],
    ) -> None:
        self._shared = shared_state
        self._notifiers = notifiers
        self._config = config
        self._clock = clock

    @property
    def shared(self) -> SharedState:
        return self._shared

    @property
    def is_heard(self) -> bool:
        """There is a notifier."""
        return bool(self._notifiers)

    def write(
        self,
        profile: str,
        report: Report,
        change: Callable[[AlertState], Told],
        muted: Set[NoticeKind] = frozenset(),
    ) -> list[Notice]:
        """Let the policy change a profile's alert state, and put down what people should hear.

        What came while nobody was there to hear it is told, if it is still so, once somebody is. What is `muted` people
        know already: it is no message, yet makes earlier ones old.
        """

        def written(outbox_state: OutboxState) -> tuple[OutboxState, list[Notice]]:
            late = outbox_state.unheard and bool(self._notifiers)
            alert_state, notices = change(outbox_state.alert_state.unheard() if late else outbox_state.alert_state)
            news = notices
            notices = [notice for notice in notices if notice.kind not in muted]
            deliveries = tuple(self._delivery(name, report, notices) for name in self._notifiers) if notices else ()
            unheard = (outbox_state.unheard or bool(notices)) and not self._notifiers
            pending = (*_still_news(outbox_state.pending, news), *deliveries)
            return OutboxState(alert_state, pending[-MOST_PENDING:], unheard), notices

        return self._exchange(profile, written)

    def alert_state(self, profile: str) -> AlertState:
        return _parse(self._shared.shared_state(_key(profile))).alert_state

    def deliver(self, profile: str, resting: set[str] | None = None) -> list[Attempt]:
        """Make every attempt that is due, but none with a notifier that is `resting`; one that fails is from then on:
        each further attempt might cost its time limit again."""
        resting = set() if resting is None else resting
        attempts = []
        while (claimed := self._exchange(profile, lambda outbox_state: self._claim(outbox_state, resting))) is not None:
            attempts.append(self._attempt(profile, claimed))
            if attempts[-1].error:
                resting.add(claimed.notifier)
        return attempts

    def announce(self, report: Report, resting: Set[str] = frozenset()) -> list[Attempt]:
        """Tell of a run that nobody need hear of, for those who listen to all; one try."""
        return [
            Attempt(name, (), self._hand_over(replace(self._delivery(name, report, ()), report=report)))
            for name in self._notifiers
            if name not in resting
        ]

    def outdate(self, profile: str) -> None:
        """How its runs went is no news any more; what is on its way of that stays behind."""

        def outdated(outbox_state: OutboxState) -> tuple[OutboxState, None]:
            return replace(outbox_state, pending=_not_of_runs(outbox_state.pending)), None

        self._exchange(profile, outdated)

    def pending(self, profile: str) -> int:
        return len(_parse(self._shared.shared_state(_key(profile))).pending)

    def undelivered(self, profile: str) -> Undelivered | None:
        """None while all that was tried arrived."""
        failed = [delivery for delivery in _parse(self._shared.shared_state(_key(profile))).pending if delivery.error]
        return Undelivered(len(failed), failed[-1].notifier, failed[-1].error) if failed else None

    def test(self) -> list[Attempt]:
        """Have every notifier deliver a message that says that it works."""
        notice = wording.trial()
        report = Report("", "", RunStatus.DONE, Counts(), started=self._clock())
        return [
            Attempt(name, (notice,), self._hand_over(self._delivery(name, report, [notice])))
            for name in self._notifiers
        ]

    def adopt(self, old: str, new: str) -> None:
        """What people know of a profile goes with it to its new id."""
        kept = _parse(self._shared.shared_state(_key(old)))

        def adopted(outbox_state: OutboxState) -> tuple[OutboxState, None]:
            alert_state = replace(kept.alert_state, broken=outbox_state.alert_state.broken)
            return OutboxState(
                alert_state,
                (*kept.pending, *outbox_state.pending)[-MOST_PENDING:],
                kept.unheard or outbox_state.unheard,
            ), None

        if kept != OutboxState():
            self._exchange(new, adopted)
        self.forget(old)

    def forget(self, profile: str) -> None:
        """Of a profile that is no more: a later one of its id begins anew."""
        self._exchange(profile, lambda outbox_state: (OutboxState(), None))

    def _delivery(self, notifier: str, report: Report, notices: Sequence[Notice]) -> Delivery:
        now = self._clock()
        summary = replace(report, books=(), problems=(), skipped={})
        return Delivery(uuid.uuid4().hex, notifier, summary, tuple(notices), now, now)

    def _claim(self, outbox_state: OutboxState, resting: Set[str]) -> tuple[OutboxState, Delivery | None]:
        """What a notifier was given later waits until the earlier arrived, or was given up."""
        now, waiting = self._clock(), set(resting)
        for delivery in outbox_state.pending:
            if delivery.notifier in waiting:
                continue
            waiting.add(delivery.notifier)
            # A due time further off than the last pause means that the clock was set back.
            if delivery.due <= now or delivery.due > now + _pause(delivery.tries) + FIRST_PAUSE:
                claimed = replace(delivery, due=now + _pause(delivery.tries + 1), tries=delivery.tries + 1)
                others = tuple(claimed if other.id == delivery.id else other for other in outbox_state.pending)
                return replace(outbox_state, pending=others), claimed
        return outbox_state, None

    def _attempt(self, profile: str, delivery: Delivery) -> Attempt:
        error = self._hand_over(delivery)
        late = self._clock() - delivery.written >= GIVE_UP_AFTER and delivery.tries >= FEWEST_TRIES
        if not error or late:
            self._exchange(profile, lambda outbox_state: (_without(outbox_state, delivery.id), None))
        else:
            self._exchange(profile, lambda outbox_state: (_with_error(outbox_state, delivery.id, error), None))
        return Attempt(delivery.notifier, delivery.notices, error, delivery.due if error and not late else None)

    def _hand_over(self, delivery: Delivery) -> str:
        notifier = self._notifiers.get(delivery.notifier)
        if notifier is None:
            return f"the plugin {delivery.notifier} is not installed or not configured any more"
        return _error_of(notifier, delivery, self._config)

    def _exchange(self, profile: str, change: Callable[[OutboxState], tuple[OutboxState, Result]]) -> Result:
        key = _key(profile)
        while True:
            old = self._shared.shared_state(key)
            before = _parse(old)
            after, result = change(before)
            if after == before or self._shared.compare_and_set(key, old, _written(after)):
                return result


def _error_of(notifier: Notifier, delivery: Delivery, config: Config) -> str:
    """Tell, and say what went wrong; empty if nothing did."""
    try:
        notifier(delivery.report, delivery.notices, config, delivery.id)
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything; its text may quote anything
        known = machine_error(error) or error
        if isinstance(known, ConnectorError):
            return f"{known.message} ({known.hint})" if known.hint else known.message
        return f"the plugin {delivery.notifier} failed with {type(error).__name__}"
    return ""


def _pause(tries: int) -> timedelta:
    """Before the next attempt, after so many."""
    times: int = 2 ** min(max(tries - 1, 0), MOST_DOUBLINGS)
    return min(FIRST_PAUSE * times, LONGEST_PAUSE)


def _key(profile: str) -> str:
    return f"notices {profile}"


def _parse(text: str) -> OutboxState:
    """What another version wrote, and this one cannot read, counts as nothing: people may then hear a thing again."""
    try:
        return _OUTBOX_STATE.validate_json(text) if text else OutboxState()
    except ValidationError:
        return OutboxState()


def _written(outbox_state: OutboxState) -> str:
    return "" if outbox_state == OutboxState() else _OUTBOX_STATE.dump_json(outbox_state).decode()


def _with_error(outbox_state: OutboxState, delivery: str, error: str) -> OutboxState:
    noted = (replace(other, error=error) if other.id == delivery else other for other in outbox_state.pending)
    return replace(outbox_state, pending=tuple(noted))


def _still_news(pending: Sequence[Delivery], newer: Sequence[Notice]) -> tuple[Delivery, ...]:
    """How the runs went before is no news any more once it is known how they go now."""
    if not any(map(wording.is_of_runs, newer)):
        return tuple(pending)
    return _not_of_runs(pending)


def _not_of_runs(pending: Sequence[Delivery]) -> tuple[Delivery, ...]:
    left = (replace(old, notices=tuple(one for one in old.notices if not wording.is_of_runs(one))) for old in pending)
    return tuple(delivery for delivery in left if delivery.notices)


def _without(outbox_state: OutboxState, delivery: str) -> OutboxState:
    return replace(outbox_state, pending=tuple(other for other in outbox_state.pending if other.id != delivery))
