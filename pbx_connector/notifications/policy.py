"""When people hear of a profile: on a change of its state, and never the same twice in a row. Pure.

Each function takes what was told so far (`AlertState`) and gives it back with the notices that are due now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from pbx_connector.config import NotifyConfig
from pbx_connector.model import Report, RunStatus
from pbx_connector.notice import Notice, NoticeKind
from pbx_connector.notifications import wording
from pbx_connector.notifications.wording import Subject


@dataclass(frozen=True, slots=True)
class AlertState:
    """How a profile stands, as far as people were told."""

    trouble: NoticeKind | None = None
    """What its runs suffer from; None while they succeed."""
    partials: int = 0
    """Runs in a row that left out an address book."""
    overdue: bool = False
    seen: datetime | None = None
    """When it was first looked at."""
    success: datetime | None = None
    """The end of its last run that was done, at least in part."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Where a secret lies: what was told about it."""
    broken: bool = False
    outage: str = ""
    """What other profiles fail by as well; see `outages`. Empty unless its runs fail."""
    untold: NoticeKind | None = None
    """What nobody was there to hear of; None once its runs succeed or people have heard."""

    @property
    def in_a_word(self) -> str:
        """For lists; empty while all is well."""
        return str(self.trouble or self.untold or "") or ("overdue" if self.overdue else "")

    def unheard(self) -> AlertState:
        """The same if nobody was told anything yet."""
        return replace(
            self, trouble=None, untold=self.trouble or self.untold, overdue=False, secrets={}, broken=False, outage=""
        )


@dataclass(frozen=True, slots=True)
class Expiry:
    place: str
    """Where the secret lies."""
    day: date


Told = tuple[AlertState, list[Notice]]


def after_run(
    alert_state: AlertState, report: Report, subject: Subject, config: NotifyConfig, now: datetime, *, reason: str = ""
) -> Told:
    """`reason` says in a line why the run failed or was refused."""
    if report.status is RunStatus.DONE:
        return _succeeded(alert_state, report, subject, now)
    if report.status is RunStatus.PARTIAL:
        return _partial(alert_state, report, subject, config, now)
    kind = _kind(report)
    notices = [] if alert_state.trouble is kind else [wording.trouble(kind, report, subject, reason)]
    return replace(alert_state, trouble=kind, untold=None, partials=0), notices


def _kind(report: Report) -> NoticeKind:
    if report.status is RunStatus.REFUSED:
        return NoticeKind.REFUSED
    return NoticeKind.HELD if wording.held_by(report) else NoticeKind.FAILING


def _succeeded(alert_state: AlertState, report: Report, subject: Subject, now: datetime) -> Told:
    notices = [wording.recovered(report, subject)] if alert_state.trouble or alert_state.overdue else []
    return replace(alert_state, trouble=None, untold=None, partials=0, overdue=False, success=now), notices


def _partial(alert_state: AlertState, report: Report, subject: Subject, config: NotifyConfig, now: datetime) -> Told:
    partials = alert_state.partials + 1
    trouble = NoticeKind.OVERDUE if alert_state.overdue else alert_state.trouble
    notices = []
    if partials >= config.partial_after and trouble is not NoticeKind.PARTIAL:
        trouble = NoticeKind.PARTIAL
        notices = [wording.partial(partials, report, subject)]
    return replace(alert_state, trouble=trouble, partials=partials, overdue=False, success=now), notices


def after_silence(
    alert_state: AlertState,
    due_after: Callable[[datetime], datetime],
    watched: datetime,
    subject: Subject,
    config: NotifyConfig,
    now: datetime,
) -> Told:
    """To be asked now and then; `due_after` is the schedule's: when it wants a run after a given moment.

    `watched`: since when somebody makes its runs.
    """
    since = alert_state.success or alert_state.seen
    if since is None:
        return replace(alert_state, seen=now), []
    if since > now:  # the clock was set back: it counts as made when this is first seen
        return replace(alert_state, seen=now, success=alert_state.success and now), []
    if alert_state.overdue or now < overdue_at(since, due_after, watched, config):
        return alert_state, []
    return replace(alert_state, overdue=True), [wording.overdue(now - since, subject)]


def overdue_at(
    since: datetime, due_after: Callable[[datetime], datetime], watched: datetime, config: NotifyConfig
) -> datetime:
    """When people should hear of a profile that succeeded last at `since`; see `after_silence`."""
    # A weekly profile is not late on the second day, nor is a run that has just begun, nor one that is made up for.
    grace = min(config.overdue_after, timedelta(hours=2))
    return max(since + config.overdue_after, max(due_after(since), watched) + grace)


def after_look_at_secrets(
    alert_state: AlertState, expiries: Iterable[Expiry], subject: Subject, config: NotifyConfig, now: datetime
) -> Told:
    today = now.astimezone(UTC).date()
    secrets: dict[str, str] = {}
    notices = []
    for expiry in expiries:
        left = expiry.day - today
        if left > config.secret_before:
            continue
        secrets[expiry.place] = f"{expiry.day} {'soon' if left > timedelta(0) else 'expired'}"
        if alert_state.secrets.get(expiry.place) != secrets[expiry.place]:
            notices.append(wording.secret(expiry.place, expiry.day, left, subject))
    return replace(alert_state, secrets=secrets), notices


def after_loading(alert_state: AlertState, *, broken: str, subject: Subject) -> Told:
    """The profile's file was read: `broken` says what is wrong with it, or is empty."""
    if bool(broken) == alert_state.broken:
        return alert_state, []
    notice = wording.broken(broken, subject) if broken else wording.fixed(subject)
    return replace(alert_state, broken=bool(broken)), [notice]
