"""Secrets by reference: a profile says where a secret lies (`{env: NAME}`, `{file: PATH}`, `{keyring: NAME}`).

The value is read when a source is opened, never when a profile is checked, and `repr` never shows it.
"""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr, model_validator

from pbx_connector.errors import ConnectorError, UsageError
from pbx_connector.settings import ProfilePath

KEYRING_SERVICE = "pbx-connector"


class Secret(BaseModel):
    """Where a secret lies; exactly one of the three is set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    env: str | None = None
    file: ProfilePath | None = None
    keyring: str | None = None
    expires: date | None = None
    """The day from which the source will not take it any more, if that is known: people are told in time."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Secret:
        if sum(place is not None for place in (self.env, self.file, self.keyring)) != 1:
            raise ValueError("say where the secret lies: {env: NAME}, {file: PATH} or {keyring: NAME}")
        return self

    def reveal(self) -> SecretStr:
        """Read the secret. Raises `UsageError` if it is not there, `ConnectorError` if the keyring is out of order."""
        if self.env is not None:
            value = _from_environment(self.env)
        elif self.file is not None:
            value = _from_file(self.file)
        else:
            value = _from_keyring(str(self.keyring))
        if not value:
            raise UsageError(f"the secret in {self.place} is empty", hint="store the password there, without quotes")
        return SecretStr(value)

    @property
    def place(self) -> str:
        """Where it lies, for people."""
        if self.env is not None:
            return f"the environment variable {self.env}"
        return f"the file {self.file}" if self.file is not None else f"the keyring, as {self.keyring}"

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
        raise UsageError(f"the secret file {path} cannot be written: {error.strerror}") from None
    return Secret(file=path)


def _from_environment(name: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        raise UsageError(
            f"the environment variable {name} is not set", hint=f"export {name}=... before the run"
        ) from None


def _from_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise UsageError(
            f"the secret file {path} cannot be read: {reason}", hint="write the password into it, chmod 600"
        ) from None


def _from_keyring(name: str) -> str:
    import keyring.errors  # takes time, and few secrets lie there

    try:
        value = keyring.get_password(KEYRING_SERVICE, name)
    except keyring.errors.KeyringError as error:
        raise ConnectorError(
            f"the keyring cannot be read: {type(error).__name__}", hint="on a server, use {file: PATH}"
        ) from None
    if value is None:
        raise UsageError(f"the keyring has no secret {name!r}", hint=f"keyring set {KEYRING_SERVICE} {name}")
    return value
