"""The pages of two tenants in one process, asked over loopback by their host names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import httpx
from pbx_web.login.sessions import cookie_name
from pbx_web.server import PagesServer
from pbx_web.settings import LOOPBACK, WebSettings
from pbx_web.site import Site
from pbx_web.sites import ManySites
from plain_http import NO_TLS
from starlette.requests import HTTPConnection

from pbx_connector.api import PluginContext, Role, Store, User, application
from pbx_connector.application import publishing
from pbx_connector.application.fleet import Fleet
from pbx_connector.application.phone_systems import PhoneSystems
from pbx_connector.config import Config

DOMAIN = "pbx.test"


@dataclass
class Pages:
    """`acme` and `bolt`, each with a published profile."""

    fleet: Fleet
    systems: PhoneSystems
    server: PagesServer
    folder: Path
    """Of all tenants' files."""

    @property
    def sites(self) -> ManySites:
        assert isinstance(self.server.sites, ManySites)
        return self.server.sites

    def site(self, id: str) -> Site:
        here = self.sites.find(f"{id}.{DOMAIN}")
        assert here is not None
        return here.site

    def store(self, id: str) -> Store:
        return self.site(id).store()

    def user(self, id: str, role: Role) -> User:
        store = self.store(id)
        return store.user(str(role)) or application.users.add_user(store, str(role), role, password="no digest")

    def cookies(self, id: str, role: Role) -> tuple[dict[str, str], str]:
        """Of a session of somebody in this role, who is called like it, and its token."""
        nobody = HTTPConnection({"type": "http", "headers": [], "scheme": "http", "path": "/", "server": ("x", 1)})
        begun = self.site(id).sessions.open(self.user(id, role), nobody)
        return {cookie_name(begun.is_secure): begun.id}, begun.token

    def client(self, id: str, role: Role | None = None) -> httpx.Client:
        """At the host name of a tenant; logged in there as somebody in this role, whose token every request carries."""
        cookies, token = self.cookies(id, role) if role else ({}, "")
        headers = {"host": f"{id}.{DOMAIN}"} | ({"x-csrf-token": token} if token else {})
        assert self.server._listener
        url = f"http://{self.server._listener.address}"
        return httpx.Client(base_url=url, cookies=cookies, headers=headers, timeout=60, verify=NO_TLS)

    def publish(self, *ids: str) -> None:
        """What their folders have by now."""
        for id in ids:
            for publication in publishing.publications(self.fleet, self.folder, only=[id], who="git"):
                assert publishing.result(self.fleet, publication).error is None


def context_of(fleet: Fleet) -> PluginContext:
    """What the plugin is given that serves a whole fleet."""
    installation = application.Installation(Config(control=fleet.config), fleet.plugins)
    systems = PhoneSystems(fleet, operator=lambda: installation)
    return PluginContext(
        "web",
        installation=lambda: installation,
        store=_nothing,
        open_store=_nothing,
        store_url=_nothing,
        phone_systems=lambda: systems,
    )


def made(fleet: Fleet, folder: Path, **settings: object) -> Pages:
    """Not started yet; `folder` is that of all tenants' files."""
    context = context_of(fleet)
    systems = context.phone_systems
    assert systems
    return Pages(fleet, systems, PagesServer(context, WebSettings.model_validate(settings), LOOPBACK), folder)


def _nothing() -> NoReturn:
    raise AssertionError("a provider has no phone book of its own")
