"""What the use cases need of the installation that they run in: its configuration, its plugins and a clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol

from pbx_connector.config import Config, ConfigFile
from pbx_connector.errors import UsageError
from pbx_connector.model import Problem
from pbx_connector.notifications.outbox import Outbox
from pbx_connector.plugins import Notifier, Plugins
from pbx_connector.profile import Checked
from pbx_connector.run.problems import secret_exposed
from pbx_connector.schedule.zone import local_zone, zone
from pbx_connector.secret import secrets_of
from pbx_connector.stores import SharedState


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """Where a secret was kept: what a profile says to have it."""

    kind: Literal["file", "vault"]
    name: str


class FileChange(Protocol):
    """Changes of profiles' files, all of them or none; `name` is a file's, with its ending."""

    def text(self, name: str) -> str | None:
        """What it says now, with its byte-order mark; None if there is none."""
        ...

    def write(self, name: str, text: str) -> None: ...

    def create(self, name: str, text: str) -> None:
        """Raises `UsageError` if there is one."""
        ...

    def remove(self, name: str) -> None: ...

    def rename(self, name: str, new: str) -> None:
        """Raises `UsageError` if there is one of that name."""
        ...


class ProfileVersions(Protocol):
    """Profiles of which versions are published. All of it raises `ConnectorError`."""

    @property
    def folder(self) -> Path:
        """Where those lie that count at the moment. Nobody writes there, and another version has another folder."""
        ...

    def changing(self, by: str, note: str) -> AbstractContextManager[FileChange]:
        """What is changed in the block is published at its end, if all of it is right; `by` is who does it. Raises
        `PublishedMeanwhile` if somebody else did, and `ProfileError`."""
        ...

    def examined(self, checked: Checked, file: Path) -> Checked:
        """See `Installation.examined`."""
        ...

    def keep_secret(self, secret: str, name: str, by: str) -> SecretPlace:
        """Under this name, or one like it that is new."""
        ...

    def is_kept(self, name: str) -> bool:
        """Whether there is a secret of this name."""
        ...


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
    versions: ProfileVersions | None = None
    """How the profiles are changed where versions of them are published; None where their files are."""

    @property
    def profiles_folder(self) -> Path:
        """Raises `UsageError` while there is none."""
        folder = self.versions.folder if self.versions else self.config.profiles
        if folder is None or not folder.is_dir():
            raise UsageError(f"there is no profiles folder {folder or ''}".rstrip(), hint="profiles: in config.yaml")
        return folder

    def examined(self, checked: Checked, file: Path) -> Checked:
        """A profile that was checked as if it stood in `file`, with what only this installation finds wrong in it."""
        return self.versions.examined(checked, file) if self.versions else checked

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
