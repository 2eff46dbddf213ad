"""What the use cases need of the installation that they run in: its configuration, its plugins and a clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property

from pbx_connector.config import Config, ConfigFile
from pbx_connector.model import Problem
from pbx_connector.notifications.outbox import Outbox
from pbx_connector.plugins import Notifier, Plugins
from pbx_connector.run.problems import secret_exposed
from pbx_connector.schedule.zone import local_zone, zone
from pbx_connector.secret import secrets_of
from pbx_connector.stores import SharedState


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Installation:
    config: Config
    plugins: Plugins
    clock: Callable[[], datetime] = utc_now
    """The time in UTC."""
    file: ConfigFile | None = None
    """Where the configuration was read from; None if it was made otherwise."""
    published: Mapping[str, str] | None = None
    """The files of the profiles by id, where a published version says which there are; None where the files do."""

    @cached_property
    def notifiers(self) -> dict[str, Notifier]:
        """Those that tell somebody with this configuration, by plugin."""
        return self.plugins.notifiers(self.config)

    @property
    def exposed_secrets(self) -> list[Problem]:
        """Secrets of the configuration that every user of the machine may read."""
        return [secret_exposed(key) for key, secret in secrets_of(self.config) if secret.is_exposed]

    @property
    def zone(self) -> tzinfo:
        """Whose clock schedules go by that name none."""
        return zone(self.config.timezone) if self.config.timezone else local_zone()

    def outbox(self, store: SharedState) -> Outbox:
        return Outbox(store, self.notifiers, self.config, self.clock)
