"""Each thing has one word: none of the old ones that the glossary lists is left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/glossary.md").read_text()
TEXT = {
    ".py",
    ".md",
    ".yaml",
    ".yml",
    ".toml",
    ".json",
    ".lark",
    ".xml",
    ".service",
    ".cfg",
    ".ini",
    ".mako",
    ".js",
    "",
}
LEFT_OUT = (
    "docs/glossary.md",
    "CHANGELOG.md",
    "pbx_connector/stores/sql/*migrations/*",
    "tests/repo/test_glossary.py",
    "plugins/web/javascript/node_modules/*",
    "plugins/web/pbx_web/static/built/*",
)


def rows(heading: str) -> list[tuple[str, str, str]]:
    """The three columns of the table with this heading."""
    table = PAGE.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0]
    return [(a, b, c) for a, b, c in (line.strip("| ").split(" | ") for line in table.splitlines()[2:])]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def pattern(word: str) -> re.Pattern[str]:
    """Finds a word that stands alone or is a part of a name; what is more than a word is taken as it is."""
    if not word.isalpha():
        return re.compile(re.escape(word).replace(r"\ ", r"[\s_]+") + r"(?![a-z])", re.IGNORECASE if " " in word else 0)
    if word.isupper():
        return re.compile(rf"(?<![A-Z]){word}(?![A-Z])")
    capital = rf"(?<![A-Z]){word.capitalize()}s?(?![a-z])"
    if word[0].isupper():
        return re.compile(capital)
    return re.compile(rf"(?<![A-Za-z]){word}s?(?![a-z])|{capital}|(?<![A-Z]){word.upper()}S?(?![A-Z])")


NOT_OURS = ("requirements.lock", ".git")
"""In a working tree of its own `.git` is a file with a path of this machine."""


def texts() -> dict[str, str]:
    """Each file by its path from the root, which is a part of its text."""
    paths = (
        (file.relative_to(ROOT).as_posix(), file) for top in tops() for file in (top.rglob("*"), [top])[top.is_file()]
    )
    return {
        path: f"{path}\n{file.read_text(errors='replace')}"
        for path, file in paths
        if file.is_file() and file.suffix in TEXT and not any(fnmatch(path, each) for each in LEFT_OUT)
    }


def tops() -> Iterator[Path]:
    """What is ours at the root: no environment, no built files."""
    ours = ("grammar", "pbx_connector", "plugins", "profiles", "tests", "docs", "packaging", "editors", "benchmarks")
    yield from (ROOT / name for name in ours)
    yield from (file for file in ROOT.iterdir() if file.is_file() and file.name not in NOT_OURS)


def in_scope(path: str, cell: str) -> bool:
    scopes = quoted(cell)
    return not scopes or any(path == scope or fnmatch(path, f"{scope}/*") or fnmatch(path, scope) for scope in scopes)


def left(old: str, scope: str, files: dict[str, str]) -> list[str]:
    """Path, line number and line of each place where the word stands; line 0 is the path itself."""
    found = pattern(old)
    return [
        f"{path}:{number}: {text.splitlines()[number].strip()}"
        for path, text in files.items()
        if in_scope(path, scope)
        for number in sorted({text.count("\n", 0, place.start()) for place in found.finditer(text)})
    ]


RENAMED = [(old, scope) for cell, _, scope in rows("Old word") for old in quoted(cell)]
EXCEPTIONS = [(path, what) for cell, stays, _ in rows("Where") for path in quoted(cell) for what in quoted(stays)]


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    found = texts()
    for path, stays in EXCEPTIONS:
        found[path] = found[path].replace(stays, "")
    return found


@pytest.mark.parametrize(("old", "scope"), RENAMED, ids=[old for old, _ in RENAMED])
def test_no_old_word_is_left(old: str, scope: str, files: dict[str, str]) -> None:
    assert left(old, scope, files) == []


@pytest.mark.parametrize(("path", "stays"), EXCEPTIONS)
def test_each_exception_is_still_needed(path: str, stays: str) -> None:
    assert stays in texts()[path]
    assert any(pattern(old).search(stays) for old, scope in RENAMED if in_scope(path, scope))


@pytest.mark.parametrize(
    "text",
    ["a desk stands", "the_desk = 1", "class DeskState:", "OUR_DESKS = 1", "from desk import x", "test_a_desk_is_kept"],
)
def test_an_old_word_is_found_however_it_is_spelled(text: str) -> None:
    assert left("desk", "everywhere", {"pbx_connector/x.py": text})


@pytest.mark.parametrize("text", ["a desktop", "the helpdesk", "Deskjet"])
def test_a_longer_word_is_another_word(text: str) -> None:
    assert not left("desk", "everywhere", {"pbx_connector/x.py": text})


def test_a_scope_holds_the_search_in_its_paths() -> None:
    files = {"plugins/exchange/a.py": "world", "tests/b.py": "world", "plugins/exchange.md": "world"}
    assert left("world", "`plugins/exchange`", files) == ["plugins/exchange/a.py:0: world"]


def test_words_with_a_space_are_found_in_names_too() -> None:
    assert left("in trouble", "everywhere", {"x": "a server in trouble"})
    assert left("in trouble", "everywhere", {"x": "def test_a_server_in_trouble_is():"})
    assert left("is away", "everywhere", {"x": "a store that is\naway"}) == ["x:0: a store that is"]


@pytest.mark.parametrize(("old", "scope"), RENAMED, ids=[old for old, _ in RENAMED])
def test_each_word_of_the_table_would_be_found(old: str, scope: str) -> None:
    for path in quoted(scope) or ["README.md"]:
        assert left(old, scope, {path: f"say {old} here"})


def test_the_page_names_each_path_as_it_is() -> None:
    for _, scope in RENAMED:
        assert all((ROOT / path).exists() for path in quoted(scope)), scope
