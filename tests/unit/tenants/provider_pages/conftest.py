"""The provider's pages on a real server over loopback, with PostgreSQL: an administrator ann, and bob, a member."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from pbx_web.app import API
from pbx_web.login.sessions import cookie_name
from pbx_web.provider.site import ProviderSite, served
from pbx_web.settings import WebSettings
from plain_http import NO_TLS
from starlette.requests import HTTPConnection
from tenant_pages import context_of

from pbx_connector.api import Listener, Role, Store, application
from pbx_connector.application.fleet import Fleet
from pbx_connector.engine import schema
from pbx_connector.engine.database import EngineDatabase

PROFILE = """\
title: Staff
source: csv
settings: {file: ../staff.csv, key: Id, settle: 0}
schedule: {every: 15m}
structure:
  phonebook:
    - 028pho_bez:   "{{Name}}"
      028pho_phone: "{{Phone}}"
"""
FILES = {"profiles/staff.yaml": PROFILE, "staff.csv": "Id;Name;Phone\n1;Ann;+49 89 1\n"}
__all__ = ["API", "FILES", "PROFILE"]


def packed(files: dict[str, str]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for path, content in files.items():
            opened.writestr(path, content)
    return archive.getvalue()


@dataclass
class Pages:
    """The provider's pages."""

    url: str
    site: ProviderSite

    @property
    def fleet(self) -> Fleet:
        return self.site.fleet

    @property
    def users(self) -> Store:
        return self.site.users()

    def cookies(self, name: str) -> tuple[dict[str, str], str]:
        """Of a new session of a user, and its token."""
        nobody = HTTPConnection({"type": "http", "headers": [], "scheme": "http", "path": "/", "server": ("x", 1)})
        begun = self.site.sessions.open(application.users.known_user(self.users, name), nobody)
        return {cookie_name(begun.is_secure): begun.id}, begun.token

    def client(self, name: str = "ann") -> httpx.Client:
        """Logged in as a user, whose token every request carries; follows no redirect."""
        cookies, token = self.cookies(name)
        headers = {"x-csrf-token": token}
        return httpx.Client(base_url=self.url, cookies=cookies, headers=headers, timeout=60, verify=NO_TLS)

    def member(self, tenant: str, role: Role, name: str = "bob") -> None:
        application.members.set_member(self.fleet, self.users, tenant, name, role)

    def done(self) -> list[tuple[str, str, str]]:
        """What the audit has, the oldest first: who, what, to what."""
        return [(record.user, record.action, record.target) for record in reversed(self.users.audit())]


@pytest.fixture
def start(fleet: Fleet) -> Iterator[Callable[..., Pages]]:
    started: list[tuple[ProviderSite, Listener]] = []

    def start(**settings: Any) -> Pages:
        site = ProviderSite(context_of(fleet), WebSettings(**settings))
        listener = Listener(served(site), "127.0.0.1:0", None, name="web", setting="listen", longest_message=1_000)
        listener.start()
        started.append((site, listener))
        return Pages(f"http://{listener.address}", site)

    yield start
    for site, listener in started:
        listener.stop()
        site.close()


@pytest.fixture
def pages(start: Callable[..., Pages]) -> Pages:
    """Three tenants: acme, bolt, cogs."""
    made = start()
    for id, title in (("acme", "Acme Ltd"), ("bolt", "Bolt <b>& Co"), ("cogs", "Cogs")):
        application.tenants.add(made.fleet, id, title=title)
    for name, role in (("ann", Role.ADMIN), ("bob", Role.READER), ("eve", Role.RELEASER)):
        application.users.add_user(made.users, name, role, password="no digest")
    return made


@pytest.fixture
def engine(fleet: Fleet) -> None:
    """The tables of the workers are there."""
    database = EngineDatabase(fleet.config.database)
    try:
        schema.prepare(database)
    finally:
        database.close()
