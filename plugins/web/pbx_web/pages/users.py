"""Who may log in to these pages: added with a link, changed, kept out and removed here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pbx_connector.api import UsageError, User, application
from pbx_web.asking import Ask
from pbx_web.page import Action, Done, NotFound, Page, Shown
from pbx_web.permissions import Role

AuditAction = application.audit.AuditAction
SIZE = 100
"""Users on a page."""


def show(ask: Ask) -> Shown:
    return _list(ask, {}, None)


def add(ask: Ask) -> Shown:
    typed = {"name": ask.typed("name"), "role": ask.typed("role"), "personal": ask.typed("personal")}
    try:
        role = application.users.role_of(typed["role"])
        user = application.users.add_user(ask.store, typed["name"], role, personal=bool(typed["personal"]))
    except UsageError as error:
        if ask.wants_json:
            raise
        return _list(ask, typed, error)
    ask.site.forget_user(user.name)  # who was called so before
    ask.note(AuditAction.USER_ADDED, user.name, detail=_detail(user))
    return _link(ask, user)


def one(ask: Ask) -> Shown:
    user = _user(ask)
    return Shown(template="user.html", values={"one": user, "roles": _roles(ask)}, json=application.views.user(user))


def change(ask: Ask) -> Done:
    user, role = _user(ask), application.users.role_of(ask.typed("role"))
    personal = bool(ask.typed("personal"))
    if role is not user.role:
        user = application.users.change_role(ask.store, user.name, role)
    if personal is not user.personal:
        user = application.users.show_personal(ask.store, user.name, personal)
    return _changed(ask, user, ask.language("The user is changed."))


def disable(ask: Ask) -> Done:
    user = application.users.disable_user(ask.store, _user(ask).name)
    return _changed(ask, user, ask.language("The user cannot log in any more, and is logged out everywhere."))


def enable(ask: Ask) -> Done:
    user = application.users.disable_user(ask.store, _user(ask).name, False)
    return _changed(ask, user, ask.language("The user may log in again."))


def remove(ask: Ask) -> Done:
    user = application.users.remove_user(ask.store, _user(ask).name)
    ask.site.forget_user(user.name)
    ask.note(AuditAction.USER_REMOVED, user.name, detail=_detail(user))
    message = ask.language("The user is removed; the audit keeps what was done.")
    return Done(to="/users", message=message, json=application.views.user(user))


def make_link(ask: Ask) -> Shown:
    user = _user(ask)
    shown = _link(ask, user)
    ask.note(AuditAction.USER_CHANGED, user.name, detail={"link": "new"})
    return shown


def _list(ask: Ask, typed: Mapping[str, str], error: UsageError | None) -> Shown:
    after = ask.query.get("after", "")
    users = [user for user in ask.store.users() if user.name > after]
    values: dict[str, Any] = {
        "users": users[:SIZE],
        "following": users[SIZE - 1].name if len(users) > SIZE else "",
        "after": after,
        "roles": _roles(ask),
        "typed": typed,
        "error": error,
    }
    said = [application.views.user(user) for user in users]
    return Shown(template="users.html", values=values, json=said, status=400 if error else 200)


def _link(ask: Ask, user: User) -> Shown:
    """The answer itself, not a page to go on to: the link is shown in it, and kept nowhere."""
    token = application.setup_links.make_setup_link(ask.store, user.name, ask.site.now())
    link = f"{ask.base_url}/setup/{token}"
    said = {"user": application.views.user(user), "setup": link}
    return Shown(template="user_link.html", values={"one": user, "link": link}, json=said)


def _changed(ask: Ask, user: User, message: str) -> Done:
    ask.note(AuditAction.USER_CHANGED, user.name, detail=_detail(user))
    return Done(to=f"/users/{quote(user.name)}", message=message, json=application.views.user(user))


def _detail(user: User) -> dict[str, str]:
    return {"role": str(user.role), "state": "disabled" if user.disabled else "enabled"}


def _roles(ask: Ask) -> list[tuple[str, str]]:
    return [(str(role), f"{role}: {ask.language(words)}") for role, words in ask.site.roles]


def _user(ask: Ask) -> User:
    user = ask.store.user(ask.path["user"])
    if user is None:
        raise NotFound(ask.language("There is no such user."))
    return user


PAGES = (
    Page("/users", Role.ADMIN, show),
    Action("/users/add", Role.ADMIN, add),
    Page("/users/{user}", Role.ADMIN, one),
    Action("/users/{user}/change", Role.ADMIN, change),
    Action("/users/{user}/disable", Role.ADMIN, disable),
    Action("/users/{user}/enable", Role.ADMIN, enable),
    Action("/users/{user}/remove", Role.ADMIN, remove),
    Action("/users/{user}/link", Role.ADMIN, make_link),
)
