"""From the provider's pages to those of a tenant: who gets in, as what, how often; and who is out again at once."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from pbx_web import language_server
from pbx_web.login.sessions import cookie_name, form_token
from pbx_web.server import PagesServer
from pbx_web.settings import LOOPBACK, WebSettings
from pbx_web.site import Site
from plain_http import NO_TLS
from starlette.requests import HTTPConnection
from tenant_pages import context_of
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from pbx_connector.api import Role, StoreError, UsageError, application
from pbx_connector.application.fleet import Fleet

from .conftest import API

DOMAIN = "pbx.test"


class Served:
    """The pages of the provider and of all tenants, from one server as in a provider's life."""

    def __init__(self, server: PagesServer, fleet: Fleet) -> None:
        self.server = server
        self.fleet = fleet
        assert server._listener
        self.url = f"http://{server._listener.address}"

    def at(self, host: str, **cookies: str) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"host": host}, cookies=cookies, timeout=60, verify=NO_TLS)

    def provider(self, name: str) -> httpx.Client:
        """Logged in at the provider's own host name."""
        nobody = HTTPConnection({"type": "http", "headers": [], "scheme": "http", "path": "/", "server": ("x", 1)})
        site: Any = self.server.sites._provider.site  # type: ignore[attr-defined]
        begun = site.sessions.open(application.users.known_user(self.fleet.provider_users, name), nobody)
        client = self.at("provider.test", **{cookie_name(False): begun.id})
        client.headers["x-csrf-token"] = begun.token
        return client

    def link(self, name: str = "bob", tenant: str = "acme") -> str:
        """The path that the provider's pages lead somebody to."""
        with self.provider(name) as client:
            said = client.post(f"{API}/tenants/{tenant}/enter").json()
        assert said["url"].startswith(f"http://{tenant}.{DOMAIN}/enter/"), said
        return str(said["url"]).partition(DOMAIN)[2]

    @contextmanager
    def entered(self, name: str = "bob", tenant: str = "acme") -> Iterator[httpx.Client]:
        with self.at(f"{tenant}.{DOMAIN}") as client:
            assert self.enter(client, self.link(name, tenant)).status_code == 303
            yield client

    def enter(self, client: httpx.Client, path: str) -> httpx.Response:
        """As a browser does: it opens the link, and sends the form that it leads to."""
        page = client.get(path).text
        token = re.search('name="csrf_token" value="([0-9a-f]+)"', page)
        return client.post(path, data={"csrf_token": token[1] if token else ""})

    def site(self, tenant: str = "acme") -> Site:
        here = self.server.sites.find(f"{tenant}.{DOMAIN}")  # type: ignore[attr-defined]
        return here.site  # type: ignore[no-any-return]

    def member(self, role: Role, tenant: str = "acme", name: str = "bob") -> None:
        application.members.set_member(self.fleet, self.fleet.provider_users, tenant, name, role)


@pytest.fixture
def served(fleet: Fleet) -> Iterator[Served]:
    """Tenants acme and bolt; ann administers all, bob sees to acme as a releaser."""
    fleet.config = fleet.config.model_copy(update={"domain": DOMAIN})
    for id in ("acme", "bolt"):
        application.tenants.add(fleet, id)
    for name, role in (("ann", Role.ADMIN), ("bob", Role.READER)):
        application.users.add_user(fleet.provider_users, name, role, password="no digest")
    server = PagesServer(context_of(fleet), WebSettings(url="http://provider.test"), LOOPBACK)
    server.start()
    made = Served(server, fleet)
    made.member(Role.RELEASER)
    yield made
    server.stop()


def test_a_member_enters_as_what_he_is_there(served: Served) -> None:
    with served.entered() as client:
        assert client.get("/runs").status_code == 200
        assert client.get("/users").status_code == 403
        assert "bob@provider" in client.get("/phone-book").text
    store = served.site().store()
    [user] = store.users()
    assert (user.name, user.role, user.password, user.is_working_admin) == ("bob@provider", Role.RELEASER, None, False)
    [record] = store.audit()
    assert (record.user, record.action, dict(record.detail)) == (
        "bob@provider",
        "log-in",
        {"by": "the provider's pages"},
    )
    assert [(one.user, one.action, one.target) for one in served.fleet.provider_users.audit()] == [
        ("bob", "tenant entered", "acme")
    ]


def test_an_administrator_enters_every_tenant_as_one(served: Served) -> None:
    with served.entered("ann", "bolt") as client:
        page = client.get("/users").text
        assert "comes from the provider" in page
        assert client.get(f"{API}/users").json()[0]["visitor"] is True
        assert client.get("/users/ann@provider").status_code == 200


def test_who_is_no_member_gets_no_link(served: Served) -> None:
    with served.provider("bob") as client:
        answer = client.post(f"{API}/tenants/bolt/enter")
        assert (answer.status_code, "url" in answer.json()) == (404, False)
        assert client.get("/tenants/acme/enter").status_code in (404, 405)
        assert client.post("/tenants/acme/enter", headers={"x-csrf-token": ""}).status_code == 403


