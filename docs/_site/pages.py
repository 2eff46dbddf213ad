"""For mkdocs: pages that lie elsewhere in the repository, and links as they are written for it.

Pages link to one another as files of the repository, so that they can be read there. Here they become links of the
site; what is no page of it, such as an example profile, is named without a link.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
ELSEWHERE = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "grammar/README.md": "rules/index.md",
    "grammar/functions.md": "rules/functions.md",
    "grammar/diagnostics.md": "rules/diagnostics.md",
}
"""Pages outside of docs/, and where they are in the site."""
PLACES = {uri: path for path, uri in ELSEWHERE.items()}
PICTURES = "pictures/"
"""Made by `make pictures`; a site without them is built all the same."""

_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^(```|~~~)", re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    decisions = sorted((ROOT / "docs/adr").glob("*.md"))
    config.nav = [*config.nav, {"Decisions": [{_title(path): f"adr/{path.name}"} for path in decisions]}]
    return config


def _title(page: Path) -> str:
    return page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    for path, uri in ELSEWHERE.items():
        files.append(File.generated(config, uri, content=(ROOT / path).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    uri = page.file.src_uri
    here = PLACES.get(uri, f"docs/{uri}")
    return "".join(
        part if fenced else _LINK.sub(lambda link: _linked(link, here, uri, files), part)
        for part, fenced in _parts(markdown)
    )


def _parts(markdown: str) -> list[tuple[str, bool]]:
    """The text, and whether each part of it is code: what stands there is no link."""
    found: list[tuple[str, bool]] = []
    fenced = False
    for line in markdown.splitlines(keepends=True):
        mark = bool(_FENCE.match(line))
        found.append((line, fenced or mark))
        fenced = fenced != mark
    return found


def _linked(link: re.Match[str], here: str, uri: str, files: Files) -> str:
    picture, words, target = link.groups()
    path, _, anchor = target.partition("#")
    if "://" in target or target.startswith("mailto:") or not path:
        return link[0]
    place = posixpath.normpath(posixpath.join(posixpath.dirname(here), path))
    wanted = ELSEWHERE.get(place, place.removeprefix("docs/") if place.startswith("docs/") else "")
    if not wanted or files.get_file_from_path(wanted) is None:
        missing: Any = not (ROOT / place).exists() and not wanted.startswith(PICTURES)
        return link[0] if missing else "" if picture else words
    relative = posixpath.relpath(wanted, posixpath.dirname(uri) or ".")
    return f"{picture}[{words}]({relative}{'#' + anchor if anchor else ''})"
