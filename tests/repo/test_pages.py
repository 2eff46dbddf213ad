"""The pages for contributors and engineers name files that exist, and leave out no decision."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
PICTURES = "pictures/"
"""Made by `make pictures`, and in no commit."""
ADRS = sorted((ROOT / "docs/adr").glob("*.md"))


def missing_links(page: Path, text: str) -> list[str]:
    links = (link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link)
    return [link for link in links if link and not (page.parent / link).exists() and not link.startswith(PICTURES)]


def missing_paths(text: str) -> list[str]:
    """What is named in backticks and looks like a path of this repository."""
    top = "|".join(path.name for path in ROOT.iterdir() if path.is_dir())
    return [path for path in re.findall(rf"`((?:{top})/[^`\s]*)`", text) if not (ROOT / path).exists()]


@pytest.mark.parametrize("page", PAGES, ids=[page.relative_to(ROOT).as_posix() for page in PAGES])
def test_every_link_leads_to_a_file(page: Path) -> None:
    assert missing_links(page, page.read_text()) == []


def test_every_path_that_contributors_read_exists() -> None:
    assert missing_paths((ROOT / "CONTRIBUTING.md").read_text()) == []


@pytest.mark.parametrize("adr", ADRS, ids=[adr.name for adr in ADRS])
def test_every_decision_is_linked_by_its_title(adr: Path) -> None:
    title = adr.read_text().splitlines()[0].removeprefix("# ")
    assert f"[{title}](adr/{adr.name})" in (ROOT / "docs/architecture.md").read_text()


def test_a_link_or_path_to_nothing_is_found() -> None:
    assert missing_links(ROOT / "README.md", "[a](docs/none.md) [b](docs/architecture.md#x) [c](https://example.com)")
    assert missing_paths("see `docs/none.md` and `docs/adr/`") == ["docs/none.md"]
