"""Each page in the states that it can be in, in each look: both languages, light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Literal

import pytest
from pbx_web.assets import BUILT
from pbx_web.drafting.carried import TABS
from pbx_web.page import Page as PageOfTable
from pbx_web.pages import ALL
from pbx_web.permissions import Role
from playwright.sync_api import Browser, Page, expect

from pbx_connector.api import Content, Sighting, application

from .conftest import PROFILE, Running, Start, Visit, run_profile
from .following import simulated
from .probes import CALCULATION

AXE = Path(__file__).parents[1] / "javascript/node_modules/axe-core/axe.min.js"
"""Comes with the packages that `make scripts` installs."""
LANGUAGES = ("en-GB", "de-DE")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (1280, 390)
PARTS = 3
"""So many tests share the pages, and none takes long."""
WIDE: Mapping[str, Any] = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"}
SERIOUS = ("serious", "critical")
LONG = "Donaudampfschifffahrtsgesellschaftskapitänswitwenrentenauszahlungsstelle"
"""It may not push a page wider than a telephone."""


@dataclass
class LivedIn(Running):
    simulation: str = ""
    """Of an administrator."""


@pytest.fixture
def running(start: Start) -> LivedIn:
    """Lived in: a profile that ran, one that is broken, one that waits, entries, a device, a simulation."""
    made = LivedIn(**vars(start(personal=["admin"])))
    run = run_profile(made)
    (made.profiles / "broken.yaml").write_text(PROFILE.replace("source: csv", "source: csw"), encoding="utf-8")
    (made.profiles / "copy.yaml").write_text(PROFILE.replace("Customers", LONG), encoding="utf-8")
    store = made.store
    labels = {LONG: LONG, "\u202eevil": "<script>"}
    fields = {"organisation": LONG, "notes": LONG * 40, "email": f"{LONG[:40]}@example.com"}
    store.add_entry(Content(None, {"display_name": (LONG * 2)[:80], "phone": "+49 30 1", **fields}, labels))
    store.add_entry(Content("1", {"display_name": f"<script>alert(1)</script>{CALCULATION}"}, labels))
    for number in range(60):
        store.add_entry(Content(None, {"display_name": f"Person {number:02}"}))
    device = application.devices.add_device(store, LONG[:60], "1", {"format": "yealink"}).device
    store.note_seen([Sighting(device.id, datetime.now(UTC), "2001:db8:85a3:8d3:1319:8a2e:370:7348", LONG)])
    store.undo(run.run)
    with made.client(Role.ADMIN) as client:
        made.simulation = simulated(client)
    return made


@cache
def paths() -> tuple[str, ...]:
    """Of all pages for whoever is logged in; a part in braces stands for what the fixture made."""
    pages = [page.path for page in ALL if isinstance(page, PageOfTable) and page.least is not None]
    tabs = [f"/profiles/{{profile}}?tab={tab}" for tab in TABS[1:]]
    return (*(path for path in pages if path != "/jobs/{job}/events"), *tabs)


def filled(path: str, running: LivedIn) -> str:
    entries = list(running.store.entries())
    device = running.store.devices()[0]
    values = {
        "{entry}": str(entries[0].id),
        "{device}": device.id,
        "{account}": "1",
        "{profile}": "customers",
        "{run}": next(running.store.runs("customers")).id,
        "{plan}": "1",
        "{template}": "csv-contacts",
        "{job}": running.simulation,
        "{record}": "1",
        "{user}": "admin",
    }
    for part, value in values.items():
        path = path.replace(part, value)
    return path


STATES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "entries found": ("/phone-book/search", {"text": "person"}),
    "nothing found": ("/phone-book/search", {"text": "nobody at all"}),
    "a caller": ("/phone-book/search", {"text": "+49 30 1"}),
    "private entries": ("/phone-book/search", {"kind": "private"}),
    "an entry with faults": ("/phone-book/add", {"phone": "no number", "label": "a", "value": LONG * 9}),
    "a device is made": ("/devices/add", {"name": "Another"}),
    "a device that cannot be": ("/devices/add", {"name": "x", "dial_form": "national"}),
    "an account that cannot be": ("/accounts/add", {"id": ""}),
    "an import": ("/accounts/import", {"accounts": '[{"id": "7", "username": "new"}]', "remove_missing": "yes"}),
    "an import that cannot be": ("/accounts/import", {"accounts": "{"}),
    "a label that cannot be": ("/labels/add", {"name": " "}),
}
"""What a form leads to: where it is sent, and what stands in it."""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_is_for_everybody(visit: Visit, running: LivedIn, language: str, part: int) -> None:
    """One visit for many pages: what each of them lacks, by its address."""
    visitor, lacking = visit(Role.ADMIN, locale=language, reduced_motion="reduce"), {}
    visitor.expected += ["404", "400"]
    page = visitor.page()
    for path in paths()[part::PARTS]:
        answer = page.goto(filled(path, running))
        assert answer
        assert answer.status == 200 or (answer.status in (400, 404) and "{" in path), path
        if lacks := check(page):
            lacking[path] = lacks
    assert lacking == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_form_leads_to_is_for_everybody(visit: Visit, running: LivedIn, language: str) -> None:
    visitor, lacking = visit(Role.ADMIN, locale=language, reduced_motion="reduce"), {}
    visitor.expected.append("400")
    page = visitor.page()
    for state, (path, data) in STATES.items():
        page.goto("/settings")
        with page.expect_navigation():
            page.evaluate(SEND, [path, data])
        if lacks := check(page):
            lacking[state] = lacks
    assert lacking == {}


SEND = """([path, data]) => {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const form = document.createElement('form');
  form.method = 'post';
  form.action = path;
  for (const [name, value] of Object.entries({...data, csrf_token: token})) {
    const field = document.createElement('textarea');
    field.name = name;
    field.value = value;
    form.append(field);
  }
  document.body.append(form);
  form.submit();
}"""


def test_the_phone_book_being_unreachable_is_a_page_for_everybody(visit: Visit, running: LivedIn) -> None:
    visitor, lacking = visit(Role.ADMIN, locale="de-DE", reduced_motion="reduce"), {}
    visitor.expected += ["503", "404"]
    page = visitor.page()
    page.goto("/settings")
    running.failing = True
    for path in ("/", "/phone-book", "/devices", "/accounts", "/settings", "/nothing"):
        page.goto(path)
        if lacks := check(page):
            lacking[path] = lacks
    assert lacking == {}


def check(page: Page) -> list[str]:
    """What the page lacks, light and dark, wide and narrow; empty if nothing."""
    lacks = [] if page.locator("h1").count() == 1 else ["one heading of the first order"]
    lacks += [f"no label: {name}" for name in page.evaluate(UNLABELLED)]
    lacks += [f"twice: {id}" for id in page.evaluate(DOUBLE_IDS)]
    if page.locator("[data-editor], [data-rule]").count() and (BUILT / "manifest.json").exists():
        expect(page.locator(".cm-content").first).to_be_visible()
    for width, scheme in product(WIDTHS, SCHEMES):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        if page.evaluate("document.documentElement.scrollWidth") > width:
            lacks.append(f"it scrolls sideways at {width}")
        rules = OF_COLOURS if scheme == "dark" else None  # what else a page is does not depend on its colours
        lacks += [f"{width} {scheme}: {one}" for one in (violations(page, rules) if AXE.is_file() else [])]
    return lacks


UNLABELLED = """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea:not([hidden])')]
  .filter(field => !field.labels.length && !field.getAttribute('aria-label') && !field.getAttribute('aria-labelledby'))
  .map(field => field.name || field.outerHTML.slice(0, 80))"""
DOUBLE_IDS = """() => [...document.querySelectorAll('[id]')].map(one => one.id)
  .filter((id, place, all) => all.indexOf(id) !== place)"""


OF_COLOURS = ("color-contrast", "link-in-text-block")


def violations(page: Page, rules: Sequence[str] | None = None) -> list[str]:
    """What axe-core finds, as far as it is serious. It is put in by the browser's debugger: the policy of the page lets
    no script of the test in."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8") + "\n;undefined")
    options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    found = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{one['id']}: {node['target']} {node.get('failureSummary', '')[:200]}"
        for one in found["violations"]
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]


