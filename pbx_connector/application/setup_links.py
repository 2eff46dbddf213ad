"""Links that let somebody choose a password once: for the first administrator, or for a user who has forgotten his."""

from __future__ import annotations

from datetime import datetime, timedelta

from pbx_connector.application.one_time_links import OneTimeLink, OneTimeLinks
from pbx_connector.application.users import add_first_admin, known_user, require_no_admin, set_password
from pbx_connector.errors import UsageError
from pbx_connector.stores import Store, User

KEY = "web setup"
LIFETIME = timedelta(hours=1)
LINKS = OneTimeLinks(KEY, LIFETIME)
SetupLink = OneTimeLink
"""For whom a password is set; without a user for the first administrator, who chooses a name."""


def make_setup_link(store: Store, user: str | None, now: datetime) -> str:
    """The token for a link; one that was made before for the same user is worth nothing from now on. Raises
    `UsageError`."""
    if user is None:
        require_no_admin({held.name: held for held in store.users()})
    else:
        user = _able(known_user(store, user)).name
    return LINKS.make(store, user, now)


def find_setup_link(store: Store, token: str, now: datetime) -> SetupLink | None:
    return LINKS.find(store, token, now)


def use_setup_link(store: Store, token: str, now: datetime, *, name: str, password: str) -> User | None:
    """Set the password, a digest; None if the link was used or is too old. Raises `UsageError` for a name that cannot
    be one, and the link stays as it is. `name` counts for the first administrator alone."""
    link = LINKS.take(store, token, now)
    if link is None:
        return None
    try:
        return set_password(store, link.user, password) if link.user else add_first_admin(store, name, password)
    except UsageError:
        LINKS.put_back(store, token, link, now)
        raise


def _able(user: User) -> User:
    if user.disabled:
        raise UsageError(
            f"the user {user.name} is disabled", hint=f"first: pbx-connector web users disable --undo {user.name}"
        )
    if user.subject is not None:
        raise UsageError(
            f"the user {user.name} logs in elsewhere, and has no password here", hint="it is changed there"
        )
    return user
