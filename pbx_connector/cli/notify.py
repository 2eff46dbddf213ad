"""A run by hand or by cron counts like the service's: those who should hear of it do, and the state changes with it."""

from __future__ import annotations

from datetime import UTC, datetime

from pbx_connector.cli import output
from pbx_connector.cli.session import Session
from pbx_connector.errors import ConnectorError, PlanRefused, StoreError
from pbx_connector.model import Report
from pbx_connector.notifications.notify import write_run
from pbx_connector.notifications.outbox import Attempt, Outbox
from pbx_connector.profile import Profile


def tell_of_run(session: Session, profile: Profile, report: Report, reason: str = "") -> None:
    """What cannot be delivered now is said, and waits for the service or the next run."""
    now, config = datetime.now(UTC), session.config_with_plugins
    try:
        with session.open_store() as store:
            outbox = Outbox(store, session.plugins.notifiers(config), config, lambda: now)
            notices = write_run(outbox, profile, report, reason, config.notify, now)
            attempts = outbox.deliver(profile.id)  # also what could not be delivered after an earlier run
            if not notices:
                attempts += outbox.announce(report)
    except StoreError:
        return  # the command has said, or will say, that the store is failing
    for attempt in attempts:
        _say(attempt)


def tell_of_failure(session: Session, profile: Profile, error: ConnectorError, started: datetime) -> None:
    """Only of what the history knows as a run: one that could not begin (a wrong option, a busy profile) is none.

    A stale plan is no news either: whoever named it sees the answer.
    """
    if isinstance(error, PlanRefused) and error.stale:
        return
    try:
        with session.open_store() as store:
            record = next(store.runs(profile.id, limit=1), None)
    except StoreError:
        return
    if record is not None and record.report.started is not None and record.report.started >= started:
        reason = "; ".join(error.reasons) if isinstance(error, PlanRefused) else error.message
        tell_of_run(session, profile, record.report, reason)


def _say(attempt: Attempt) -> None:
    if attempt.error:
        output.warn(f"{attempt.notifier}: {attempt.error}")
