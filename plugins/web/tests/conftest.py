"""Pages on a real server over loopback, with a phone book in SQLite and profiles in a folder; and a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from importlib.metadata import EntryPoints, entry_points
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import pytest
from empty_book import copy_book, empty_book
from pbx_web.login.sessions import cookie_name
from pbx_web.permissions import Role
from pbx_web.server import PagesServer
from pbx_web.settings import LOOPBACK, WebSettings
from plain_http import NO_TLS
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from starlette.requests import HTTPConnection

from pbx_connector.api import Account, PluginContext, Report, Store, StoreError, User, application
from pbx_connector.config import Config
from pbx_connector.plugins import GROUP, Plugins
from pbx_connector.stores import open_store

__all__ = ["empty_book"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WITHIN = 60_000
"""Milliseconds for a step in a browser on a busy machine."""
expect.set_options(timeout=WITHIN)
PROFILE = """\
title: "Customers"  # as the list at reception names them
source: csv
settings:
  file: customers.csv
mode: mirror
region: DE
rules: |
  # Nobody without a number.
  skip when [Phone] is blank because "no number"
  Number = phone([Phone])
  Vip    = if([Class] is "A", "yes", blank)
structure:
  phonebook:
    - 028pho_bez:          "{{Name}}"
      028pho_phone:        "{{Number}}"
      028pho_organisation: "{{Company}}"
      post:
        phonebook.phonebooklabel:
          - {050lab_bez: VIP, 028050pholab_value: "{{Vip}}"}
"""
ROWS = """\
Id,Name,Company,Phone,Class
1,Ann Lee,Lee GmbH,030 1234567,A
2,Bob Ray,Ray AG,+49 89 7654321,B
3,Cem Öz,Öz & Söhne,,A
"""


@dataclass
class Running:
    """The pages of an installation in a folder of its own."""

    folder: Path
    server: PagesServer
    store: Store
    failing: bool = False
    """While it is set, the phone book cannot be reached."""

    @property
    def url(self) -> str:
        return self.server.address

    @property
    def profiles(self) -> Path:
        return self.folder / "profiles"

    def cookies(self, role: Role) -> tuple[dict[str, str], str]:
        """Of a session of somebody in this role, who is called like it, and its token."""
        nobody = HTTPConnection({"type": "http", "headers": [], "scheme": "http", "path": "/", "server": ("x", 1)})
        begun = self.server.site.sessions.open(self.user(role), nobody)
        return {cookie_name(begun.is_secure): begun.id}, begun.token

    def user(self, role: Role) -> User:
        held = self.store.user(str(role))
        return held or application.users.add_user(self.store, str(role), role, password="no digest")

    def client(self, role: Role | None = None) -> httpx.Client:
        """Logged in as somebody in this role, whose token every request carries; follows no redirect."""
        cookies, token = self.cookies(role) if role else ({}, "")
        headers = {"x-csrf-token": token} if token else {}
        return httpx.Client(base_url=self.url, cookies=cookies, headers=headers, timeout=60, verify=NO_TLS)


def run_profile(running: Running, profile: str = "customers") -> Report:
    """Bring the phone book in step with a profile of the folder, as the service would; the report, however it ended."""
    installation = running.server.site.installation
    loaded = application.profiles.load(installation, running.profiles / f"{profile}.yaml")
    request = application.runs.RunRequest()
    return application.runs.run(installation, loaded, running.store, request, lambda *_: None).report


Start = Callable[..., Running]


@pytest.fixture(scope="session")
def installed() -> EntryPoints:
    """The plugins of this environment, looked for once; what a test does to those that it has loaded is its own."""
    return entry_points(group=GROUP)


@pytest.fixture
def start(tmp_path: Path, empty_book: Path, installed: EntryPoints) -> Iterator[Start]:
    """Starts the pages with settings of `plugins: web:`; a profile `customers` and its CSV file lie in the folder."""
    with ExitStack() as stack:

        def started(**settings: Any) -> Running:
            folder = tmp_path / f"office{len(list(tmp_path.iterdir()))}"
            (folder / "profiles").mkdir(parents=True)
            (folder / "profiles" / "customers.yaml").write_text(PROFILE, encoding="utf-8")
            (folder / "profiles" / "customers.csv").write_text(ROWS, encoding="utf-8")
            url = f"sqlite:///{folder / 'phonebook.sqlite'}"
            copy_book(empty_book, url)
            store = stack.enter_context(open_store(url))
            store.add_account(Account("1", "ann", "ann@example.com"))
            installation = application.Installation(Config(profiles=folder / "profiles", store=url), Plugins(installed))

            def held() -> Store:
                if made.failing:
                    raise StoreError("the database is unreachable")
                return store

            context = PluginContext(
                "web",
                installation=lambda: installation,
                store=held,
                open_store=lambda: open_store(url),
                store_url=lambda: url,
            )
            made = Running(folder, PagesServer(context, WebSettings(**settings), LOOPBACK), store)
            made.server.start()
            stack.callback(made.server.stop)
            return made

        yield started


@pytest.fixture
def running(start: Start) -> Running:
    return start()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        assert "PBX_BROWSER" not in os.environ, "Debian's chromium is demanded here"
        pytest.skip("Debian's chromium is not installed")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, timeout=2 * WITHIN)
        yield started
        started.close()


@dataclass
class Visitor:
    """Somebody with a browser; whatever the browser complains of fails the test at its end."""

    context: BrowserContext
    url: str
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    """Parts of complaints that the test provokes, such as `404`."""

    def page(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(WITHIN)
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._asked)
        return page

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.url, self.url.replace("http", "ws", 1), "data:", "blob:", "about:")):
            self.complaints.append(f"asked {request.url}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, t: TracebackType | None) -> None:
        for page in self.context.pages:
            with suppress(Exception):
                page.wait_for_load_state(timeout=5_000)  # closed while it loads, Chromium now and then never ends
        with suppress(Exception):
            self.context.close()
        left = [one for one in self.complaints if not any(part in one for part in self.expected)]
        assert error is not None or left == []


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(browser: Browser, running: Running) -> Iterator[Visit]:
    """`visit(role)`: a browser in which somebody in this role is logged in; further arguments are those of
    Playwright's `new_context`, such as `viewport` or `java_script_enabled`."""
    with ExitStack() as stack:

        def started(role: Role | None = None, to: Running = running, **options: Any) -> Visitor:
            context = browser.new_context(base_url=to.url, locale=options.pop("locale", "en-GB"), **options)
            if role is not None:
                context.add_cookies([{"name": n, "value": v, "url": to.url} for n, v in to.cookies(role)[0].items()])
            return stack.enter_context(Visitor(context, to.url))

        yield started
