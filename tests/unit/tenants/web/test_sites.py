"""Each host name leads to the pages of one tenant, with its own users, settings and sessions."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import pytest
from pbx_web.app import SiteApp
from pbx_web.jobs import JobKind
from pbx_web.sites import IDLE, ManySites
from tenant_pages import DOMAIN, Pages

from pbx_connector.api import Role
from pbx_connector.application import tenants
from pbx_connector.plan import Content

SEEN = ("/", "/runs", "/phone-book", "/devices", "/accounts", "/users", "/settings", "/audit")


def test_each_host_name_has_its_tenants_pages(pages: Pages) -> None:
    for id, name in (("acme", "Ann of acme"), ("bolt", "Bob of bolt")):
        pages.store(id).add_entry(Content(None, {"display_name": name, "phone": "1"}))
    with pages.client("acme", Role.ADMIN) as acme, pages.client("bolt", Role.ADMIN) as bolt:
        for path in SEEN:
            answers = acme.get(path), bolt.get(path)
            assert [each.status_code for each in answers] == [200, 200], path
        assert "Ann of acme" in acme.get("/phone-book").text
        assert "Ann of acme" not in bolt.get("/phone-book").text
        assert "Bob of bolt" in bolt.get("/phone-book").text


@pytest.mark.parametrize(
    "host", ["cork.pbx.test", "pbx.test", "evil.example", "", "acme", "acme.pbx.test.evil.example", "a" * 5_000]
)
def test_nobodys_name_gets_no_page_and_no_hint_of_others(pages: Pages, host: str) -> None:
    with pages.client("acme") as client:
        answer = client.get("/", headers={"host": host})
        assert (answer.status_code, answer.text) == (421, "nothing is reached by this name\n")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "set-cookie" not in answer.headers


def test_the_providers_own_name_is_no_tenants(start: Callable[..., Pages]) -> None:
    pages = start(url="http://acme.pbx.test:8080")
    with pages.client("acme", Role.ADMIN) as client:
        for host in ("acme.pbx.test", "127.0.0.1"):
            answer = client.get("/users", headers={"host": host})
            assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Fusers")


def test_a_removed_tenant_is_gone_and_one_of_the_same_id_is_another(pages: Pages) -> None:
    site = pages.site("acme")
    tenants.remove(pages.fleet, "acme")
    pages.systems._tenants.clear()
    assert pages.sites.find(f"acme.{DOMAIN}") is None
    assert site.is_closed
    tenants.add(pages.fleet, "acme")
    pages.systems._tenants.clear()
    pages.systems._hosts.clear()
    assert pages.site("acme") is not site
    assert pages.store("acme").users() == []


def test_one_that_was_removed_and_added_between_two_requests_is_another(pages: Pages) -> None:
    site = pages.site("acme")
    job = site.jobs.start(JobKind.SIMULATE, "staff", "Staff", "ann", lambda _: "what was found at the one before")
    assert job.thread
    job.thread.join(200)
    tenants.remove(pages.fleet, "acme")
    tenants.add(pages.fleet, "acme")
    pages.systems._tenants.clear()
    anew = pages.site("acme")
    assert (anew is site, site.is_closed) == (False, True)
    with pages.client("acme", Role.ADMIN) as client:
        assert client.get(f"/jobs/{job.id}").status_code == 404


def test_sites_that_nobody_asks_for_go_and_not_those_where_something_goes_on(pages: Pages) -> None:
    now = [0.0]
    held = ManySites(pages.systems, pages.sites._settings, pages.sites._pages, pages.sites._provider, lambda: now[0])
    found = held.find(f"acme.{DOMAIN}")
    assert found
    goes_on = threading.Event()
    job = found.site.jobs.start(JobKind.SIMULATE, "staff", "Staff", "ann", lambda _: goes_on.wait(200))
    try:
        now[0] = IDLE + 1
        held.find(f"bolt.{DOMAIN}")
        assert held.find(f"acme.{DOMAIN}") is found
    finally:
        goes_on.set()
    assert job.thread
    job.thread.join(200)
    now[0] *= 3
    held.find(f"bolt.{DOMAIN}")
    assert found.site.is_closed
    held.close()


def test_the_end_of_the_pages_ends_the_providers_site_and_each_tenants(start: Callable[..., Pages]) -> None:
    pages = start()
    provider, acme = pages.sites._provider, pages.site("acme")
    assert isinstance(provider, SiteApp)
    pages.server.stop()
    assert (provider.site.is_closed, acme.is_closed) == (True, True)


def test_no_more_sites_are_kept_than_may_be(pages: Pages) -> None:
    held = ManySites(
        pages.systems, pages.sites._settings, pages.sites._pages, pages.sites._provider, lambda: 0.0, most=1
    )
    acme, bolt = held.find(f"acme.{DOMAIN}"), held.find(f"bolt.{DOMAIN}")
    assert acme
    assert bolt
    assert (acme.site.is_closed, bolt.site.is_closed) == (True, False)
    held.close()
    assert bolt.site.is_closed


def test_a_tenant_says_who_gets_in_and_the_provider_where(start: Callable[..., Pages]) -> None:
    pages = start(language="de", proxies=["127.0.0.1/32"])
    (pages.folder / "acme" / "config.yaml").write_text(
        "plugins: {web: {personal: [admin], login: {idle: 7m, oidc: {issuer: 'https://login.example',"
        " client: c, default: reader}}}}\n"
    )
    pages.publish("acme")
    pages.systems._tenants.clear()
    acme, bolt = pages.site("acme"), pages.site("bolt")
    assert acme.provider
    assert acme.provider.settings.issuer == "https://login.example"
    assert bolt.provider is None
    assert (acme.settings.language, acme.settings.personal, bolt.settings.personal) == ("de", [Role.ADMIN], [])
    assert (acme.settings.login.idle.total_seconds(), acme.settings.trusted) == (420, bolt.settings.trusted)
    with pages.client("acme", Role.ADMIN) as client:
        secure = client.get("/users", headers={"x-forwarded-proto": "https"})
    assert secure.headers["location"].startswith("/login")  # a session of http is none of https
    with pages.client("bolt", Role.ADMIN) as client:
        page = client.post("/users/add", data={"name": "Bob", "role": "editor"})
    assert re.search(r"http://bolt\.pbx\.test/setup/[\w-]+", page.text)
