"""Who may log in to the administrator's pages, and as what. There is always somebody left who may change that."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pbx_connector.errors import UsageError
from pbx_connector.stores import Role, User, Users

LONGEST_NAME = 80
SIGNS = "._@+-"
"""What a name may have beside letters and digits: all of an e-mail address."""
LIST = "see: pbx-connector web users list"


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody as a provider of OpenID Connect knows him."""

    subject: str
    """As `User.subject`."""
    name: str
    """What he is called, if nobody else is."""
    role: Role


def user_name(text: str) -> str:
    """As it is kept and compared: small letters, and one way to write each. Raises `UsageError` for what cannot be a
    name."""
    name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text.strip()).casefold())
    if not 0 < len(name) <= LONGEST_NAME or not all(sign.isalnum() or sign in SIGNS for sign in name):
        raise UsageError(
            f"a user's name has 1 to {LONGEST_NAME} letters, digits and {' '.join(SIGNS)}", hint="such as: ann"
        )
    return name


def role_of(text: str) -> Role:
    """Raises `UsageError`."""
    try:
        return Role(text.strip().lower())
    except ValueError:
        raise UsageError(f"{text[:40]!r} is no role", hint=f"it is one of {', '.join(Role)}") from None


def known_user(store: Users, name: str) -> User:
    """Raises `UsageError`."""
    if user := store.user(user_name(name)):
        return user
    raise UsageError(f"there is no user {name[:LONGEST_NAME]}", hint=LIST)


def add_user(store: Users, name: str, role: Role, *, password: str | None = None, personal: bool = False) -> User:
    """Without a password nobody can log in as him yet; a set-up link lets him choose one. `password` is its digest."""
    added = User(user_name(name), role, password, personal=personal)
    store.change_users(lambda held: {**held, added.name: _new(held, added)})
    return known_user(store, added.name)


def add_first_admin(store: Users, name: str, password: str) -> User:
    """Raises `UsageError` if there is one who can log in."""
    added = User(user_name(name), Role.ADMIN, password)

    def change(held: Mapping[str, User]) -> Mapping[str, User]:
        require_no_admin(held)
        return {**held, added.name: _new(held, added)}

    store.change_users(change)
    return known_user(store, added.name)


def require_no_admin(held: Mapping[str, User]) -> None:
    """Raises `UsageError` if there is one who can log in."""
    for user in held.values():
        if user.is_working_admin:
            raise UsageError(
                "there is an administrator already",
                hint="for a new password: pbx-connector web setup --user NAME; who there is: "
                "pbx-connector web users list",
            )


def change_role(store: Users, name: str, role: Role) -> User:
    """His sessions end."""
    return _changed(store, name, lambda user: replace(user, role=role))


def show_personal(store: Users, name: str, personal: bool) -> User:
    """Whether he may see private entries."""
    return _changed(store, name, lambda user: replace(user, personal=personal))


def set_password(store: Users, name: str, password: str) -> User:
    """`password` is its digest. His sessions end."""
    return _changed(store, name, lambda user: replace(user, password=password))


def disable_user(store: Users, name: str, disabled: bool = True) -> User:
    """He cannot log in, and his sessions end; or he can again."""
    return _changed(store, name, lambda user: replace(user, disabled=disabled))


def remove_user(store: Users, name: str) -> User:
    """The audit keeps what he did."""
    removed = known_user(store, name)

    def change(held: Mapping[str, User]) -> Mapping[str, User]:
        return _with_admin(held, {other: user for other, user in held.items() if other != removed.name})

    store.change_users(change)
    return removed


def admit(store: Users, identity: Identity) -> User:
    """The user of an identity, added if there is none, with the role that the provider gives him now. A user who logs
    in by password is never taken over: whoever is called like one gets a name of his own."""

    def change(held: Mapping[str, User]) -> Mapping[str, User]:
        known = next((user for user in held.values() if user.subject == identity.subject), None)
        name = known.name if known else free_name(held, identity.name)
        user = known or User(name, identity.role, subject=identity.subject)
        return _with_admin(held, {**held, name: replace(user, role=identity.role)})

    found = next((user for user in store.users() if user.subject == identity.subject), None)
    if found is None or found.role is not identity.role:
        store.change_users(change)
    return next(user for user in store.users() if user.subject == identity.subject)


def _changed(store: Users, name: str, change: Callable[[User], User]) -> User:
    name = known_user(store, name).name

    def change_one(held: Mapping[str, User]) -> Mapping[str, User]:
        if name not in held:
            raise UsageError(f"there is no user {name} any more", hint=LIST)
        return _with_admin(held, {**held, name: change(held[name])})

    store.change_users(change_one)
    return known_user(store, name)


def _new(held: Mapping[str, User], user: User) -> User:
    if user.name in held:
        raise UsageError(f"there is a user {user.name} already", hint=LIST)
    return user


def _with_admin(before: Mapping[str, User], after: Mapping[str, User]) -> Mapping[str, User]:
    had, has = (any(user.is_working_admin for user in held.values()) for held in (before, after))
    if had and not has:
        raise UsageError(
            "nobody would be left who may administer the pages",
            hint="make somebody else an administrator first: pbx-connector web users role NAME admin",
        )
    return after


def free_name(held: Mapping[str, User], wanted: str) -> str:
    """`wanted`, or if somebody has that name already, or nobody can, another one."""
    try:
        name = user_name(wanted)
    except UsageError:
        name = "user"
    if name not in held:
        return name
    start = name[: LONGEST_NAME - 6]
    return next(f"{start}-{number}" for number in range(2, 100_000) if f"{start}-{number}" not in held)
