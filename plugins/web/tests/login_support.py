"""Somebody at the log-in form, without a browser: what it shows is read, and sent back as a browser would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any

import httpx
from argon2 import PasswordHasher
from pbx_web.login.passwords import Passwords
from plain_http import NO_TLS

from pbx_connector.api import Role, User, application

from .conftest import Running, Start

PASSWORD = "correct horse battery"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""What is looked at is the same; it costs tests no time."""


class CountedPasswords(Passwords):
    """Says how many passwords were looked at."""

    looked_at = 0

    def is_right(self, digest: str | None, password: str) -> bool:
        self.looked_at += 1
        return super().is_right(digest, password)


class Forms(HTMLParser):
    """The forms of a page: where each goes, and its fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self._area: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((said["action"], {}))
        elif tag == "input" and self.forms:
            self.forms[-1][1][said["name"]] = said.get("value", "")
        elif tag == "textarea":
            self._area = said["name"]
            self.forms[-1][1][self._area] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            held = self.forms[-1][1]
            held[self._area] += data.removeprefix("\n") if not held[self._area] else data

    def form(self, action: str) -> dict[str, str]:
        return next(fields for place, fields in self.forms if place == action)


def counted(running: Running) -> CountedPasswords:
    """The site's passwords from now on: cheap ones, and counted."""
    passwords = CountedPasswords(CHEAP)
    running.server.site.authentication.passwords = passwords
    return passwords


def known(running: Running, name: str = "ann", role: Role = Role.ADMIN) -> User:
    """A user with the password of these tests."""
    return application.users.add_user(running.store, name, role, password=CHEAP.hash(PASSWORD))


def with_ann(start: Start) -> Running:
    """Pages where there is a user, and which count the passwords that they look at."""
    running = start()
    counted(running)
    known(running)
    return running


def visitor(running: Running, **headers: str) -> httpx.Client:
    return httpx.Client(base_url=running.url, headers=headers, verify=NO_TLS, timeout=60)


def token(client: httpx.Client, path: str = "/login") -> str:
    return Forms(client.get(path).text).form(path.partition("?")[0])["csrf_token"]


def log_in(
    client: httpx.Client, name: str = "ann", password: str = PASSWORD, *, more: Mapping[str, str] | None = None
) -> httpx.Response:
    fields: dict[str, Any] = {"csrf_token": token(client), "name": name, "password": password, **(more or {})}
    return client.post("/login", data=fields)


@contextmanager
def logged_in(running: Running, name: str = "ann") -> Iterator[httpx.Client]:
    with visitor(running) as client:
        assert log_in(client, name).status_code == 303
        yield client


def page_token(client: httpx.Client, path: str = "/password") -> str:
    return Forms(client.get(path).text).form("/logout")["csrf_token"]


def actions(running: Running) -> list[tuple[str, str, str]]:
    """What the audit has, the oldest first: who, what, to what."""
    return [(record.user, record.action, record.target) for record in reversed(running.store.audit())]
