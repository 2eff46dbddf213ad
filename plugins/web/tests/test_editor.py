"""The editor in a real browser: typing, findings, completion, formatting and leaving it, all by keyboard."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
from jinja2 import ChoiceLoader, DictLoader
from pbx_web import app, language_server, pages, rendering, server
from pbx_web.asking import Ask
from pbx_web.assets import BUILT
from pbx_web.page import Action, Done, Page, Shown
from pbx_web.permissions import Role
from playwright.sync_api import Dialog, Locator, expect
from playwright.sync_api import Page as Tab

from .conftest import Running, Start, Visit

pytestmark = pytest.mark.skipif(
    not (BUILT / "manifest.json").exists() and "CI" not in os.environ, reason="the scripts are not built: make scripts"
)

PROFILE = """\
title: Customers  # as the list at reception names them
source: exchange
settings:
  email: pbx@example.com
  password: {env: PBX_PASSWORD}
mode: mirror
region: DE
rules: |
  Name  = [DisplayName] else "nobody"
  Phone = phone([PhoneNumbers_BusinessPhone])
structure:
  phonebook:
    - 028pho_bez: "{{Name}}"
      028pho_phone: "{{Phone}}"
"""
EDITOR = """\
{% extends "base.html" %}
{% block title %}Try{% endblock %}
{% block content %}
<h1>Try</h1>
<form method="post" action="/try" data-unsaved>
  {{ m.token() }}
  <div class="field">
    <label for="text">Profile</label>
    <p class="hint" id="text-hint">As a file has it.</p>
    <textarea id="text" name="text" aria-describedby="text-hint" data-editor
      data-language-server="/editor/ws" data-uri="file:///profiles/customers.yaml">{{ text }}</textarea>
  </div>
  <button class="main">Save</button>
</form>
<p><a href="/try-parts">Away</a> <a href="#text" data-line="10" data-column="3">Line 10</a></p>
{% endblock %}
"""
MERGE = """\
{% extends "base.html" %}
{% block title %}Merge{% endblock %}
{% block content %}
<h1>Merge</h1>
<form method="post" action="/try" data-merge>
  {{ m.token() }}
  <label for="theirs">Theirs</label> <textarea id="theirs" data-theirs readonly>{{ theirs }}</textarea>
  <label for="mine">Mine</label> <textarea id="mine" name="text" data-mine>{{ mine }}</textarea>
  <button class="main">Save</button>
