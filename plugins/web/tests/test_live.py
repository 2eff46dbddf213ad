"""The script of every page in a real browser: questions, jobs, copies, parts of pages, and what it says of failures."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest
from jinja2 import ChoiceLoader, DictLoader
from pbx_web import app, pages, rendering, server
from pbx_web.asking import Ask
from pbx_web.assets import BUILT
from pbx_web.page import Action, Done, Page, Shown
from pbx_web.permissions import Role
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect
from starlette.responses import HTMLResponse, Response

from pbx_connector.api import UsageError

from .conftest import Running, Start, Visit

pytestmark = pytest.mark.skipif(
    not (BUILT / "manifest.json").exists() and "CI" not in os.environ, reason="the scripts are not built: make scripts"
)

PAGE = """\
{% extends "base.html" %}
{% block title %}Live{% endblock %}
{% block content %}
<h1>Live</h1>
<form method="post" action="/live">
  {{ m.token() }}
  <button name="what" value="undo" data-confirm="Undo the run?">Undo</button>
</form>
<div data-job="/live/events">
  <progress aria-label="Simulation"></progress> <span data-show="done"></span>/<span data-show="total"></span>
  <p data-show="text"></p>
</div>
<p><code id="secret">tok-123</code> <button data-copy="#secret" hidden>Copy</button></p>
<div id="part"><button hx-get="/live/part" hx-target="#part">Load</button></div>
<button hx-get="/live/broken" hx-target="#part">Break</button>
<button hx-post="/live" hx-target="#part" hx-confirm="Really?">Post</button>
<p><a href="/live/end">End</a></p>
{% endblock %}
"""
EVENTS = [
    {"state": "running", "done": 1, "total": 4, "text": "<b>Smith</b> & Söhne"},
    {"state": "finished", "done": 4, "total": 4, "text": "4 contacts simulated"},
]


@pytest.fixture
def sent() -> list[str]:
    """What was posted."""
    return []


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch, sent: list[str], start: Start) -> Running:
    def act(ask: Ask) -> Done | Response:
        sent.append(ask.text("what"))
        return HTMLResponse("<h2>Posted</h2>") if ask.is_part else Done(to="/live", message="Undone.")

    made: list[Page | Action] = [
        Page("/live", Role.EDITOR, lambda ask: Shown(template="live.html")),
        Page("/live/events", Role.EDITOR, lambda ask: events(EVENTS)),
        Page(
            "/live/part", Role.EDITOR, lambda ask: HTMLResponse('<div data-announce="3 entries"><h2>Found</h2></div>')
        ),
        Page("/live/broken", Role.EDITOR, broken),
        Action("/live", Role.EDITOR, act),
    ]
    monkeypatch.setattr(server, "make_pages", lambda: app.make_pages([*pages.ALL, *made]))
    environment = rendering._environment()
    assert environment.loader is not None
    loader = ChoiceLoader([DictLoader({"live.html": PAGE}), environment.loader])
    monkeypatch.setattr(environment, "loader", loader)
    return start()


def events(reports: list[dict[str, object]]) -> Response:
    return Response("".join(f"data: {json.dumps(one)}\n\n" for one in reports), media_type="text/event-stream")


def broken(ask: Ask) -> Shown:
    raise UsageError("the profile is held", hint="release it")


Open = Callable[[], Tab]


@pytest.fixture
def tab(visit: Visit) -> Tab:
    visitor = visit(Role.EDITOR)
    visitor.expected += ["status of 400", "Status Error Code 400"]
    page = visitor.page()
    page.goto("/live")
    expect(page.locator("#announced")).to_have_text(str(EVENTS[-1]["text"]))  # what is said later replaces it
    return page


def test_a_question_comes_before_what_cannot_be_undone(tab: Tab, sent: list[str]) -> None:
    undo = tab.get_by_role("button", name="Undo")
    undo.click()
    dialog = tab.get_by_role("dialog", name="Undo the run?")
    dialog.get_by_role("button", name="Cancel").click()
    undo.click()
    tab.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert sent == []
    undo.click()
    dialog.get_by_role("button", name="Undo").click()
    expect(tab.get_by_text("Undone.")).to_be_visible()
    assert sent == ["undo"]


def test_a_job_is_followed_to_its_end_and_said(tab: Tab) -> None:
    expect(tab.locator("#announced")).to_have_text("4 contacts simulated")
    job = tab.locator("[data-job]")
    expect(job).to_contain_text("4/4")
    assert job.locator("progress").evaluate("bar => bar.position") == 1
    assert tab.locator("b").count() == 0  # what a contact is called stays text


def test_a_secret_is_copied_where_the_browser_lets(visit: Visit) -> None:
    tab = visit(Role.EDITOR, permissions=["clipboard-read", "clipboard-write"]).page()
    tab.goto("/live")
    expect(tab.locator("#announced")).not_to_be_empty()
    tab.get_by_role("button", name="Copy").click()
    expect(tab.get_by_text("Copied.")).to_be_visible()
    assert tab.evaluate("navigator.clipboard.readText()") == "tok-123"


def test_a_part_is_said_and_the_focus_goes_on_in_it(tab: Tab) -> None:
    tab.get_by_role("button", name="Load").press("Enter")
    expect(tab.get_by_role("heading", name="Found")).to_be_focused()
    expect(tab.locator("#announced")).to_have_text("3 entries")


def test_an_error_is_said_above_the_page_and_the_page_stays(tab: Tab) -> None:
    tab.get_by_role("button", name="Break").click()
    expect(tab.locator("#announced .problem")).to_contain_text("the profile is held")
    expect(tab.get_by_role("button", name="Load")).to_be_visible()


def test_parts_are_asked_for_with_token_and_question(tab: Tab, sent: list[str]) -> None:
    tab.get_by_role("button", name="Post").click()
    tab.get_by_role("dialog", name="Really?").get_by_role("button", name="Continue").click()
    expect(tab.get_by_role("heading", name="Posted")).to_be_visible()
    assert sent == [""]


def test_a_server_that_cannot_be_reached_is_said(visit: Visit, running: Running) -> None:
    visitor = visit(Role.EDITOR)
    visitor.expected += ["ERR_", "htmx:"]
    tab = visitor.page()
    tab.goto("/live")
    expect(tab.locator("#announced")).not_to_be_empty()
    running.server.stop()
    tab.get_by_role("button", name="Load").click()
    expect(tab.locator("#announced .problem")).to_contain_text("The server cannot be reached.")
