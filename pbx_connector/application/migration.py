"""A profile changes its source: new `source:` and `settings:`, and every other line as it was.

The id of the profile stays, so the phone book knows it. Its next run finds the same contacts under other keys, and what
says the same keeps its entry. The source that takes over says how (`SourceType.migrations`).
"""

from __future__ import annotations

import difflib
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pbx_rules.document import Mapping as Node

from pbx_connector.application.replacing import rewrite
from pbx_connector.application.templates import quoted
from pbx_connector.documents.editing import YamlText
from pbx_connector.errors import ProfileError, UsageError
from pbx_connector.plugins import Plugins
from pbx_connector.profile import Checked, check_text, load_profile, read_profile
from pbx_connector.source import Migration, Question

KEPT = ".before"
"""What is added to the name of the file that keeps the profile as it was."""


@dataclass(frozen=True, slots=True)
class ProfileMigration:
    """A profile that is to change its source."""

    file: Path
    old: str
    new: str
    """Names of the sources."""
    migration: Migration
    plugins: Plugins
    text: str

    @property
    def kept(self) -> Path:
        """Where `write` leaves the profile as it was."""
        return self.file.with_name(self.file.name + KEPT)

    def rewritten(self, answers: Mapping[str, str]) -> Checked:
        """The new profile, checked. `answers` are YAML scalars, one for each question; `placeholders` shows the shape
        before they are known."""
        return check_text(YamlText(self._new_text(answers)).body, self.file, self.plugins)

    def _new_text(self, answers: Mapping[str, str]) -> str:
        settings = string.Template(self.migration.settings).substitute(answers)
        return _exchanged(self.text, self.new, settings)

    def write(self, answers: Mapping[str, str]) -> Checked:
        """Replace the file, and keep what it was. Raises `UsageError`, and `ProfileError` if the new profile has
        mistakes; nothing has changed then."""
        self.check_kept()
        checked = self.rewritten(answers)
        if checked.loaded is None:
            raise ProfileError(f"{self.file} would have mistakes as a profile of {self.new}", checked.diagnostics)
        rewrite(self.kept, self.text)
        rewrite(self.file, self._new_text(answers))
        return checked

    def check_kept(self) -> None:
        """Raises `UsageError` where the profile as it was could not be kept."""
        if self.kept.exists():
            raise UsageError(f"{self.kept} exists already", hint="it keeps a profile as it was: move it away first")


def prepare(plugins: Plugins, file: Path, new: str) -> ProfileMigration:
    """Raises `ProfileError` for a profile with mistakes, `UsageError` where no way leads from its source to `new`."""
    profile = load_profile(file, plugins)
    old, text = profile.source.name, read_profile(file, keep_mark=True)
    source = plugins.sources.get(new)
    if source is None or old not in source.migrations:
        raise UsageError(f"no profile of source {old} can become one of {new}", hint=_ways(plugins, old))
    settings = YamlText(text).at(("settings",))
    migration = source.migrations[old](settings.plain() if isinstance(settings, Node) else {})
    return ProfileMigration(file, old, new, migration, plugins, text)


def placeholders(questions: tuple[Question, ...]) -> Iterator[tuple[str, str]]:
    """For each question what stands in its place before it is answered, as a YAML scalar."""
    for question in questions:
        if question.secret:
            yield question.name, f"{{env: {question.name.upper()}}}"
        else:
            yield question.name, quoted(question.default if question.default is not None else f"<{question.prompt}>")


def _ways(plugins: Plugins, old: str) -> str:
    ways = [source.name for source in plugins.sources.values() if old in source.migrations]
    return f"it can become one of {', '.join(ways)}" if ways else f"no source takes over from {old}"


def _exchanged(text: str, source: str, settings: str) -> str:
    """With another value of `source:` and another block of `settings:`; all other lines stay."""
    return YamlText(text).with_value(("source",), source).with_block("settings", settings).text


def difference(plan: ProfileMigration, checked: Checked) -> Iterator[str]:
    """The lines that go and those that come, without any secret, each with a `-` or a `+` before it."""
    before = check_text(YamlText(plan.text).body, plan.file, plan.plugins).text
    for line in difflib.ndiff(before.splitlines(), checked.text.splitlines()):
        if line.startswith(("- ", "+ ")):
            yield line