def test_the_link_leads_on_by_itself_and_stands_nowhere_else(served: Served) -> None:
    with served.provider("bob") as client:
        answer = client.post("/tenants/acme/enter")
        [url] = set(re.findall(r"http://acme\.pbx\.test/enter/[\w-]{43}", answer.text))
        assert f'http-equiv="refresh" content="0;url={url}"' in answer.text
        assert (answer.headers["referrer-policy"], answer.headers["cache-control"]) == ("same-origin", "no-store")
        token = url.rpartition("/")[2]
        assert token not in str(answer.headers) + client.get("/tenants/acme").text
        assert token not in served.site().store().shared_state("provider enters")


def test_a_link_is_used_once(served: Served) -> None:
    path = served.link()
    with served.at(f"acme.{DOMAIN}") as first, served.at(f"acme.{DOMAIN}") as second:
        first.get(path)
        second.get(path)  # whoever only looks uses nothing up
        assert served.enter(first, path).status_code == 303
        assert second.get(path).status_code == 404
        assert served.enter(second, path).status_code in (403, 404)
        assert second.get("/runs").status_code == 303


def test_a_later_link_ends_an_earlier_one(served: Served) -> None:
    earlier, later = served.link(), served.link()
    with served.at(f"acme.{DOMAIN}") as client:
        assert client.get(earlier).status_code == 404
        assert served.enter(client, later).status_code == 303


