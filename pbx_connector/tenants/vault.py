"""Secrets in the control database, encrypted with keys that are not in it.

What is stored is bound to its tenant and its name: a row that somebody copied to another tenant cannot be decrypted.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from pbx_connector import files
from pbx_connector.errors import ConnectorError, UsageError
from pbx_connector.machine import machine_error
from pbx_connector.tenants.control import ControlDatabase
from pbx_connector.tenants.ids import checked_name
from pbx_connector.tenants.registry import TenantState, required
from pbx_connector.tenants.tables import secret

MAX_BYTES = 100_000
_NONCE = 12
_KEY = 32
_OTHERS = stat.S_IWGRP | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Key:
    bits: bytes

    @property
    def id(self) -> str:
        return hashlib.sha256(b"id of " + self.bits).hexdigest()[:8]

    def __repr__(self) -> str:
        return f"Key({self.id})"


@dataclass(frozen=True, slots=True)
class SecretRow:
    """What may be known of a secret."""

    name: str
    key: str
    who: str
    changed: float


class Keys:
    """Of a key file: the first one encrypts, all of them decrypt."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self.first = keys[0]
        self._by_id = {key.id: key for key in keys}

    @classmethod
    def read(cls, path: Path) -> Keys:
        """Raises `UsageError`, also for a file that others may read or change."""
        try:
            text = files.read_text(path, at_most=MAX_BYTES)
            mode = path.stat().st_mode
        except (files.UnreadableFile, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            hint = (
                f"look at the rights to {path}"
                if files.exists(path)
                else f"{COPY_BACK}; if there never was one, {NEW_KEY}"
            )
            raise UsageError(f"the key file {files.shown(path)} cannot be read: {reason}", hint=hint) from None
        if mode & _OTHERS:
            raise UsageError(f"other users may read or change the key file {path}", hint=f"chmod 600 {path}")
        lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
        if not lines:
            raise UsageError(f"the key file {path} has no key", hint=COPY_BACK)
        return cls([_key(line, path) for line in lines])

    def seal(self, tenant: str, name: str, value: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self.first.bits).encrypt(nonce, value.encode(), _bound_to(tenant, name))

    def open(self, tenant: str, name: str, key: str, sealed: bytes) -> str:
        """Raises `ConnectorError`."""
        if key not in self._by_id:
            raise ConnectorError(
                f"secret {name} of tenant {tenant} is encrypted with key {key}, which the key file does not have",
                hint="copy the key file of the machine on which it was set",
            )
        try:
            plain = AESGCM(self._by_id[key].bits).decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound_to(tenant, name))
        except (InvalidTag, ValueError):  # ValueError: it is too short to be one
            raise ConnectorError(
                f"secret {name} of tenant {tenant} cannot be decrypted: its row was changed, or is another secret's",
                hint=f"pbx-connector tenants secrets set {tenant} {name}",
            ) from None
        return plain.decode()


NEW_KEY = "pbx-connector tenants secrets new-key makes one"
COPY_BACK = "put your copy of the key file there: another key does not decrypt what is kept"


def add_key(path: Path) -> Key:
    """A new first key of the file; those that it has stay, to decrypt with. Raises `UsageError`."""
    key = Key(AESGCM.generate_key(_KEY * 8))
    before = ""
    if files.exists(path):
        Keys.read(path)
        before = files.read_text(path, at_most=MAX_BYTES)
    beside = path.with_name(f"{path.name}.new")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(f"{base64.b64encode(key.bits).decode()}\n{before}")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise machine_error(error) or UsageError(
            f"the key file {path} cannot be written: {error.strerror}", hint=f"look at {beside.parent}"
        ) from None
    return key


class TenantVault:
    """The secrets of one tenant, read when they are asked for; see `pbx_connector.secret.Vault`."""

    def __init__(self, control: ControlDatabase, keys: Path | None, tenant: str) -> None:
        self._control = control
        self._keys = keys
        self._tenant = tenant

    def secret(self, name: str) -> str | None:
        mine = (secret.c.tenant == self._tenant) & (secret.c.name == name)
        with self._control.read() as connection:
            row = connection.execute(select(secret.c.key, secret.c.sealed).where(mine)).first()
        return required_keys(self._keys).open(self._tenant, name, row.key, row.sealed) if row else None


def required_keys(path: Path | None) -> Keys:
    """Raises `UsageError`."""
    if path is None:
        raise UsageError("the configuration names no key file for secrets", hint="control: {keys: PATH}; " + NEW_KEY)
    return Keys.read(path)


def set_secret(control: ControlDatabase, keys: Keys, tenant: str, name: str, value: str, who: str) -> None:
    """Raises `UsageError`."""
    checked_name(name)
    if not value or len(value.encode()) > MAX_BYTES:
        raise UsageError("a secret is neither empty nor longer than 100 kB")
    with control.write() as connection:
        _changeable(connection, tenant)
        sealed = keys.seal(tenant, name, value)
        values = {"sealed": sealed, "key": keys.first.id, "who": who, "changed": control.now(connection)}
        adding = insert(secret).values(tenant=tenant, name=name, **values)
        connection.execute(adding.on_conflict_do_update(index_elements=["tenant", "name"], set_=values))


def secrets(control: ControlDatabase, tenant: str) -> list[SecretRow]:
    """Without their values. Raises `UsageError`."""
    columns = select(secret.c.name, secret.c.key, secret.c.who, secret.c.changed)
    with control.read() as connection:
        required(connection, tenant)
        rows = connection.execute(columns.where(secret.c.tenant == tenant).order_by(secret.c.name))
        return [SecretRow(*row) for row in rows]


def remove_secret(control: ControlDatabase, tenant: str, name: str) -> None:
    """Raises `UsageError`."""
    with control.write() as connection:
        _changeable(connection, tenant)
        gone = connection.execute(delete(secret).where(secret.c.tenant == tenant, secret.c.name == name))
        if not gone.rowcount:
            raise UsageError(
                f"tenant {tenant} has no such secret", hint=f"see: pbx-connector tenants secrets list {tenant}"
            )


def rotate(control: ControlDatabase, keys: Keys) -> int:
    """Every secret is encrypted with the first key of the file; returns how many were not. One that cannot be
    decrypted ends it, and all before stay as they are then. Raises `ConnectorError`."""
    done = 0
    while True:
        with control.write() as connection:
            query = select(secret).where(secret.c.key != keys.first.id).order_by(secret.c.tenant, secret.c.name)
            row = connection.execute(query.limit(1).with_for_update()).first()
            if row is None:
                return done
            value = keys.open(row.tenant, row.name, row.key, row.sealed)
            mine = (secret.c.tenant == row.tenant) & (secret.c.name == row.name)
            sealed = keys.seal(row.tenant, row.name, value)
            connection.execute(update(secret).where(mine).values(sealed=sealed, key=keys.first.id))
        done += 1


def _changeable(connection: Connection, tenant: str) -> None:
    """Locked, so that it is not removed meanwhile."""
    if required(connection, tenant, lock=True).state is TenantState.REMOVING:
        raise UsageError(f"tenant {tenant} is being removed", hint=f"pbx-connector tenants remove {tenant} finishes it")


def _key(line: str, path: Path) -> Key:
    try:
        bits = base64.b64decode(line, validate=True)
    except binascii.Error:
        bits = b""
    if len(bits) != _KEY:
        raise UsageError(f"the key file {path} has a line that is no key", hint=COPY_BACK)
    return Key(bits)


def _bound_to(tenant: str, name: str) -> bytes:
    return json.dumps([tenant, name]).encode()