def test_axe_finds_what_it_should(browser: Browser) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make scripts")
    page = browser.new_page()
    page.set_content('<img src="data:,"><button></button>')
    assert {one.partition(":")[0] for one in violations(page)} >= {"image-alt", "button-name"}
    page.set_content('<main style="color: #777; background: #666">Words that nobody can read</main>')
    assert {one.partition(":")[0] for one in violations(page, OF_COLOURS)} == {"color-contrast"}
    page.close()


def test_the_keyboard_reaches_every_control_and_shows_where_it_is(visit: Visit, running: LivedIn) -> None:
    page = visit(Role.ADMIN, **WIDE).page()
    missed = {}
    for path in (path for path in paths() if "{" not in path):
        page.goto(path)
        wanted = set(page.evaluate(CONTROLS))
        if left := wanted - _reached(page, wanted):
            missed[path] = left
    assert missed == {}


def _reached(page: Page, wanted: Set[str]) -> Set[str]:
    reached: set[str] = set()
    for _ in range(len(wanted) + 40):  # a day has three places to type into
        page.keyboard.press("Tab")
        place, is_shown = page.evaluate(FOCUSED)
        if place is None or wanted <= reached:
            break
        assert is_shown, f"the focus is not seen on {place}"
        reached.add(place)
    return reached


CONTROLS = """() => {
  const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')];
  const seen = all.filter(one => one.checkVisibility() && !one.disabled && one.tabIndex >= 0);
  seen.forEach((one, place) => { one.dataset.place = String(place); });
  return seen.map(one => one.dataset.place);
}"""
FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return [null, false];
  if (!one.dataset.place) one.dataset.place = 'other ' + Math.random();
  return [one.dataset.place, parseFloat(getComputedStyle(one).outlineWidth) > 0];
}"""


def test_every_page_is_whole_without_scripts(visit: Visit, running: LivedIn) -> None:
    page = visit(Role.ADMIN, java_script_enabled=False, **WIDE).page()
    for path in (path for path in paths() if "{" not in path):
        answer = page.goto(path)
        assert answer
        assert answer.status == 200
        assert page.locator("h1").count() == 1
        assert page.locator("main form button, main a, main table").count() > 0, path


def test_a_person_searches_and_edits_without_scripts(visit: Visit, running: LivedIn) -> None:
    page = visit(Role.ADMIN, java_script_enabled=False, **WIDE).page()
    page.goto("/phone-book")
    page.get_by_label("Name, company, e-mail or number").fill("person 07")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Person 07").click()
    page.get_by_role("link", name="Change", exact=True).click()
    page.get_by_label("Telephone", exact=True).fill("190")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The entry is changed.")).to_be_visible()
    page.go_back()
    page.go_back()
    page.go_back()
    expect(page.get_by_role("link", name="Person 07")).to_be_visible()
