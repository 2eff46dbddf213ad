"""The pages of two tenants by the command line: each gets in by its own link, at its own host name, in a browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from free_port import free_port
from playwright.sync_api import Page, sync_playwright
from product import Connector

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PASSWORD = "correct horse battery"
PROFILE = """\
title: Staff of {tenant}
source: csv
settings: {{file: ../staff.csv, key: Id, settle: 0}}
structure:
  phonebook:
    - 028pho_bez:   "{{{{Name}}}}"
      028pho_phone: "{{{{Phone}}}}"
"""


@contextmanager
def serving(connector: Connector) -> Iterator[dict[str, str]]:
    """What `web --json` says once it is ready."""
    command = [str(Path(sys.executable).with_name("pbx-connector")), "web", "--json"]
    environment = connector.environment
    process = subprocess.Popen(command, cwd=connector.home, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


@pytest.fixture
def provider(connector: Connector, new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> Connector:
    """With a port for the pages that is free by now, as links have it."""
    port = free_port()
    connector.environment["PBX_CONNECTOR_CONFIG"] = str(connector.home / "config.yaml")
    monkeypatch.setenv("PBX_CONNECTOR_CONFIG", str(connector.home / "config.yaml"))
    for tenant in ("acme", "bolt"):
        profiles = connector.home / "fleet" / tenant / "profiles"
        profiles.mkdir(parents=True)
        (profiles / "staff.yaml").write_text(PROFILE.format(tenant=tenant))
        profiles.with_name("staff.csv").write_text(f"Id;Name;Phone\n1;Ann of {tenant};+49891234\n")
    (connector.home / "config.yaml").write_text(
        f"control: {{database: '{new_database()}', keys: keys, files: files, cache: cache, domain: pbx.test}}\n"
        f"plugins: {{web: {{listen: '127.0.0.1:{port}', url: 'http://admin.pbx.test:{port}'}}}}\n"
    )
    connector("fleet", "prepare")
    connector("tenants", "publish", "fleet", "--add")
    return connector


def link_of(provider: Connector, tenant: str) -> str:
    return str(provider("--tenant", tenant, "web", "setup", "--json").json["setup"])


def test_the_link_of_a_tenant_leads_to_its_own_pages(provider: Connector) -> None:
    link = urlsplit(link_of(provider, "acme"))
    assert re.fullmatch(r"acme\.pbx\.test:\d+", link.netloc)
    assert "served together" in provider("--tenant", "acme", "web", code=2).err
    with serving(provider) as served, httpx.Client(timeout=60) as client:
        assert served["url"] == f"http://admin.pbx.test:{link.port}"
        at = f"http://127.0.0.1:{link.port}{link.path}"
        found = {
            host: client.get(at, headers={"host": host}).status_code
            for host in ("acme.pbx.test", "bolt.pbx.test", "cork.pbx.test", "admin.pbx.test")
        }
        assert found == {"acme.pbx.test": 200, "bolt.pbx.test": 404, "cork.pbx.test": 421, "admin.pbx.test": 404}


@contextmanager
def browser_page() -> Iterator[Callable[[], Page]]:
    """Pages of one browser, in which all names below pbx.test are this machine."""
    arguments = ["--host-resolver-rules=MAP *.pbx.test 127.0.0.1"]
    arguments += ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, timeout=120_000)
        context = browser.new_context(locale="en-GB")
        context.set_default_timeout(60_000)
        yield context.new_page
        browser.close()


def enter(page: Page, link: str, name: str) -> None:
    page.goto(link)
    page.fill("input[name=name]", name)
    page.fill("input[name=new]", PASSWORD)
    page.fill("input[name=again]", PASSWORD)
    page.click("main button")


def test_one_browser_is_at_home_at_two_tenants(provider: Connector) -> None:
    if CHROMIUM is None:
        assert "PBX_BROWSER" not in os.environ, "Debian's chromium is demanded here"
        pytest.skip("Debian's chromium is not installed")
    links = {tenant: link_of(provider, tenant) for tenant in ("acme", "bolt")}
    with serving(provider), ThreadPoolExecutor(1) as apart:  # another test's browser may be open in this thread
        apart.submit(_at_home_at_both, links).result()
    published = provider("tenants", "versions", "acme", "--json").json
    assert (published[0]["number"], published[0]["who"]) == (2, "ann")


def _at_home_at_both(links: dict[str, str]) -> None:
    with browser_page() as new_page:
        acme, bolt = new_page(), new_page()
        enter(acme, links["acme"], "ann")
        enter(bolt, links["bolt"], "bob")
        for page, tenant in ((acme, "acme"), (bolt, "bolt")):
            page.goto(f"http://{urlsplit(links[tenant]).netloc}/")
            assert f"Staff of {tenant}" in page.inner_text("main")
        acme.goto(f"http://{urlsplit(links['acme']).netloc}/profiles/staff")
        acme.get_by_label("Title").first.fill("Everybody of acme")
        acme.get_by_role("button", name="Save", exact=True).last.click()
        acme.get_by_text("Saved.").wait_for()
        acme.goto(f"http://{urlsplit(links['acme']).netloc}/")
        assert "Everybody of acme" in acme.inner_text("main")
        bolt.reload()
        assert "Everybody of acme" not in bolt.inner_text("body")
