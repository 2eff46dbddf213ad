"""Whether messages arrive, tried by a person."""

from __future__ import annotations

from pbx_connector.application.installation import Installation
from pbx_connector.errors import UsageError
from pbx_connector.notifications.outbox import Attempt, LocalSharedState


def test(installation: Installation) -> list[Attempt]:
    """Send a message by every notifier of the configuration; one try each. Raises `UsageError` if there is none."""
    if not installation.notifiers:
        raise UsageError(
            "the configuration names nobody to send messages to", hint="set mail: or webhook: in config.yaml"
        )
    return installation.outbox(LocalSharedState()).test()
