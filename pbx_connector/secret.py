"""Secrets by reference: a profile says where a secret lies (`{env: NAME}`, `{file: PATH}`, `{keyring: NAME}`, and for a
tenant `{vault: NAME}`).

The value is read when a source is opened, never when a profile is checked. People type the secret itself where its
name belongs, so no message and no `repr` shows a name unless something of that name is there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, PrivateAttr, SecretStr, model_validator

from pbx_connector import files
from pbx_connector.errors import ConnectorError, UsageError
from pbx_connector.machine import machine_error
from pbx_connector.settings import ProfilePath

KEYRING_SERVICE = "pbx-connector"
MAX_BYTES = 100_000
"""No password, token or key is longer."""
UNSHOWN = "which is not shown, as it may be the secret itself"


class Vault(Protocol):
    """The secrets of one tenant."""

    def secret(self, name: str) -> str | None:
        """None if there is none of that name. Raises `ConnectorError` if it cannot be had."""
        ...


class Secret(BaseModel):
    """Where a secret lies; exactly one of the four is set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    env: str | None = None
    file: ProfilePath | None = None
    keyring: str | None = None
    vault: str | None = None
    """Name of a secret that `pbx-connector tenants secrets set` stored; only tenants have a vault."""
    expires: date | None = None
    """The day from which the source will not take it any more, if that is known: people are told in time."""

    _key: str = PrivateAttr("a secret")
    """Where the reference stands, such as `settings.password`; see `name_secrets`."""
    _vault: Vault | None = PrivateAttr(None)
    """See `bind_vault`."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Secret:
        if sum(place is not None for place in (self.env, self.file, self.keyring, self.vault)) != 1:
            raise ValueError(
                "say where the secret lies: {env: NAME}, {file: PATH} or {keyring: NAME}, or for a tenant {vault: NAME}"
            )
        return self

    def reveal(self) -> SecretStr:
        """Read the secret. Raises `UsageError` if it is not there, `ConnectorError` if the keyring is out of order."""
        if self.env is not None:
            value = self._from_environment(self.env)
        elif self.file is not None:
            value = self._from_file(self.file)
        elif self.vault is not None:
            value = self._from_vault(self.vault)
        else:
            value = self._from_keyring(str(self.keyring))
        if not value:
            raise UsageError(f"the secret in {self.place} is empty", hint="store the password there, without quotes")
        return SecretStr(value)

    @property
    def place(self) -> str:
        """Where it lies, for people; a name only if it is one."""
        if self.env is not None:
            return f"the environment variable {self.env if _is_set(self.env) else f'for {self._key}'}"
        if self.file is not None:
            return f"the file {files.shown(self.file) if files.exists(self.file) else f'for {self._key}'}"
        return f"the {'keyring' if self.vault is None else 'vault'}, for {self._key}"

    @property
    def is_exposed(self) -> bool:
        """Whether it lies in a file that every user of the machine may read."""
        return self.file is not None and files.is_open_to_others(self.file)

    def __eq__(self, other: object) -> bool:
        """Where the reference stands is no part of it."""
        return isinstance(other, Secret) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(tuple(self.__dict__.values()))

    def __repr_args__(self) -> Iterator[tuple[str, str]]:
        yield "key", self._key

    def _from_environment(self, name: str) -> str:
        if not _is_set(name):
            raise UsageError(
                f"the environment variable for {self._key} is not set",
                hint=f"{{env: NAME}} has the name of a variable, {UNSHOWN}; export NAME=... before the run",
            )
        return os.environ[name]

    def _from_file(self, path: Path) -> str:
        try:
            return files.read_text(path, at_most=MAX_BYTES).rstrip("\r\n")
        except files.UnreadableFile as error:
            known = files.exists(path)
            what = f"the secret file {files.shown(path)}" if known else f"the secret file for {self._key}"
            where = "" if known else f" in {files.shown(files.nearest_folder(path))}"
            note = "" if known else f"; {{file: PATH}} has the path of a file, {UNSHOWN}"
            raise UsageError(
                f"{what} cannot be read: {error}{where}", hint=f"write the password into it, chmod 600{note}"
            ) from None

    def _from_keyring(self, name: str) -> str:
        import keyring.errors  # takes time, and few secrets lie there

        try:
            value = keyring.get_password(KEYRING_SERVICE, name)
        except keyring.errors.KeyringError as error:
            raise ConnectorError(
                f"the keyring cannot be read: {type(error).__name__}", hint="on a server, use {file: PATH}"
            ) from None
        if value is None:
            raise UsageError(
                f"the keyring has no secret of the name that {self._key} gives",
                hint=f"{{keyring: NAME}} has a name, {UNSHOWN}; keyring set {KEYRING_SERVICE} NAME",
            )
        return value

    def _from_vault(self, name: str) -> str:
        if self._vault is None:
            raise UsageError(
                f"{self._key} names a secret of a vault, which only tenants have",
                hint="say {env: NAME}, {file: PATH} or {keyring: NAME}",
            )
        value = self._vault.secret(name)
        if value is None:
            raise UsageError(
                f"the vault has no secret of the name that {self._key} gives",
                hint=f"{{vault: NAME}} has a name, {UNSHOWN}; pbx-connector tenants secrets set TENANT NAME",
            )
        return value

    def as_yaml(self) -> str:
        """The reference as a profile writes it."""
        name, value = next((name, value) for name, value in self if value is not None and name != "expires")
        return f"{{{name}: {json.dumps(str(value), ensure_ascii=False)}}}"


def keep_secret(secret: str, *, name: str, beside: Path) -> Secret:
    """Store a secret in the keyring or, where there is none (most servers), in a file that only its owner can read.

    The file stands next to `beside`. Raises `UsageError` if neither works.
    """
    import keyring.errors

    try:
        keyring.set_password(KEYRING_SERVICE, name, secret)
        if keyring.get_password(KEYRING_SERVICE, name) == secret:
            return Secret(keyring=name)
    except keyring.errors.KeyringError:
        pass  # no keyring on this machine: the file below is the documented way out
    path = beside.resolve().with_name(f"{name}.secret")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, 0o600)
            file.write(secret)
    except OSError as error:
        raise machine_error(error) or UsageError(
            f"the secret file {path} cannot be written: {error.strerror}"
        ) from None
    return Secret(file=path)


def secrets_of(value: object, below: str = "") -> Iterator[tuple[str, Secret]]:
    """Every secret of a settings model, with the path of keys that leads to it."""
    if isinstance(value, Secret):
        yield below, value
    elif isinstance(value, BaseModel):
        aliases = {name: field.alias or name for name, field in type(value).model_fields.items()}
        for name, part in value:
            yield from secrets_of(part, f"{below}.{aliases.get(name, name)}".lstrip("."))
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from secrets_of(part, f"{below}.{name}".lstrip("."))
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from secrets_of(part, below)


def name_secrets(settings: BaseModel, below: str = "") -> None:
    """Tell each secret where it stands, as its messages do not show what stands there."""
    for key, secret in secrets_of(settings, below):
        secret._key = key


def bind_vault(settings: object, vault: Vault) -> None:
    """The secrets of these settings, and of no others, come from this vault."""
    for _, secret in secrets_of(settings):
        secret._vault = vault


def _is_set(name: str) -> bool:
    try:
        return name in os.environ
    except UnicodeError:  # no variable can have such a name
        return False
