"""The whole life of a profile in a real browser, as administrators go through it: from the one-time link to a device.

The pages are those of `pbx-connector web`, the contacts those of the sandbox Exchange; in English and in German.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pbx_exchange.sandbox import Sandbox
from pbx_web.language import Language, language
from playwright.sync_api import Browser, Locator, Page, expect

from .conftest import Visitor

PASSWORD = "correct horse battery"


@dataclass
class Served:
    url: str
    setup: str
    profiles: Path
    sandbox: Sandbox


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """What `pbx-connector web --json` says once it is ready, for an office with the accounts of a sandbox Exchange."""
    (tmp_path / "profiles").mkdir()
    config = tmp_path / "config.yaml"
    config.write_text(f"store: sqlite:///{tmp_path / 'book.sqlite'}\nprofiles: profiles\n")
    program = [str(Path(sys.executable).with_name("pbx-connector")), "--config", str(config)]
    with Sandbox.start() as sandbox:
        for account in sandbox.accounts:
            names = ["--username", account.username, "--email", account.email]
            subprocess.run([*program, "accounts", "add", account.id, *names], check=True, capture_output=True)
        process = subprocess.Popen([*program, "web", "--json"], stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout
            said = json.loads(process.stdout.readline())
            yield Served(said["url"], said["setup"], tmp_path / "profiles", sandbox)
        finally:
            process.terminate()
            process.wait(200)


@dataclass
class Administrator:
    """What one does on a page, in the words of a language."""

    page: Page
    say: Language

    def press(self, text: str) -> None:
        self.page.get_by_role("button", name=self.say(text), exact=True).last.click()

    def follow(self, text: str) -> None:
        self.page.get_by_role("link", name=self.say(text)).first.click()

    def field(self, text: str) -> Locator:
        return self.page.get_by_label(self.say(text), exact=True).last

    def rule(self, text: str) -> Locator:
        """A field whose text area gives way to an editor, once its script is there: whoever found the text area before
        has something that is not seen any more."""
        return self.page.get_by_label(self.say(text), exact=True).and_(self.page.locator(".cm-content")).last

    def tab(self, text: str) -> None:
        self.page.get_by_role("button", name=re.compile(f"^{re.escape(self.say(text))}")).first.click()
        expect(self.page.locator(".tabs [aria-current]")).to_contain_text(self.say(text))

    def agree(self) -> None:
        """To what a dialog asks."""
        self.page.locator("dialog[open] button").last.click()

    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(self.say(text)).first).to_be_visible()

    def arrives(self, path: str) -> None:
        self.page.wait_for_url(f"**{path}")


@pytest.mark.parametrize("code", ["en", "de"])
def test_from_the_link_to_a_device(browser: Browser, served: Served, code: str) -> None:
    locale = {"en": "en-GB", "de": "de-DE"}[code]
    with Visitor(browser.new_context(base_url=served.url, locale=locale), served.url) as visitor:
        one = Administrator(visitor.page(), language(code))
        log_in_by_the_link(one, served)
        file = make_a_profile(one, served)
        make_a_mistake_and_fix_it(one)
        run_what_was_simulated(one)
        be_refused_and_release(one)
        undo(one)
        automate(one, file)
        look_a_number_up(one)
        add_a_device(one)


def log_in_by_the_link(one: Administrator, served: Served) -> None:
    one.page.goto(served.setup)
    one.field("Name").fill("chief")
    one.field("New password").fill(PASSWORD)
    one.field("New password, once more").fill(PASSWORD)
    one.press("Go on")
    one.sees("Overview")


def make_a_profile(one: Administrator, served: Served) -> Path:
    one.follow("New profile")
    one.page.get_by_role("link", name="Exchange contacts, mapped field by field").click()
    one.page.get_by_label("Title of the profile").fill("Our Exchange")
    one.page.get_by_label("E-mail address of the service user").fill(served.sandbox.email)
    one.page.get_by_label("Password of the service user").fill(served.sandbox.password)
    one.page.get_by_label("Address of Exchange Web Services").fill(served.sandbox.url)
    one.press("Test connection")
    one.sees("The connection works.")
    one.press("Create profile")
    one.arrives("/profiles/our-exchange*")
    return served.profiles / "our-exchange.yaml"


def make_a_mistake_and_fix_it(one: Administrator) -> None:
    """By form, and then in the text with what the language server offers."""
    one.tab("Variables")
    one.field("Name").fill("Shown")
    one.rule("Rule").fill("[DisplayNam]")
    one.press("Add variable")
    expect(one.page.locator("td .error").first).to_contain_text("DisplayNam")
    one.tab("Source text")
    editor = one.page.locator(".cm-content")
    expect(editor).to_be_visible()
    expect(one.page.get_by_role("status").filter(has_text="F8")).to_be_visible()  # it is connected, and has found it
    one.page.locator(".cm-line", has_text="Shown = [DisplayNam]").click()
    one.page.keyboard.press("End")
    for _ in range(len("nam]")):
        one.page.keyboard.press("Backspace")
    one.page.keyboard.type("na", delay=30)
    option = one.page.locator(".cm-tooltip-autocomplete [role=option]", has_text="DisplayName").first
    expect(option).to_be_visible()
    option.click()
    one.page.keyboard.press("End")
    if not one.page.locator(".cm-line", has_text="Shown = [DisplayName]").count():
        one.page.keyboard.type("]")
    expect(one.page.locator(".cm-line", has_text="Shown = [DisplayName]")).to_be_visible()
    one.tab("Structure")
    one.page.get_by_label(re.compile("Display name")).first.fill("{{Shown}}")
    one.press("Save and simulate")


def run_what_was_simulated(one: Administrator) -> None:
    one.arrives("/simulations/*")
    one.sees("Save plan")
    one.press("Save plan")
    one.arrives("/plans/*")
    one.press("Run this plan")
    one.agree()
    one.arrives("/runs/*")
    expect(one.page.locator("main")).to_contain_text(one.say("done"))


def be_refused_and_release(one: Administrator) -> None:
    one.page.goto("/profiles/our-exchange?tab=filter")
    one.rule("Condition").fill('[CompanyName] is not "Alpenrad GmbH"')
    one.field("Because").fill("only one customer")
    one.press("Add filter")
    expect(one.field("Because")).to_have_value("")  # the page with it is there
    one.press("Save")
    one.sees("Saved. Simulate it before its next run, to see what it would change.")
    one.page.goto("/profiles/our-exchange/simulate")
    one.press("Run now")
    one.agree()
    one.arrives("/plans/*")
    one.press("Release")
    one.agree()
    one.arrives("/runs/*")


def undo(one: Administrator) -> None:
    one.follow("Undo: see first what it takes back")
    one.press("Undo")
    expect(one.page.locator("h1")).to_contain_text("our-exchange")
    one.page.goto("/runs")
    one.page.get_by_role("button", name=re.compile(f"^{one.say('Resume')}")).first.click()


def automate(one: Administrator, file: Path) -> None:
    one.page.goto("/profiles/our-exchange?tab=automate")
    one.page.get_by_label(one.say("at a time of day")).check()
    one.field("Time of day").fill("07:30")
    one.press("Save")
    one.sees("Saved. Simulate it before its next run, to see what it would change.")
    assert 'schedule: "30 7 * * *"' in file.read_text()


def look_a_number_up(one: Administrator) -> None:
    one.page.goto("/phone-book")
    one.field("Name, company, e-mail or number").fill("030 23125 201")
    one.press("Search")
    expect(one.page.locator("main")).to_contain_text('Ann "Bo" Lee')


def add_a_device(one: Administrator) -> None:
    one.page.goto("/devices")
    one.field("Name").fill("Reception")
    one.press("Add")
    expect(one.page.locator("main")).to_contain_text(re.compile(r"[a-z2-9]{24}"))
