"""The files of the profiles folder, as addresses of the pages name them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pbx_connector.api import application
from pbx_web.asking import Ask
from pbx_web.drafting.names import ENDINGS, NAME
from pbx_web.page import NotFound

_ID = re.compile(r"^id:[ \t]*[\"']?([A-Za-z0-9][A-Za-z0-9._-]{0,99})[\"']?[ \t]*(?:#.*)?$", re.MULTILINE)
HEAD = 100_000
"""Characters of a file in which its `id:` is looked for."""


def folder_of(ask: Ask) -> Path:
    """Raises `UsageError` while there is none."""
    return ask.site.installation.profiles_folder


def file_of(ask: Ask) -> Path:
    """The file of the profile that the address names; see `find`."""
    return find(ask, ask.path["profile"])


def find(ask: Ask, asked: str) -> Path:
    """A profile's file: by its name, by its name without the ending, or by the `id:` that it names itself. Raises
    `NotFound`, and `UsageError` for what is no file of this folder."""
    folder = folder_of(ask)
    found = next(_named(folder, asked), None) or next(_by_id(folder, asked), None)
    if found is None:
        raise NotFound(ask.language("There is no such profile."))
    return application.drafts.profile_path(ask.site.installation, found.name)


def file_to_write(ask: Ask) -> Path:
    """The same for a draft whose file may be gone meanwhile."""
    try:
        return file_of(ask)
    except NotFound:
        asked = ask.path["profile"]
        if not NAME.fullmatch(asked):
            raise
        name = asked if asked.endswith(ENDINGS) else f"{asked}{ENDINGS[0]}"
        return application.drafts.profile_path(ask.site.installation, name)


def _named(folder: Path, asked: str) -> Iterator[Path]:
    if not NAME.fullmatch(asked):
        return
    names = [asked] if asked.endswith(ENDINGS) else []
    for name in (*names, *(f"{asked}{ending}" for ending in ENDINGS)):
        path = folder / name
        if path.is_symlink() or path.exists():
            yield path


def _by_id(folder: Path, asked: str) -> Iterator[Path]:
    if not NAME.fullmatch(asked):
        return
    for path in sorted(folder.iterdir()):
        if path.suffix in ENDINGS and not path.name.startswith(".") and path.is_file() and asked in _ids(path):
            yield path


def _ids(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return _ID.findall(file.read(HEAD))
    except OSError:
        return []
