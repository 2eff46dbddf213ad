"""What may be a password, and whether one is right. They cost time and memory, so that few are looked at at once."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
LONGEST = 1_000
AT_ONCE = 2
"""Each costs 64 MiB while it is looked at."""
PATIENCE = 10.0
"""Seconds that one waits until others have been looked at."""
TOO_SHORT = "A password has at least 12 characters."
TOO_LONG = "A password has at most 1,000 characters."
TOO_ALIKE = "A password must be more than the user's name."


class TooBusy(Exception):
    """Too many passwords wait to be looked at."""


class Passwords:
    def __init__(
        self, hasher: PasswordHasher | None = None, *, total: threading.BoundedSemaphore | None = None
    ) -> None:
        """`total`: places of all sites of the process together, if there are others."""
        self._hasher = hasher or PasswordHasher()
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._total = total or threading.BoundedSemaphore(AT_ONCE)

    def digest(self, password: str) -> str:
        """Raises `TooBusy`."""
        with self._slot():
            return self._hasher.hash(_bytes(password))

    def is_right(self, digest: str | None, password: str) -> bool:
        """Takes as long where there is nothing to compare with. Raises `TooBusy`."""
        held = digest if digest and len(password) <= LONGEST else None
        with self._slot():
            try:
                return self._hasher.verify(held or self._of_nobody, _bytes(password)) and held is not None
            except (VerificationError, InvalidHashError):
                return False

    def is_outdated(self, digest: str) -> bool:
        """Whether it was made by weaker parameters than new ones are."""
        return self._hasher.check_needs_rehash(digest)

    @cached_property
    def _of_nobody(self) -> str:
        return self._hasher.hash(secrets.token_bytes(32))

    @contextmanager
    def _slot(self) -> Iterator[None]:
        with _place(self._slots), _place(self._total):
            yield


@contextmanager
def _place(of: threading.BoundedSemaphore) -> Iterator[None]:
    if not of.acquire(timeout=PATIENCE):
        raise TooBusy
    try:
        yield
    finally:
        of.release()


def password_fault(password: str, name: str) -> str:
    """Why it cannot be the password of that user, in English; empty if it can."""
    if len(password) < SHORTEST:
        return TOO_SHORT
    if len(password) > LONGEST:
        return TOO_LONG
    folded = unicodedata.normalize("NFKC", password).casefold()
    rest = folded.replace(name, "") if len(name) > 2 else folded
    return TOO_ALIKE if len(rest) < SHORTEST // 2 or len(set(folded)) < 3 else ""


def _bytes(password: str) -> bytes:
    """The same however a keyboard writes its letters."""
    return unicodedata.normalize("NFC", password[: LONGEST + 1]).encode("utf-8", "surrogatepass")
