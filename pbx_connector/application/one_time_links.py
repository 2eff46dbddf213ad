"""Links that let somebody do one thing, once and within a time.

The store has digests alone, those of one kind in one value of the shared state, so that a link is used by one of all
who try it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pbx_connector.stores import Store


@dataclass(frozen=True, slots=True)
class OneTimeLink:
    """What is known of a link besides its token, which only its owner has."""

    user: str | None
    """Whom it is for; None for who is nobody yet."""
    expires: datetime


Links = Mapping[str, OneTimeLink]
"""By the digests of their tokens."""


class OneTimeLinks:
    """All of one kind."""

    def __init__(self, key: str, lifetime: timedelta) -> None:
        """`key` is that of the shared state."""
        self._key = key
        self._lifetime = lifetime

    def make(self, store: Store, user: str | None, now: datetime) -> str:
        """The token; one that was made before for the same user is worth nothing from now on."""
        token = secrets.token_urlsafe(32)
        made = {_digest(token): OneTimeLink(user, now + self._lifetime)}
        self._change(store, now, lambda links: {**_without(links, user), **made})
        return token

    def find(self, store: Store, token: str, now: datetime) -> OneTimeLink | None:
        return _valid(store.shared_state(self._key), now).get(_digest(token))

    def take(self, store: Store, token: str, now: datetime) -> OneTimeLink | None:
        """Its one use; None for whoever comes second, or too late."""
        digest = _digest(token)
        before = self._change(store, now, lambda links: {key: link for key, link in links.items() if key != digest})
        return before.get(digest)

    def put_back(self, store: Store, token: str, link: OneTimeLink, now: datetime) -> None:
        """One that was taken in vain."""
        self._change(store, now, lambda links: {**links, _digest(token): link})

    def _change(self, store: Store, now: datetime, change: Callable[[Links], Links]) -> Links:
        """Returns the valid links before it."""
        while True:
            held = store.shared_state(self._key)
            links = _valid(held, now)
            changed = _text(change(links))
            if changed == held or store.compare_and_set(self._key, held, changed):
                return links


def _without(links: Links, user: str | None) -> Links:
    return {key: link for key, link in links.items() if link.user != user}


def _valid(text: str, now: datetime) -> Links:
    held: Mapping[str, Any] = json.loads(text or "{}")
    links = {key: OneTimeLink(user, datetime.fromtimestamp(expires, UTC)) for key, (user, expires) in held.items()}
    return {key: link for key, link in links.items() if now <= link.expires}


def _text(links: Links) -> str:
    held = {digest: (link.user, link.expires.timestamp()) for digest, link in links.items()}
    return json.dumps(held) if held else ""


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
