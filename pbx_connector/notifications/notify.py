"""After a run: what it means for the profile's alert state, written to the outbox. For service and command line."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pbx_connector.config import NotifyConfig
from pbx_connector.model import Report
from pbx_connector.notice import Notice
from pbx_connector.notifications import policy
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

    def change(alert_state: AlertState) -> Told:
        alert_state, of_run = policy.after_run(alert_state, report, subject, rules, now, reason=reason)
        alert_state, of_secrets = policy.after_look_at_secrets(alert_state, expiries(profile), subject, rules, now)
        return alert_state, of_run + of_secrets

    return outbox.write(profile.id, report, change)


def subject_of(profile: Profile) -> Subject:
    return Subject(profile.id, profile.title, profile.file or Path(profile.id))


def expiries(profile: Profile) -> list[Expiry]:
    return [Expiry(secret.place, secret.expires) for _, secret in secrets_of(profile.settings) if secret.expires]
