"""Secrets by reference: a profile says where a secret lies (`{env: NAME}`, `{file: PATH}`, `{keyring: NAME}`).

The value is read when a source is opened, never when a profile is checked, and `repr` never shows it.
"""

from __future__ import annotations

import os
from pathlib import Path

import keyring
import keyring.errors
from pydantic import BaseModel, ConfigDict, SecretStr, model_validator

from pbx_connector.errors import ConnectorError, UsageError

KEYRING_SERVICE = "pbx-connector"


class Secret(BaseModel):
    """Where a secret lies; exactly one of the three is set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    env: str | None = None
    file: Path | None = None
    keyring: str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Secret:
        if sum(place is not None for place in (self.env, self.file, self.keyring)) != 1:
            raise ValueError("say where the secret lies: {env: NAME}, {file: PATH} or {keyring: NAME}")
        return self

    def reveal(self) -> SecretStr:
        """Read the secret. Raises `ConnectorError` (exit 2) if it is not there."""
        value = self._from_env() if self.env else self._from_file() if self.file else self._from_keyring()
        if not value:
            raise UsageError(f"the secret {self} is empty", hint="store the password there, without quotes")
        return SecretStr(value)

    def __str__(self) -> str:
        if self.env:
            return f"{{env: {self.env}}}"
        return f"{{file: {self.file}}}" if self.file else f"{{keyring: {self.keyring}}}"

    def _from_env(self) -> str:
        assert self.env  # noqa: S101 - guarded by reveal
        try:
            return os.environ[self.env]
        except KeyError:
            raise UsageError(
                f"the environment variable {self.env} is not set", hint=f"export {self.env}=... before the run"
            ) from None

    def _from_file(self) -> str:
        assert self.file  # noqa: S101 - guarded by reveal
        try:
            return self.file.expanduser().read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8 text"
            raise UsageError(
                f"the secret file {self.file} cannot be read: {reason}", hint="write the password into it, chmod 600"
            ) from None

    def _from_keyring(self) -> str:
        assert self.keyring  # noqa: S101 - guarded by reveal
        try:
            value = keyring.get_password(KEYRING_SERVICE, self.keyring)
        except keyring.errors.KeyringError as error:
            raise ConnectorError(
                f"the keyring cannot be read: {type(error).__name__}", hint="use {file: PATH} on a server"
            ) from None
        if value is None:
            raise UsageError(
                f"the keyring has no secret {self.keyring!r} of service {KEYRING_SERVICE!r}",
                hint=f"keyring set {KEYRING_SERVICE} {self.keyring}",
            )
        return value
