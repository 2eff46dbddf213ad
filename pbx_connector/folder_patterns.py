"""Patterns of folder paths, and which of them matched a folder: one that matches nothing is a typing mistake as a rule.

Only `*` is special, as folders are named `[Old]` and `Who?`. A source has a `FolderSettings` in its settings for each
kind of address books, and notes in a `PatternUse` what it lists; plugins reach both through `pbx_connector.api`.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import lru_cache
from typing import Annotated

from pydantic import Field

from pbx_connector.error_text import ErrorText
from pbx_connector.model import Problem
from pbx_connector.settings import OutsideRows, SettingsModel

_ANY_LEVEL = re.compile(r"\*+/")
_REMEMBERED = 1000
"""Paths that are kept for suggestions."""
_SHOWN = 3


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns names this folder, or one above it. Case does not matter."""
    folded = _fold(path).rstrip("/")
    return any(_expression(pattern).fullmatch(folded) for pattern in patterns)


@lru_cache(maxsize=1000)
def _expression(pattern: str) -> re.Pattern[str]:
    text = _fold(pattern).strip()
    anywhere = _ANY_LEVEL.match(text)
    names = text[anywhere.end() :] if anywhere else text
    inner = ".*".join(map(re.escape, re.split(r"\*+", names.strip("/"))))
    return re.compile(f"/{'(?:.*/)?' if anywhere else ''}{inner}(?:/.*)?", re.DOTALL)


def _fold(text: str) -> str:
    """Some programs write `ü` as two characters."""
    return unicodedata.normalize("NFC", text).casefold()


class FolderSettings(SettingsModel):
    """Which folders of one kind are read. A pattern is a path (`/Sales/*`), without case; it takes subfolders along."""

    enabled: Annotated[bool, OutsideRows()] = Field(
        True, description="Whether address books of this kind are read at all."
    )
    include: Annotated[tuple[str, ...], OutsideRows()] = Field(
        (), description="Only folders whose path matches one of these patterns."
    )
    exclude: Annotated[tuple[str, ...], OutsideRows()] = Field(
        (), description="No folder whose path matches one of these patterns."
    )

    def wants(self, path: str) -> bool:
        return (not self.include or matches(path, self.include)) and not self.leaves_out(path)

    def leaves_out(self, path: str) -> bool:
        """The folder and all below it."""
        return matches(path, self.exclude)


@dataclass(slots=True)
class PatternUse:
    """What the patterns of one kind of address books matched in all folders that were listed; for any thread."""

    kind: str
    patterns: FolderSettings
    unmatched: ErrorText
    """What is said of a pattern that matched nothing."""
    _idle: dict[tuple[str, str], None] = field(default_factory=dict, init=False)
    _paths: dict[str, None] = field(default_factory=dict, init=False)
    _listed: bool = field(default=False, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        settings = (("include", self.patterns.include), ("exclude", self.patterns.exclude))
        self._idle = {(setting, pattern): None for setting, some in settings for pattern in some}

    def note(self, folders: Iterable[tuple[str, bool]]) -> None:
        """A list that came: paths, and whether they are folders of contacts, which `include` is about."""
        with self._lock:
            self._listed = True
            for path, holds_contacts in folders:
                if holds_contacts and len(self._paths) < _REMEMBERED:
                    self._paths[path] = None
                self._note(path, ("include", "exclude") if holds_contacts else ("exclude",))

    def note_unseen(self, path: str) -> None:
        """What is below this folder could not be listed, so a pattern may well match there."""
        inside = _fold(path).rstrip("/") + "/"
        with self._lock:
            for setting, pattern in list(self._idle):
                if pattern.strip().startswith("*") or matches(path, [pattern]) or _fold(pattern).startswith(inside):
                    del self._idle[setting, pattern]

    def warnings(self) -> Iterator[Problem]:
        """One for each pattern that matched nothing; none where nothing could be listed."""
        for setting, pattern in self._idle if self._listed else ():
            warning = self.unmatched.warning(f"{self.kind}: {setting}: {pattern}")
            yield replace(warning, hint=self._hint(pattern) or warning.hint)

    def _hint(self, pattern: str) -> str:
        by_fold = {_fold(path): path for path in self._paths}
        wanted = "/" + _fold(pattern).strip("*/ ")
        if close := get_close_matches(wanted, by_fold, n=1, cutoff=0.75):
            return f"did you mean {by_fold[close[0]]}?"
        if not self._paths:
            return ""
        more = f" and {len(self._paths) - _SHOWN} more" if len(self._paths) > _SHOWN else ""
        return f"the folders with contacts are {', '.join(list(self._paths)[:_SHOWN])}{more}"

    def _note(self, path: str, settings: tuple[str, ...]) -> None:
        for setting, pattern in list(self._idle):
            if setting in settings and matches(path, [pattern]):
                del self._idle[setting, pattern]
