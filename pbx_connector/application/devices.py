"""The devices that may ask the directory: made with a secret that is shown once, and known by it afterwards.

A secret is drawn here and has 119 bits, so that a plain digest of it cannot be turned back; Digest authentication
(RFC 7616) needs two of its own kind.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pbx_connector.application.accounts import known_account
from pbx_connector.errors import UsageError
from pbx_connector.stores import Device, Devices, Store
from pbx_connector.targets import single_line

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what is read as something else: one types it into telephones."""
ID_LENGTH = 6
SECRET_LENGTH = 24
REALM = "phone book"
"""Of Basic and Digest."""
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class MadeDevice:
    device: Device
    secret: str
    """Shown once; nobody can tell it later."""


def add_device(
    store: Store, name: str, account: str | None, options: Mapping[str, str], *, phone_system: str | None = None
) -> MadeDevice:
    """`phone_system` is the id of the one among many that it belongs to.

    Raises `UsageError` for a name that cannot be one, or is taken, and for an unknown account.
    """
    if account is not None:
        known_account(store, account)
    known = store.devices()
    name = _checked_name(name, {device.name for device in known})
    taken = {device.id for device in known}
    number = next(drawn for _ in iter(int, 1) if (drawn := _drawn(ID_LENGTH)) not in taken)
    return _with_secret(store, Device(number, name, account, dict(options)), phone_system)


def rotate_device(store: Store, wanted: str, *, phone_system: str | None = None) -> MadeDevice:
    """A new secret; the old one is worth nothing from now on."""
    return _with_secret(store, known_device(store.devices(), wanted), phone_system)


def remove_device(store: Store, wanted: str) -> Device:
    device = known_device(store.devices(), wanted)
    store.remove_device(device.id)
    return device


def known_device(devices: Iterable[Device], wanted: str) -> Device:
    """By its id or its name. Raises `UsageError`."""
    for device in devices:
        if wanted in (device.id, device.name):
            return device
    raise UsageError(f"there is no device {wanted}", hint="see: pbx-connector directory devices list")


def verifiers(device: str, secret: str, phone_system: str | None = None) -> dict[str, str]:
    """What a secret is compared with later, by method.

    Digest sends a digest of the user name, too: a device that logs in as `DEVICE@PHONE_SYSTEM` has another.
    """
    held = {"sha256": hashlib.sha256(secret.encode()).hexdigest()} | _digests(device, secret)
    if phone_system is None:
        return held
    named = _digests(f"{device}@{phone_system}", secret)
    return held | {f"{method}-named": digest for method, digest in named.items()}


def _digests(user: str, secret: str) -> dict[str, str]:
    login = f"{user}:{REALM}:{secret}".encode()
    return {
        "digest-md5": hashlib.md5(login, usedforsecurity=False).hexdigest(),
        "digest-sha256": hashlib.sha256(login).hexdigest(),
    }


def is_secret(device: Device | None, secret: str) -> bool:
    """Takes as long for a device that does not exist."""
    shown = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
    held = device.verifiers.get("sha256", "") if device else ""
    return hmac.compare_digest(shown, held or "-" * len(shown))


def _with_secret(store: Devices, device: Device, phone_system: str | None) -> MadeDevice:
    secret = _drawn(SECRET_LENGTH)
    made = replace(device, verifiers=verifiers(device.id, secret, phone_system))
    store.put_device(made)
    return MadeDevice(store.device(made.id) or made, secret)


def _drawn(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _checked_name(name: str, taken: set[str]) -> str:
    name = single_line(name).strip()
    if not name or len(name) > LONGEST_NAME:
        raise UsageError(f"a device needs a name of at most {LONGEST_NAME} characters", hint="such as: Phone of Ann")
    if name in taken:
        raise UsageError(f"there is a device {name} already", hint="see: pbx-connector directory devices list")
    return name
