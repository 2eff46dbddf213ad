"""After a run: what it means for the profile's alert state, written to the outbox. For service and command line."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pbx_connector.config import NotifyConfig
from pbx_connector.model import Report, RunStatus
from pbx_connector.notice import Notice, NoticeKind
from pbx_connector.notifications import outages, policy, wording
from pbx_connector.notifications.outages import Membership
from pbx_connector.notifications.outbox import Outbox
from pbx_connector.notifications.policy import AlertState, Expiry, Told
from pbx_connector.notifications.wording import Subject
from pbx_connector.profile import Profile
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


def _fails(report: Report) -> bool:
    return report.status is RunStatus.FAILED and wording.held_by(report) is None


def subject_of(profile: Profile) -> Subject:
    return Subject(profile.id, profile.title, profile.file or Path(profile.id))


def expiries(profile: Profile) -> list[Expiry]:
    return [Expiry(secret.place, secret.expires) for _, secret in secrets_of(profile.settings) if secret.expires]
