"""Who asks: a device by its secret, or somebody in a network that needs none.

A secret has so many bits that guessing is no danger; that guesses cost us work and hide in a log is one. So whoever
guesses wrong again and again from one address waits, and nobody else does: a device cannot be locked out from afar.
Of many phone systems each is guessed at by itself, whether it is there or not.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import structlog

from pbx_connector.api import Device, DeviceReader, Sighting, Throttle, application
from pbx_directory.settings import IPNetwork, is_in

LOG = structlog.stdlib.get_logger(__name__)

ANYBODY = Device("", "without a secret", None)
"""Who asks from a network that needs no secret: company entries, and no more."""
TRIES = 10
"""Wrong secrets from one address within `WINDOW`, until the next ones are not looked at."""
WINDOW = 60.0
NONCE_LIFETIME = 300
SEEN_EVERY = 30.0
"""Seconds between two notes in the store of who was seen."""


class Guard:
    """What the gates of one process share: who guessed, and the seal of the challenges."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.guesses = Throttle(TRIES, WINDOW, clock)
        self.logged = Throttle(TRIES, WINDOW, clock)
        """By address, of guesses at what is not there: whoever makes up names fills no log."""
        self.nonces = Nonces(clock)


class Gate:
    def __init__(
        self,
        devices: DeviceReader | None,
        networks: Sequence[IPNetwork] = (),
        clock: Callable[[], float] = time.monotonic,
        *,
        guard: Guard | None = None,
        name: str = "",
    ) -> None:
        """Without `devices` nobody is admitted. `name` is how the phone system was asked for, of those that share a
        guard: guesses are counted under it."""
        self.networks = networks
        self._devices = devices
        self._guard = guard or Guard(clock)
        self._clock = self._guard.clock
        self._name = name
        self._lock = threading.Lock()
        self._seen: dict[str, Sighting] = {}
        self._noted = self._clock()

    def by_secret(self, device: str, secret: str, address: str, agent: str = "") -> Device | None:
        """The device, if that is its secret and not too many were wrong. Raises `StoreError`."""
        if self.is_throttled(address):
            return None
        known = self._device(device)
        if not application.devices.is_secret(known, secret) or known is None:
            self._refuse(device if known else "", address)
            return None
        return self._admit(known, address, agent)

    def by_token(self, token: str, address: str, agent: str = "") -> Device | None:
        """As it stands in a path: id and secret."""
        device, _, secret = token.partition("-")
        return self.by_secret(device, secret, address, agent)

    def by_digest(
        self, method: str, given: Mapping[str, str], address: str, agent: str = "", *, space: str = ""
    ) -> Device | None:
        """An answer to a challenge of `challenge` in the same `space`, RFC 7616 with qop=auth."""
        if self.is_throttled(address) or self.is_stale(given.get("nonce", ""), space):
            return None
        device, at, _ = given.get("username", "").partition("@")
        known = self._device(device)
        algorithm = "sha256" if given.get("algorithm", "").upper() == "SHA-256" else "md5"
        held = known.verifiers.get(f"digest-{algorithm}{'-named' if at else ''}", "") if known else ""
        wanted = _digest_answer(algorithm, held or "-", method, given)
        if not held or known is None or not hmac.compare_digest(wanted, given.get("response", "").lower()[:128]):
            self._refuse(known.id if known else "", address)
            return None
        return self._admit(known, address, agent)

    def anybody(self, address: str) -> Device | None:
        """Who shows no secret: admitted from the networks that the configuration names."""
        return ANYBODY if is_in(address, self.networks) else None

    def is_current(self, device: Device) -> bool:
        """Whether one that was admitted still would be: false once it is removed, or has another secret or account.
        Raises `StoreError`."""
        known = self._device(device.id)
        return known is not None and (known.verifiers, known.account) == (device.verifiers, device.account)

    def challenge(self, algorithm: str, space: str = "", *, stale: bool = False) -> str:
        """A header that asks for Digest; `space` is the host name that was asked, which alone it is good for."""
        realm, nonce = application.devices.REALM, self._guard.nonces.new(space)
        words = f'Digest realm="{realm}", qop="auth", algorithm={algorithm}, nonce="{nonce}"'
        return f"{words}, stale=true" if stale else words

    def is_stale(self, nonce: str, space: str = "") -> bool:
        return not self._guard.nonces.knows(nonce, space)

    def is_throttled(self, address: str) -> bool:
        return self._guard.guesses.is_full(self._key(address))

    def flush(self) -> None:
        """Note in the store who was seen; whoever cannot be noted now is when it is seen again."""
        with self._lock:
            seen, self._seen = self._seen, {}
            self._noted = self._clock()
        if seen and self._devices is not None:
            try:
                self._devices.note_seen(list(seen.values()))
            except Exception as error:  # noqa: BLE001 - a phone gets its answer all the same
                LOG.warning("who was seen could not be noted", reason=type(error).__name__)

    @property
    def wants_flush(self) -> bool:
        return bool(self._seen) and self._clock() - self._noted >= SEEN_EVERY

    @property
    def has_seen(self) -> bool:
        """Somebody who is not noted yet."""
        return bool(self._seen)

    def _device(self, device: str) -> Device | None:
        return self._devices.device(device) if self._devices is not None else None

    def _admit(self, device: Device, address: str, agent: str) -> Device:
        self._guard.guesses.forgive(self._key(address))
        with self._lock:
            self._seen[device.id] = Sighting(device.id, datetime.now(UTC), address, _plain(agent))
        return device

    def _refuse(self, device: str, address: str) -> None:
        is_told = self._guard.guesses.count(self._key(address))
        if is_told and (self._devices is not None or self._guard.logged.count(address)):
            where = {"asked_for": self._name} if self._name else {}
            LOG.warning("a wrong secret", device=device or "unknown", address=address, **where)

    def _key(self, address: str) -> str:
        return f"{self._name} {address}" if self._name else address


class Nonces:
    """Each carries when it was made and a seal, so that none has to be kept."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)

    def new(self, space: str = "") -> str:
        """`space` is where it is good."""
        made = f"{int(self._clock()):x}"
        return f"{made}.{self._seal(made, space)}"

    def knows(self, nonce: str, space: str = "") -> bool:
        made, _, seal = nonce.partition(".")
        if not hmac.compare_digest(seal.encode("utf-8", "replace"), self._seal(made, space).encode()):
            return False
        return self._clock() - int(made, 16) <= NONCE_LIFETIME

    def _seal(self, made: str, space: str) -> str:
        sealed = f"{made} {space}".encode("utf-8", "replace")
        return hmac.new(self._key, sealed, hashlib.sha256).hexdigest()[:32]


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
