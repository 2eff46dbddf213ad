"""What a run, or the time without one, means for a profile's alert state. For service, workers and command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pbx_connector.config import Config, NotifyConfig
from pbx_connector.model import Report, RunStatus
from pbx_connector.notice import Notice, NoticeKind
from pbx_connector.notifications import outages, policy, wording
from pbx_connector.notifications.outages import Membership
from pbx_connector.notifications.outbox import Outbox
from pbx_connector.notifications.policy import AlertState, Expiry, Told
from pbx_connector.notifications.wording import Subject
from pbx_connector.profile import Profile
from pbx_connector.schedule.zone import zone
from pbx_connector.secret import secrets_of


def write_run(
    outbox: Outbox, profile: Profile, report: Report, reason: str, config: NotifyConfig, now: datetime
) -> list[Notice]:
    """`reason` says in a line why the run failed or was refused. Raises `StoreError`."""
    subject, rules = subject_of(profile), config.overruled_by(profile.notify)
    before = outbox.alert_state(profile.id).outage
    part = outages.join(outbox, profile, reason, before, now) if _fails(report) else Membership()
    is_over = bool(before) and not outages.is_open(outbox, before)
    muted: set[NoticeKind] = {NoticeKind.FAILING} if part.known else {NoticeKind.RECOVERED} if is_over else set()

    def change(alert_state: AlertState) -> Told:
        if is_over and part.outage:  # people think that it succeeds again
            alert_state = replace(alert_state, trouble=None)
        alert_state, of_run = policy.after_run(alert_state, report, subject, rules, now, reason=reason)
        kept = before if alert_state.trouble is NoticeKind.FAILING else ""
        alert_state = replace(alert_state, outage=part.outage or kept)
        alert_state, of_secrets = policy.after_look_at_secrets(alert_state, expiries(profile), subject, rules, now)
        return alert_state, of_run + of_secrets

    notices = outbox.write(profile.id, report, change, muted)
    if before and any(notice.kind is NoticeKind.RECOVERED for notice in notices):
        outages.close(outbox, before, profile.id)
    return notices


def between_runs(
    outbox: Outbox, profile: Profile, config: Config, alert_state: AlertState, watched: datetime, now: datetime
) -> Told:
    """What is news although no run ended: silence, and a secret that expires. `watched`: see `policy.after_silence`."""
    if profile.schedule is None:
        return alert_state, []
    subject, rules = subject_of(profile), config.notify.overruled_by(profile.notify)
    alert_state, late = policy.after_silence(alert_state, due_after(profile, config), watched, subject, rules, now)
    if outages.is_told_by_another(outbox, alert_state.outage, profile.id, now):
        late = []
    alert_state, secret = policy.after_look_at_secrets(alert_state, expiries(profile), subject, rules, now)
    return alert_state, late + secret


def due_after(profile: Profile, config: Config) -> Callable[[datetime], datetime]:
    """When the schedule wants a run after a given moment; `profile` has one."""
    schedule, default_zone = profile.schedule, zone(config.timezone) if config.timezone else None
    assert schedule is not None  # noqa: S101 - who asks has looked
    return lambda since: schedule.next_after(since, default_zone)


def _fails(report: Report) -> bool:
    return report.status is RunStatus.FAILED and wording.held_by(report) is None


def subject_of(profile: Profile) -> Subject:
    return Subject(profile.id, profile.title, profile.file or Path(profile.id))


def expiries(profile: Profile) -> list[Expiry]:
    return [Expiry(secret.place, secret.expires) for _, secret in secrets_of(profile.settings) if secret.expires]
