"""The pictures of docs/web.md, taken from the pages of `make web` by a real browser: `make pictures`.

They are in no commit: what a page looks like is in the page. Without Debian's chromium the site is built without them.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).resolve().parents[1] / "pictures"
CHROMIUM = shutil.which("chromium")
PASSWORD = "correct horse battery"  # noqa: S105 - of a demonstration that ends with the pictures
PICTURES = {
    "overview": "/",
    "variables": "/profiles/exchange-contacts?view=variables",
    "phone-book": "/phone-book",
}


def main() -> int:
    if CHROMIUM is None:
        print("no pictures: Debian's chromium is not installed", file=sys.stderr)  # noqa: T201
        return 0
    FOLDER.mkdir(exist_ok=True)
    with pages() as link, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900}, base_url=link.partition("/setup")[0])
        let_in(page, link)
        for name, path in PICTURES.items():
            page.goto(path)
            page.screenshot(path=FOLDER / f"{name}.png")
        simulate(page)
        page.screenshot(path=FOLDER / "simulation.png")
        browser.close()
    return 0


def let_in(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_label("Name", exact=True).fill("chief")
    for label in ("New password", "New password, once more"):
        page.get_by_label(label, exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/")


def simulate(page: Page) -> None:
    page.goto("/profiles/exchange-contacts/simulate")
    page.get_by_role("button", name="Simulate").first.click()
    page.wait_for_url("**/simulations/**", timeout=60_000)


@contextmanager
def pages() -> Iterator[str]:
    """The link that `make web` prints; it ends with the block."""
    process = subprocess.Popen([sys.executable, "-m", "pbx_web.demo"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout  # noqa: S101 - it is a pipe
        yield next(found[1] for line in process.stdout if (found := re.match(r"  (http\S+)", line)))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


if __name__ == "__main__":
    sys.exit(main())
