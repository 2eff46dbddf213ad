"""What people should hear of a profile that nobody watches all the time, between its runs, and when to look again."""

from __future__ import annotations

from datetime import datetime, timedelta

from pbx_connector.application.history import last_run
from pbx_connector.application.installation import Installation
from pbx_connector.model import Counts, Report, RunStatus
from pbx_connector.notice import Notice
from pbx_connector.notifications import policy
from pbx_connector.notifications.notify import between_runs, due_after
from pbx_connector.notifications.policy import AlertState, Told
from pbx_connector.profile import Profile
from pbx_connector.stores import History, SharedState, Store

UNDELIVERED = timedelta(minutes=10)
"""When to look again while messages wait."""
LONGEST = timedelta(days=2)
"""So long at most: secrets expire meanwhile."""
SHORTEST = timedelta(minutes=1)


def look_again(installation: Installation, profile: Profile, store: SharedState) -> timedelta | None:
    """After how long people may have to hear something, if no run succeeds until then; None: not by itself.

    Raises `StoreError`.
    """
    outbox, now = installation.outbox(store), installation.clock()
    if outbox.pending(profile.id):
        return UNDELIVERED
    if profile.schedule is None:
        return None
    alert_state = outbox.alert_state(profile.id)
    since = alert_state.success or alert_state.seen or now
    if alert_state.overdue:
        return LONGEST
    rules = installation.config.notify.overruled_by(profile.notify)
    overdue = policy.overdue_at(since, due_after(profile, installation.config), since, rules)
    return min(max(overdue - now, SHORTEST), LONGEST)


def look(installation: Installation, profile: Profile, store: Store, watched: datetime) -> list[Notice]:
    """Write down what people should hear, and deliver what waits; returns what is new. `watched`: since when somebody
    makes its runs. Raises `StoreError`."""
    outbox, now = installation.outbox(store), installation.clock()

    def change(alert_state: AlertState) -> Told:
        return between_runs(outbox, profile, installation.config, alert_state, watched, now)

    notices = outbox.write(profile.id, _last_report(store, profile.id), change)
    outbox.deliver(profile.id)
    return notices


def _last_report(store: History, profile: str) -> Report:
    last = last_run(store, profile)
    return last.report if last else Report("", profile, RunStatus.FAILED, Counts())
