"""Profiles in a real browser: from a template to a saved profile, with and without scripts, by keyboard, in German."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from pbx_exchange.sandbox import Sandbox
from pbx_web.permissions import Role
from playwright.sync_api import Page, expect

from .conftest import PROFILE, Running, Visit

TABS = ("Basic data", "Pre filter", "Variables", "Structure", "Automate", "Source text")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.start() as started:
        yield started


def tab(page: Page, name: str) -> None:
    page.get_by_role("button", name=re.compile(f"^{name}")).click()
    expect(page.locator(".tabs [aria-current]")).to_contain_text(name)


def is_ready(page: Page) -> None:
    """Its fields of rules are editors by now."""
    expect(page.locator(".cm-content").first).to_be_visible()


def is_connected(page: Page) -> None:
    expect(page.locator("#draft")).to_have_attribute("data-connected", "yes")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_from_a_template_to_a_saved_profile(visit: Visit, running: Running, sandbox: Sandbox, *, scripts: bool) -> None:
    running.store.remove_account("1")  # the sandbox has no mailbox of hers
    page = visit(Role.EDITOR, java_script_enabled=scripts).page()
    page.goto("/profiles/new")
    page.get_by_role("link", name="Exchange contacts, mapped field by field").click()
    page.get_by_label("Title of the profile").fill("Our Exchange")
    page.get_by_label("E-mail address of the service user").fill(sandbox.email)
    page.get_by_label("Password of the service user").fill(sandbox.password)
    page.get_by_label("Address of Exchange Web Services").fill(sandbox.url)
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("The connection works.")).to_be_visible()
    expect(page.get_by_label("Password of the service user")).to_have_value("")
    assert not (running.profiles / "our-exchange.yaml").exists()
    page.get_by_role("button", name="Create profile").last.click()
    expect(page.locator("h1")).to_have_text("Our Exchange")
    file = running.profiles / "our-exchange.yaml"
    before = file.read_text()
    assert sandbox.password not in before

    tab(page, "Variables")
    field = page.locator(".cm-content" if scripts else "textarea")  # a text area gives way to its editor
    page.get_by_label("Name", exact=True).last.fill("Shown")
    page.get_by_role("textbox", name="Rule", exact=True).and_(field).last.fill("lefft([DisplayName], 80)")
    page.get_by_role("button", name="Add variable").click()
    error = page.locator("td .error")
    expect(error).to_contain_text("lefft")
    page.get_by_role("textbox", name="Rule of Shown").and_(field).fill("left([DisplayName], 80)")
    page.get_by_role("button", name="Check").click()
    expect(error).to_have_count(0)
    page.get_by_role("button", name="Fetch contacts of the source").click()
    page.locator(".choices button").first.click()
    expect(page.locator("td.result code").first).not_to_be_empty()

    tab(page, "Structure")
    page.get_by_label(re.compile("Display name")).fill("{{Shown}}")
    tab(page, "Source text")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved. Simulate it")).to_be_visible()
    after = file.read_text()
    assert "Shown = left([DisplayName], 80)" in after
    assert '028pho_bez:          "{{Shown}}"' in after
    expect(page.locator("textarea[name=source]")).to_have_value(after)
    assert [line for line in before.splitlines() if line not in after.splitlines()] == [
        '    - 028pho_bez:          "{{DisplayName}}"'
    ]


def test_the_original_tabs_are_gone_through_by_keyboard_alone(visit: Visit, running: Running) -> None:
    page = visit(Role.EDITOR).page()
    page.goto("/profiles/customers?tab=variables")
    is_ready(page)
    page.get_by_label("Rule of Vip").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type('if([Class] is "B", "yes", blank)')
    for _ in range(20):
        if page.evaluate("document.activeElement.getAttribute('name')") == "new/name":
            break
        page.keyboard.press("Tab")
    page.keyboard.type("Firm")
    page.keyboard.press("Tab")
    page.keyboard.type("[Company]")
    page.get_by_label("Name", exact=True).last.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Rule of Firm")).to_have_text("[Company]")
    expect(page.locator("[name='new/name']")).to_be_focused()
    page.get_by_label("Move Firm up").focus()
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr").nth(1).locator("input")).to_have_value("Firm")
    expect(page.get_by_label("Move Firm up")).to_be_focused()
    page.get_by_role("button", name="Save", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved. Simulate it")).to_be_visible()
    text = (running.profiles / "customers.yaml").read_text()
    assert text.index("Firm") < text.index("Vip")
    assert '[Class] is "B"' in text


def test_a_rule_in_its_field_is_completed_and_checked_while_it_is_typed(visit: Visit, running: Running) -> None:
    file = running.profiles / "customers.yaml"
    file.write_text(
        PROFILE.replace("source: csv", "source: exchange").replace("file: customers.csv", "email: a@b.example")
    )
    visitor = visit(Role.EDITOR)
    visitor.expected.append("422")  # what else the profile lacks as one of Exchange is asked about when it is saved
    page = visitor.page()
    page.goto("/profiles/customers?tab=variables")
    is_ready(page)
    rule = page.get_by_role("textbox", name="Rule of Vip")
    rule.press("Control+A")
    offered = page.get_by_role("listbox", name="Completions").get_by_role("option")
    expect(rule).to_be_focused()
    is_connected(page)
    page.keyboard.type("trim(\n [EmailA")
    expect(offered.first).to_contain_text("EmailA")
    page.wait_for_timeout(200)  # nobody is quicker, and the editor takes a quicker key for the text
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    page.keyboard.type(" & Numbr")
    said = page.get_by_role("status").filter(has_text="did you mean")
    expect(said).to_contain_text("Numbr")
    page.keyboard.press("Control+Space")
    expect(offered.first).to_contain_text("Number")
    page.wait_for_timeout(200)
    page.keyboard.press("Enter")
    expect(said).to_have_count(0)
    new = page.get_by_role("textbox", name="Rule", exact=True)
    new.press("Control+Space")
    expect(offered.first).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.type("Vi")
    expect(offered.first).to_contain_text("Vip")
    page.keyboard.press("Escape")
    new.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.press("Tab")
    expect(new).not_to_be_focused()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Save with mistakes").click()
    expect(page.get_by_text("Saved with mistakes")).to_be_visible()
    text = file.read_text()
    assert re.search(r"Vip    = trim\(\n +\[EmailA\w+\] & Number\n +\)\n", text), text


def test_a_filter_in_its_field_knows_the_variables_above_it(visit: Visit) -> None:
    page = visit(Role.EDITOR).page()
    page.goto("/profiles/customers?tab=filter")
    is_ready(page)
    condition = page.get_by_role("textbox", name="Condition").last
    condition.focus()
    is_connected(page)
    page.keyboard.type("Numb")
    expect(page.get_by_role("listbox", name="Completions").get_by_role("option").first).to_contain_text("Number")
    page.keyboard.press("Escape")
    page.keyboard.type("r is blank")
    expect(page.get_by_role("status").filter(has_text="did you mean")).to_contain_text("Numbr")


HEARS_OF_NO_SELECTION = "addEventListener('selectionchange', event => event.stopImmediatePropagation(), true)"


@pytest.mark.parametrize("name", ["the whole", "a part"])
def test_what_is_typed_over_a_selection_replaces_it_before_the_editor_has_heard_of_it(visit: Visit, name: str) -> None:
    """The visitor sees to it that the browser has complained of no style."""
    page = visit(Role.EDITOR).page()
    page.goto("/profiles/customers?tab=variables")
    is_ready(page)
    field = page.locator(".cm-content").first
    field.click()
    before = field.inner_text()
    page.evaluate(HEARS_OF_NO_SELECTION)
    if name == "the whole":
        field.fill("left([name], 8)")
        expect(field).to_have_text("left([name], 8)")
    else:
        field.evaluate(SELECTS_FROM_THE_THIRD)
        page.keyboard.insert_text("xyz")
        expect(field).to_have_text(f"{before[:2]}xyz")
    page.keyboard.insert_text("!")
    expect(field).to_have_text(re.compile(r"\)!$|xyz!$"))


SELECTS_FROM_THE_THIRD = """content => {
  const walker = document.createTreeWalker(content, NodeFilter.SHOW_TEXT);
  let left = 2;
  while (walker.nextNode() && walker.currentNode.length <= left) left -= walker.currentNode.length;
  const range = document.createRange();
  range.setStart(walker.currentNode, left);
  range.setEnd(content, content.childNodes.length);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}"""


def test_rules_without_scripts_are_text_fields(visit: Visit) -> None:
    page = visit(Role.EDITOR, java_script_enabled=False).page()
    page.goto("/profiles/customers?tab=variables")
    expect(page.get_by_role("textbox", name="Rule of Number")).to_have_value("phone([Phone])")


def test_what_was_typed_in_the_editor_is_what_is_saved(visit: Visit, running: Running) -> None:
    page = visit(Role.EDITOR).page()
    page.goto("/profiles/customers?tab=source")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("# the end")
    tab(page, "Basic data")
    expect(page.get_by_text("not saved yet")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved. Simulate it")).to_be_visible()
    assert (running.profiles / "customers.yaml").read_text().rstrip("\n") == PROFILE + "# the end"


def test_two_people_save_and_neither_loses_anything(visit: Visit, running: Running) -> None:
    first, second = visit(Role.EDITOR), visit(Role.EDITOR)
    first.expected.append("409")
    one, two = first.page(), second.page()
    for page in (one, two):
        page.goto("/profiles/customers")
    one.get_by_label(re.compile("^Title")).fill("Kunden")
    two.get_by_label(re.compile("^Country")).fill("AT")
    two.get_by_role("button", name="Save", exact=True).click()
    expect(two.get_by_text("Saved. Simulate it")).to_be_visible()
    one.get_by_role("button", name="Save", exact=True).click()
    expect(one.get_by_text("Somebody else has changed this file meanwhile")).to_be_visible()
    one.get_by_role("button", name="Save", exact=True).click()
    expect(one.get_by_text("Saved. Simulate it")).to_be_visible()
    text = (running.profiles / "customers.yaml").read_text()
    assert text == PROFILE.replace('"Customers"', '"Kunden"').replace("region: DE", "region: AT")


@pytest.mark.parametrize("name", ["basic", "filter", "variables", "structure", "automate", "source"])
def test_nothing_is_wider_than_a_narrow_screen(visit: Visit, name: str) -> None:
    page = visit(Role.EDITOR, viewport={"width": 390, "height": 844}, locale="de-DE").page()
    page.goto(f"/profiles/customers?tab={name}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("html").get_attribute("lang") == "de"
    expect(page.get_by_role("button", name="Speichern", exact=True)).to_be_visible()


def test_a_template_in_german_on_a_narrow_screen(visit: Visit) -> None:
    visitor = visit(Role.EDITOR, viewport={"width": 390, "height": 844}, locale="de-DE")
    visitor.expected.append("422")
    page = visitor.page()
    page.goto("/profiles/new")
    expect(page.locator("h1")).to_have_text("Neues Profil")
    page.get_by_role("link", name=re.compile("CSV")).click()
    page.get_by_label("Name der Datei").fill("../x")
    page.get_by_role("button", name="Profil anlegen").last.click()
    expect(page.locator("#file-error")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("name", TABS)
def test_a_hostile_profile_runs_nothing_in_the_browser(visit: Visit, running: Running, name: str) -> None:
    text = PROFILE.replace('"Customers"', "'<img src=x onerror=alert(1)>'").replace(
        "VIP", "'<script>alert(2)</script>'"
    )
    (running.profiles / "customers.yaml").write_text(text)
    page = visit(Role.EDITOR).page()
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    page.goto("/profiles/customers")
    tab(page, name)
    expect(page.locator("h1")).to_have_text("<img src=x onerror=alert(1)>")
