"""Links that let somebody choose a password once: for the first administrator, or for a user who has forgotten his.

The store has digests alone, in one value of the shared state, so that a link is used by one of all who try it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pbx_connector.application.users import add_first_admin, known_user, require_no_admin, set_password
from pbx_connector.errors import UsageError
from pbx_connector.stores import Store, User

KEY = "web setup"
LIFETIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SetupLink:
    user: str | None
    """Whose password is set; None: the first administrator, who chooses a name."""
    expires: datetime


Links = Mapping[str, SetupLink]
"""By the digests of their tokens."""


def make_setup_link(store: Store, user: str | None, now: datetime) -> str:
    """The token for a link; one that was made before for the same user is worth nothing from now on. Raises
    `UsageError`."""
    if user is None:
        require_no_admin({held.name: held for held in store.users()})
    else:
        user = _able(known_user(store, user)).name
    token = secrets.token_urlsafe(32)
    made = {_digest(token): SetupLink(user, now + LIFETIME)}
    _change(store, now, lambda links: {**{key: link for key, link in links.items() if link.user != user}, **made})
    return token


def find_setup_link(store: Store, token: str, now: datetime) -> SetupLink | None:
    return _valid(store.shared_state(KEY), now).get(_digest(token))


def use_setup_link(store: Store, token: str, now: datetime, *, name: str, password: str) -> User | None:
    """Set the password, a digest; None if the link was used or is too old. Raises `UsageError` for a name that cannot
    be one, and the link stays as it is. `name` counts for the first administrator alone."""
    digest, link = _digest(token), find_setup_link(store, token, now)
    if link is None or not _take(store, digest, now):
        return None
    try:
        return set_password(store, link.user, password) if link.user else add_first_admin(store, name, password)
    except UsageError:
        _change(store, now, lambda links: {**links, digest: link})
        raise


def _able(user: User) -> User:
    if user.disabled:
        raise UsageError(
            f"the user {user.name} is disabled", hint=f"first: pbx-connector web users disable --undo {user.name}"
        )
    return user


def _take(store: Store, digest: str, now: datetime) -> bool:
    """Whether it was there, and is now used up by whoever asked."""
    before = _change(store, now, lambda links: {key: link for key, link in links.items() if key != digest})
    return digest in before


def _change(store: Store, now: datetime, change: Callable[[Links], Links]) -> Links:
    """Returns the valid links before it."""
    while True:
        held = store.shared_state(KEY)
        links = _valid(held, now)
        if store.compare_and_set(KEY, held, _text(change(links))):
            return links


def _valid(text: str, now: datetime) -> Links:
    held: Mapping[str, Any] = json.loads(text or "{}")
    links = {digest: SetupLink(user, datetime.fromtimestamp(expires, UTC)) for digest, (user, expires) in held.items()}
    return {digest: link for digest, link in links.items() if now <= link.expires}


def _text(links: Links) -> str:
    held = {digest: (link.user, link.expires.timestamp()) for digest, link in links.items()}
    return json.dumps(held) if held else ""


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