</form>
{% endblock %}
"""


@pytest.fixture
def saved() -> list[str]:
    """What was sent by the form."""
    return []


@pytest.fixture(autouse=True)
def pages_of_ours(monkeypatch: pytest.MonkeyPatch, saved: list[str]) -> None:
    """Pages of the test: an editor with the profile, and two versions of it."""
    theirs = PROFILE.replace("title:", "# Changed by somebody\ntitle:").replace("mode: mirror", "mode: add")

    def save(ask: Ask) -> Done:
        saved.append(ask.text("text").replace("\r\n", "\n"))
        return Done(to="/try", message="Saved.")

    made: list[Page | Action] = [
        Page("/try", Role.EDITOR, lambda ask: Shown(template="try.html", values={"text": PROFILE})),
        Page(
            "/try-merge", Role.EDITOR, lambda ask: Shown(template="m.html", values={"theirs": theirs, "mine": PROFILE})
        ),
        Action("/try", Role.EDITOR, save),
    ]
    monkeypatch.setattr(server, "make_pages", lambda: app.make_pages([*pages.ALL, *made]))
    environment = rendering._environment()
    assert environment.loader is not None
    ours = DictLoader({"try.html": EDITOR, "m.html": MERGE})
    monkeypatch.setattr(environment, "loader", ChoiceLoader([ours, environment.loader]))
    monkeypatch.setattr(language_server, "LOOKED_AT_EVERY", 0.2)


@pytest.fixture
def tab(visit: Visit) -> Tab:
    visitor = visit(Role.EDITOR)
    page = visitor.page()
    page.goto("/try")
    wait_until_checked(page)
    return page


def editor(tab: Tab) -> Locator:
    found = tab.get_by_role("textbox", name="Profile")
    expect(found).to_be_visible()
    return found


def wait_until_checked(tab: Tab) -> None:
    expect(tab.get_by_role("status").filter(has_text="Checked while you type.")).to_be_visible()


def text_of(tab: Tab) -> str:
    text: str = tab.locator("#text").evaluate("area => area.value")
    return text


def put_cursor(tab: Tab, behind: str) -> None:
    """By keyboard: the search finds the words, and the cursor goes behind them."""
    editor(tab).press("Control+f")
    tab.keyboard.type(behind)
    tab.keyboard.press("Enter")
    tab.keyboard.press("Escape")
    tab.keyboard.press("ArrowRight")


def test_a_mistake_is_shown_completed_formatted_and_left_by_keyboard(tab: Tab, saved: list[str]) -> None:
    editor(tab).focus()
    put_cursor(tab, "= [DisplayName]")
    tab.keyboard.type("   else [EmailAdress]")
    said = tab.get_by_role("status")
    expect(said.filter(has_text="1 finding; F8 leads to it.")).to_be_visible()
    tab.keyboard.press("F8")
    expect(said.filter(has_text="Line 9: unknown field [EmailAdress], did you mean [")).to_be_visible()
    tab.keyboard.press("Backspace")
    tab.keyboard.type("[EmailA")
    expect(tab.get_by_role("listbox", name="Completions").get_by_role("option").first).to_contain_text("EmailA")
    tab.wait_for_timeout(
        200
    )  # nobody is quicker, and the editor takes a quicker key for one that was meant for the text
    tab.keyboard.press("Enter")
    wait_until_checked(tab)
    tab.keyboard.press("Shift+Alt+F")
    expect(tab.locator(".cm-content")).to_contain_text(re.compile(r"\[DisplayName\] else \[EmailA"))
    for name in ("Format", "Next finding", "Search", "Save"):
        tab.keyboard.press("Tab")
        expect(tab.get_by_role("button", name=name)).to_be_focused()
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    expect(tab.get_by_text("Saved.")).to_be_visible()
    assert re.sub(r" else \[EmailA\w+\]", "", saved[0]) == PROFILE


def test_help_under_the_pointer_is_plain_text_whatever_a_profile_says(tab: Tab) -> None:
    editor(tab).focus()
    put_cursor(tab, "BusinessPhone])")
    tab.keyboard.type('\nEvil = "<img src=x onerror=alert(1)><a href=//evil.example>x</a>"')
    put_cursor(tab, "{{Name}}")
    tab.keyboard.type("{{Evil}}")
    tab.locator(".cm-line", has_text="028pho_bez").get_by_text("Evil").last.hover()
    tip = tab.locator(".cm-lsp-hover-tooltip")
    expect(tip).to_contain_text("<img src=x")
    assert tip.locator("img, a, script").count() == 0


def test_whoever_is_logged_out_goes_on_after_logging_in_elsewhere(tab: Tab, running: Running, saved: list[str]) -> None:
    editor(tab).focus()
    for session in running.store.sessions():
        running.store.end_session(session.digest)
    expect(tab.get_by_role("status").filter(has_text="You are logged out.")).to_be_visible()
    tab.keyboard.press("Control+Home")
    tab.keyboard.type("# typed meanwhile, titel\n")
    tab.get_by_role("button", name="Save").click()
    expect(tab.locator("#announced")).to_contain_text("nothing typed is lost")
    assert saved == []
    cookies, _ = running.cookies(Role.EDITOR)  # another session, with another token for its forms
    tab.context.add_cookies([{"name": name, "value": value, "url": running.url} for name, value in cookies.items()])
    tab.evaluate("window.dispatchEvent(new Event('online'))")
    wait_until_checked(tab)
    assert text_of(tab) == "# typed meanwhile, titel\n" + PROFILE
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("Saved.")).to_be_visible()
    assert saved == ["# typed meanwhile, titel\n" + PROFILE]


def test_leaving_with_changes_asks_first(tab: Tab) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    tab.on("dialog", stay)
    editor(tab).focus()
    tab.keyboard.type("# mine\n")
    tab.get_by_role("link", name="Away").click()
    expect(tab.get_by_role("heading", name="Try")).to_be_visible()
    assert asked == ["beforeunload"]
    assert text_of(tab).startswith("# mine\n")


def test_both_versions_stand_side_by_side_and_a_passage_is_taken_over(visit: Visit, saved: list[str]) -> None:
    tab = visit(Role.EDITOR, viewport={"width": 1280, "height": 800}).page()
    tab.goto("/try-merge")
    expect(tab.get_by_role("textbox", name="The file as it is now")).to_be_visible()
    tab.get_by_role("button", name="Take this passage over").first.press("Enter")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("Saved.")).to_be_visible()
    assert saved == ["# Changed by somebody\n" + PROFILE]
    tab.goto("/try-merge")
    tab.get_by_role("button", name="Take this passage over").last.click()
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("Saved.")).to_be_visible()
    assert saved[1] == PROFILE.replace("mode: mirror", "mode: add")


def test_on_a_narrow_screen_both_versions_are_one_text(visit: Visit, saved: list[str]) -> None:
    tab = visit(Role.EDITOR, viewport={"width": 390, "height": 844}).page()
    tab.goto("/try-merge")
    expect(tab.get_by_role("textbox", name="Your version")).to_be_visible()
    tab.get_by_role("button", name="Take theirs").last.press("Enter")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("Saved.")).to_be_visible()
    assert saved == [PROFILE.replace("mode: mirror", "mode: add")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("path", "width"), [("/try", 1280), ("/try-merge", 1280), ("/try-merge", 390)])
def test_axe_finds_nothing_serious(visit: Visit, scheme: Any, path: str, width: int) -> None:
    size = {"width": width, "height": 800}
    tab = visit(Role.EDITOR, color_scheme=scheme, viewport=size, bypass_csp=True).page()
    tab.goto(path)
    expect(tab.locator(".cm-content").first).to_be_visible()
    axe = BUILT.parents[2] / "javascript/node_modules/axe-core/axe.min.js"
    tab.add_script_tag(path=axe)
    found = tab.evaluate("() => axe.run()")["violations"]
    serious = {
        one["id"]: [node["html"] for node in one["nodes"]] for one in found if one["impact"] in ("serious", "critical")
    }
    assert serious == {}
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_in_german_the_editor_speaks_german(visit: Visit) -> None:
    tab = visit(Role.EDITOR, locale="de-DE").page()
    tab.goto("/try")
    expect(tab.get_by_role("status").filter(has_text="Wird beim Tippen geprüft.")).to_be_visible()
    tab.get_by_role("textbox", name="Profile").press("Control+f")
    expect(tab.get_by_placeholder("Suchen")).to_be_focused()


def test_a_finding_of_the_page_leads_to_its_place(tab: Tab) -> None:
    tab.get_by_role("link", name="Line 10").click()
    expect(editor(tab)).to_be_focused()
    tab.keyboard.type("|")
    assert text_of(tab) == PROFILE.replace("  Phone", "  |Phone")


def test_without_scripts_it_is_a_text_field(visit: Visit) -> None:
    tab = visit(Role.EDITOR, java_script_enabled=False).page()
    tab.goto("/try")
    expect(tab.get_by_role("textbox", name="Profile")).to_have_value(PROFILE)


@pytest.fixture
def running(pages_of_ours: None, start: Start) -> Running:
    return start()


def test_every_word_of_the_scripts_is_one_that_the_page_gives() -> None:
    sources = BUILT.parents[2] / "javascript/src"
    said = {word for file in sources.glob("*.js") for word in re.findall(r'\bword\("([^"]+)"', file.read_text())}
    given = (BUILT.parents[1] / "templates/words.html").read_text()
    assert len(said) > 20
    assert [word for word in said if f'"{word}":' not in given] == []
