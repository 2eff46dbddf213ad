"""Who asks: a device by its secret, or somebody in a network that needs none.

A secret has so many bits that guessing is no danger; that guesses cost us work and hide in a log is one. So whoever
guesses wrong again and again from one address waits, and nobody else does: a device cannot be locked out from afar.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import structlog

from pbx_connector.api import Device, DeviceReader, Sighting, Throttle, application
from pbx_directory.settings import IPNetwork

LOG = structlog.stdlib.get_logger(__name__)

ANYBODY = Device("", "without a secret", None)
"""Who asks from a network that needs no secret: company entries, and no more."""
TRIES = 10
"""Wrong secrets from one address within `WINDOW`, until the next ones are not looked at."""
WINDOW = 60.0
NONCE_LIFETIME = 300
SEEN_EVERY = 30.0
"""Seconds between two notes in the store of who was seen."""


class Gate:
    def __init__(
        self,
        devices: DeviceReader,
        networks: Sequence[IPNetwork] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._devices = devices
        self._networks = networks
        self._throttle = Throttle(TRIES, WINDOW, clock)
        self._clock = clock
        self._nonces = Nonces(clock)
        self._lock = threading.Lock()
        self._seen: dict[str, Sighting] = {}
        self._noted = clock()

    def by_secret(self, device: str, secret: str, address: str, agent: str = "") -> Device | None:
        """The device, if that is its secret and not too many were wrong. Raises `StoreError`."""
        if self.is_throttled(address):
            return None
        known = self._devices.device(device)
        if not application.devices.is_secret(known, secret) or known is None:
            self._refuse(device if known else "", address)
            return None
        return self._admit(known, address, agent)

    def by_token(self, token: str, address: str, agent: str = "") -> Device | None:
        """As it stands in a path: id and secret."""
        device, _, secret = token.partition("-")
        return self.by_secret(device, secret, address, agent)

    def by_digest(self, method: str, given: Mapping[str, str], address: str, agent: str = "") -> Device | None:
        """An answer to a challenge of `challenge`, RFC 7616 with qop=auth."""
        if self.is_throttled(address) or not self._nonces.knows(given.get("nonce", "")):
            return None
        known = self._devices.device(given.get("username", ""))
        algorithm = "sha256" if given.get("algorithm", "").upper() == "SHA-256" else "md5"
        held = known.verifiers.get(f"digest-{algorithm}", "") if known else ""
        wanted = _digest_answer(algorithm, held or "-", method, given)
        if known is None or not hmac.compare_digest(wanted, given.get("response", "").lower()[:128]):
            self._refuse(known.id if known else "", address)
            return None
        return self._admit(known, address, agent)

    def anybody(self, address: str) -> Device | None:
        """Who shows no secret: admitted from the networks that the configuration names."""
        try:
            host = ipaddress.ip_address(address)
        except ValueError:
            return None
        host = getattr(host, "ipv4_mapped", None) or host
        return ANYBODY if any(host in network for network in self._networks) else None

    def is_current(self, device: Device) -> bool:
        """Whether one that was admitted still would be: false once it is removed, or has another secret or account.
        Raises `StoreError`."""
        known = self._devices.device(device.id)
        return known is not None and (known.verifiers, known.account) == (device.verifiers, device.account)

    def challenge(self, algorithm: str, *, stale: bool = False) -> str:
        """A header that asks for Digest."""
        realm, nonce = application.devices.REALM, self._nonces.new()
        words = f'Digest realm="{realm}", qop="auth", algorithm={algorithm}, nonce="{nonce}"'
        return f"{words}, stale=true" if stale else words

    def is_stale(self, nonce: str) -> bool:
        return not self._nonces.knows(nonce)

    def is_throttled(self, address: str) -> bool:
        return self._throttle.is_full(address)

    def flush(self) -> None:
        """Note in the store who was seen; what cannot be noted now is noted with the next."""
        with self._lock:
            seen, self._seen = self._seen, {}
            self._noted = self._clock()
        if seen:
            try:
                self._devices.note_seen(list(seen.values()))
            except Exception as error:  # noqa: BLE001 - a phone gets its answer all the same
                LOG.warning("who was seen could not be noted", reason=type(error).__name__)

    @property
    def wants_flush(self) -> bool:
        return bool(self._seen) and self._clock() - self._noted >= SEEN_EVERY

    def _admit(self, device: Device, address: str, agent: str) -> Device:
        self._throttle.forgive(address)
        with self._lock:
            self._seen[device.id] = Sighting(device.id, datetime.now(UTC), address, _plain(agent))
        return device

    def _refuse(self, device: str, address: str) -> None:
        if self._throttle.count(address):
            LOG.warning("a wrong secret", device=device or "unknown", address=address)


class Nonces:
    """Each carries when it was made and a seal, so that none has to be kept."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)

    def new(self) -> str:
        made = f"{int(self._clock()):x}"
        return f"{made}.{self._seal(made)}"

    def knows(self, nonce: str) -> bool:
        made, _, seal = nonce.partition(".")
        if not hmac.compare_digest(seal.encode("utf-8", "replace"), self._seal(made).encode()):
            return False
        return self._clock() - int(made, 16) <= NONCE_LIFETIME

    def _seal(self, made: str) -> str:
        return hmac.new(self._key, made.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]


def _digest_answer(algorithm: str, held: str, method: str, given: Mapping[str, str]) -> str:
    def digest(text: str) -> str:
        return hashlib.new(algorithm, text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()

    asked = digest(f"{method}:{given.get('uri', '')}")
    if given.get("qop") == "auth":
        parts = [held, given.get("nonce", ""), given.get("nc", ""), given.get("cnonce", ""), "auth", asked]
    else:  # RFC 2069, which old phones speak
        parts = [held, given.get("nonce", ""), asked]
    return digest(":".join(parts))


def _plain(agent: str) -> str:
    """What a phone calls itself, fit to be kept and shown."""
    return "".join(character for character in agent[:120] if character.isprintable())
