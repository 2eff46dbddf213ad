"""Users of the provider at the pages of one tenant: entered by a link once, and there for as long as the provider's
own users and memberships say so. They have no password there, and nothing else lets them in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pbx_connector.application.fleet import Fleet
from pbx_connector.application.members import role_in
from pbx_connector.application.one_time_links import OneTimeLinks
from pbx_connector.application.users import free_name
from pbx_connector.stores import Role, Store, User
from pbx_connector.stores.users import PROVIDER

LIFETIME = timedelta(seconds=60)
LINKS = OneTimeLinks("provider enters", LIFETIME)


def provider_name(user: User) -> str:
    """What a visitor is called at the provider; empty for who is none."""
    return user.subject.removeprefix(PROVIDER) if user.is_visitor and user.subject else ""


@dataclass(frozen=True, slots=True)
class Visitors:
    """Those of one tenant. What it does raises `StoreError`."""

    fleet: Fleet
    tenant: str

    def role(self, name: str) -> Role | None:
        """What a user of the provider is here by now; None: nobody."""
        known = self.fleet.provider_users.user(name)
        return role_in(self.fleet, self.tenant, known) if known else None

    def is_welcome(self, user: User) -> bool:
        """Whether a user of the tenant may be here by what the provider says now; one of its own may."""
        return not user.is_visitor or self.role(provider_name(user)) is user.role

    def invite(self, store: Store, name: str, now: datetime) -> str:
        """The token of a link for somebody who may enter; `store` is the tenant's."""
        return LINKS.make(store, name, now)

    def invited(self, store: Store, token: str, now: datetime) -> str:
        """Whom a link is for, by the name at the provider; empty for one that is worth nothing."""
        link = LINKS.find(store, token, now)
        return (link.user or "") if link else ""

    def admit(self, store: Store, token: str, now: datetime) -> User | None:
        """The user of the tenant that whoever has a link is from now on; None if it was used or is too old, or its
        owner may not enter any more."""
        link = LINKS.take(store, token, now)
        role = self.role(link.user) if link and link.user else None
        return _admitted(store, link.user, role) if link and link.user and role else None


def _admitted(store: Store, name: str, role: Role) -> User | None:
    """None for one whom the tenant keeps out."""
    subject = f"{PROVIDER}{name}"

    def change(held: Mapping[str, User]) -> Mapping[str, User]:
        known = next((user for user in held.values() if user.subject == subject), None)
        if known is None:
            known = User(free_name(held, f"{name}@provider"), role, subject=subject)
        return {**held, known.name: replace(known, role=role, password=None, personal=False)}

    found = _with_subject(store, subject)
    if found is None or found.role is not role or found.password is not None:
        store.change_users(change)
        found = _with_subject(store, subject)
    return None if found is None or found.disabled else found


def _with_subject(store: Store, subject: str) -> User | None:
    return next((user for user in store.users() if user.subject == subject), None)