def test_a_link_is_too_old_after_a_minute(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    path, site = served.link(), served.site()
    later = site.now() + timedelta(seconds=61)
    monkeypatch.setattr(site, "now", lambda: later)
    with served.at(f"acme.{DOMAIN}") as client:
        assert client.get(path).status_code == 404
        page = client.get("/login").text
        token = re.search('name="csrf_token" value="([0-9a-f]+)"', page)
        assert token
        assert client.post(path, data={"csrf_token": token[1]}).status_code == 404


@pytest.mark.parametrize("host", ["bolt.pbx.test", "provider.test"])
def test_a_link_is_worth_nothing_elsewhere(served: Served, host: str) -> None:
    path = served.link()
    with served.at(host) as client:
        assert client.get(path).status_code in (303, 404)
        assert client.get(f"{API}{path}").status_code in (401, 404)
    with served.at(f"acme.{DOMAIN}") as client:
        assert served.enter(client, path).status_code == 303


def test_nobody_is_logged_in_by_a_link_alone_or_from_another_site(served: Served) -> None:
    path = served.link()
    with served.at(f"acme.{DOMAIN}") as victim:
        victim.get(path)
        assert victim.get("/runs").status_code == 303
        assert victim.post(path).status_code == 403
        page = victim.get(path).text
        token = re.search('name="csrf_token" value="([0-9a-f]+)"', page)
        assert token
        headers = {"origin": "http://evil.test"}
        assert victim.post(path, data={"csrf_token": token[1]}, headers=headers).status_code == 403
        assert victim.get("/runs").status_code == 303


def test_a_session_has_an_id_that_nobody_had_before(served: Served) -> None:
    planted = "x" * 43
    with served.at(f"acme.{DOMAIN}", session=planted) as client:
        answer = client.post(served.link(), headers={"x-csrf-token": form_token(planted)})
        assert answer.status_code == 303
        assert answer.cookies["session"] != planted
    with served.at(f"acme.{DOMAIN}", session=planted) as attacker:
        assert attacker.get("/runs").status_code == 303


ENDS: dict[str, Callable[[Served], object]] = {
    "the membership ends": lambda served: application.members.remove_member(served.fleet, "acme", "bob"),
    "the role is another": lambda served: served.member(Role.READER),
    "the user is kept out": lambda served: application.users.disable_user(served.fleet.provider_users, "bob"),
    "the user is removed": lambda served: application.users.remove_user(served.fleet.provider_users, "bob"),
    "the tenant keeps him out": lambda served: application.users.disable_user(served.site().store(), "bob@provider"),
    "the tenant gives him more": lambda served: application.users.change_role(
        served.site().store(), "bob@provider", Role.ADMIN
    ),
}


@pytest.mark.parametrize("what", ENDS)
def test_he_is_out_at_once(served: Served, what: str) -> None:
    path = served.link()
    with served.entered() as client:
        assert client.get("/runs").status_code == 200
        ENDS[what](served)
        assert client.get("/runs").status_code == 303
        assert client.get(f"{API}/runs").status_code == 401
        assert client.get(path).status_code == 404


@pytest.mark.parametrize("what", ENDS)
def test_an_editor_that_is_open_ends_with_it(served: Served, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language_server, "LOOKED_AT_EVERY", 0.1)
    at, port = f"acme.{DOMAIN}", urlsplit(served.url).port
    with served.entered() as client, socket.create_connection(("127.0.0.1", port)) as connected:
        headers = {"Cookie": f"{cookie_name(False)}={client.cookies[cookie_name(False)]}"}
        options: Any = {
            "sock": connected,
            "origin": f"http://{at}",
            "additional_headers": headers,
            "proxy": None,
            "open_timeout": 60,
        }
        with connect(f"ws://{at}{language_server.PATH}", **options) as editor:
            with pytest.raises(TimeoutError):  # nobody says anything, and it goes on
                editor.recv(timeout=1)
            ENDS[what](served)
            with pytest.raises(ConnectionClosed) as closed:
                editor.recv(timeout=60)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == language_server.Close.ENDED


def test_an_administrator_who_is_none_any_more_is_out(served: Served) -> None:
    application.users.add_user(served.fleet.provider_users, "eve", Role.ADMIN, password="no digest")
    with served.entered("ann", "bolt") as client:
        application.users.change_role(served.fleet.provider_users, "ann", Role.READER)
        assert client.get("/users").status_code == 303


def test_while_the_provider_cannot_be_asked_nobody_of_it_is_in(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> Role:
        raise StoreError("the control database is unreachable")

    with served.entered() as client:
        monkeypatch.setattr(application.visitors.Visitors, "role", unreachable)
        assert client.get("/runs").status_code == 503


def test_he_cannot_log_in_there_in_any_other_way(served: Served) -> None:
    with served.entered("ann"):
        pass
    store, site = served.site().store(), served.site()
    with pytest.raises(UsageError, match="logs in elsewhere"):
        application.setup_links.make_setup_link(store, "ann@provider", site.now())
    with served.entered("ann") as client:
        assert client.post("/users/ann@provider/link").status_code == 403  # no token
        token = client.get(f"{API}/login").json()["csrf_token"]
        link = client.post(f"{API}/users/ann@provider/link", headers={"x-csrf-token": token})
        assert (link.status_code, "setup" in link.json()) == (400, False)
    assert application.setup_links.make_setup_link(store, None, site.now()), (
        "the tenant has no administrator of its own"
    )


def test_a_user_who_is_called_so_already_is_not_taken_over(served: Served) -> None:
    store = served.site().store()
    application.users.add_user(store, "bob@provider", Role.ADMIN, password="digest")
    with served.entered():
        pass
    held = {user.name: user for user in store.users()}
    assert (held["bob@provider"].password, held["bob@provider"].subject) == ("digest", None)
    assert held["bob@provider-2"].role is Role.RELEASER


def test_sessions_are_worth_nothing_at_other_hosts(served: Served) -> None:
    with served.entered() as acme, served.provider("ann") as provider:
        for host in (f"bolt.{DOMAIN}", "provider.test"):
            with served.at(host, **dict(acme.cookies)) as thief:
                assert thief.get(f"{API}/users").status_code == 401
        with served.at(f"acme.{DOMAIN}", **dict(provider.cookies)) as thief:
            assert thief.get(f"{API}/users").status_code == 401


def test_every_link_to_a_tenant_has_the_name_in_the_domain_which_is_the_providers(served: Served) -> None:
    application.tenants.add_host(served.fleet, "acme", "a.example")
    assert served.link().startswith("/enter/")  # at the name in the domain
    assert served.site().context.host_name == f"acme.{DOMAIN}"


def test_no_tenant_gets_the_name_of_the_provider(served: Served) -> None:
    """One that had it before is told of, and entered by another name of its own."""
    application.tenants.add(served.fleet, "provider")
    served.fleet.own_hosts = lambda: {"provider.pbx.test": "plugins: web: url", "x.example": "plugins: web: url"}
    with served.provider("ann") as client:
        assert client.get(f"{API}/tenants/provider").json()["shadowed_hosts"] == ["provider.pbx.test"]
        assert "At provider.pbx.test these pages are" in client.get("/tenants/provider").text
        assert "no host name" in client.post("/tenants/provider/enter").text
        application.tenants.add_host(served.fleet, "provider", "a.example")
        url = client.post(f"{API}/tenants/provider/enter").json()["url"]
        assert url.startswith("http://a.example/enter/")
        refused = client.post(f"{API}/tenants/acme/hosts/add", json={"name": "X.example."})
        assert refused.json()["error"]["hint"] == "choose another name: this name is in plugins: web: url"
        served.fleet.own_hosts = lambda: {"new.pbx.test": "plugins: web: url"}
        refused = client.post(f"{API}/tenants/add", json={"id": "new"})
        assert refused.json()["error"]["hint"] == "choose another id: this name is in plugins: web: url"
        assert client.get(f"{API}/tenants/new").status_code == 404
        assert client.get(f"{API}/tenants/acme").json()["shadowed_hosts"] == []


def test_a_tenant_without_a_name_cannot_be_entered(served: Served) -> None:
    served.fleet.config = served.fleet.config.model_copy(update={"domain": None})
    with served.provider("ann") as client:
        assert "no host name" in client.post("/tenants/bolt/enter").text
        application.tenants.add_host(served.fleet, "bolt", "bolt.example")
        assert client.post(f"{API}/tenants/bolt/enter").json()["url"].startswith("http://bolt.example/enter/")
