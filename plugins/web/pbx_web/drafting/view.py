"""What the page of a profile shows of a draft."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import unified_diff
from functools import cached_property
from typing import Any

from pbx_connector.api import (
    TARGETS,
    ConnectorError,
    Diagnostic,
    Field,
    LoadedProfile,
    Profile,
    SourceType,
    UsageError,
    application,
)
from pbx_web import language_server
from pbx_web.asking import Ask
from pbx_web.drafting import samples, schedules
from pbx_web.drafting.carried import TABS
from pbx_web.drafting.editing import Editing
from pbx_web.drafting.typed import name_of, shown_value

drafts = application.drafts


@dataclass
class View:
    editing: Editing
    problem: str = ""
    """Why a button did nothing."""
    confirm: bool = False
    """Whether it is asked if a profile with mistakes is to be saved."""
    saved: bool = False
    meanwhile: application.drafts.ChangedMeanwhile | None = None
    offered: samples.Offered | None = None
    focus: str = ""
    """The name of the input at which whoever edits goes on."""

    def __post_init__(self) -> None:
        self._checked: application.drafts.CheckedDraft | None = None

    @property
    def ask(self) -> Ask:
        return self.editing.ask

    @property
    def checked(self) -> application.drafts.CheckedDraft:
        """Of the draft as it is now."""
        draft = self.editing.draft
        if self._checked is None or self._checked.text != draft.text:
            self._checked = drafts.check(self.ask.site.installation, draft.file, draft.text)
        return self._checked

    @property
    def form(self) -> application.drafts.Form:
        return self.checked.form

    @property
    def usable_whole(self) -> LoadedProfile:
        """Raises `UsageError` while there are mistakes."""
        if self.checked.checked.loaded is None:
            raise UsageError(self.ask.language("Fix the mistakes first: they are listed on this page."))
        return self.checked.checked.loaded

    @property
    def usable(self) -> Profile:
        """Raises `UsageError` while there are mistakes."""
        return self.usable_whole.profile

    @cached_property
    def is_held(self) -> bool:
        """Whether its runs wait for somebody's word after an undo. While the phone book is unreachable nobody knows."""
        with suppress(ConnectorError):
            return any(state.held for state in self.ask.store.profiles() if state.id == self.id)
        return False

    @property
    def id(self) -> str:
        profile = self.checked.checked.profile
        return profile.id if profile else self.editing.draft.file.stem

    @property
    def title(self) -> str:
        said = next((one.value for one in self.form.basic if one.path == ("title",)), "")
        return said or self.editing.draft.file.name

    @property
    def source(self) -> SourceType | None:
        return self.ask.site.installation.plugins.sources.get(self.form.source)

    @property
    def fields(self) -> Sequence[Field]:
        return self.source.fields.fields if self.source else ()

    @property
    def errors(self) -> list[Diagnostic]:
        return [found for found in self.checked.checked.diagnostics if found.severity == "error"]

    @property
    def warnings(self) -> list[Diagnostic]:
        return [found for found in self.checked.checked.diagnostics if found.severity != "error"]

    def at(self, path: application.drafts.Path) -> Sequence[Diagnostic]:
        return self.checked.at(path)

    @cached_property
    def tried(self) -> samples.Tried:
        return samples.tried(self.checked, self.editing.draft.sample)

    def faults(self, tab: str) -> int:
        """Errors in what a tab shows."""
        errors = (found for found in self.checked.findings if found.diagnostic.severity == "error")
        return sum(_tab(found.path, self) == tab for found in errors)

    def group(self, name: str) -> list[application.drafts.Input]:
        """The inputs of the profile's own keys: `basic`, `more`, `notify`."""
        return [one for one in self.form.basic if _group(one) == name]

    def label(self, one: application.drafts.Input) -> str:
        """What a key of the profile's own is called on the page."""
        speak = self.ask.language
        labels = {
            "title": speak("Title"),
            "comments": speak("Comments"),
            "mode": speak("Mode"),
            "region": speak("Country of numbers without a code"),
            "labels": speak("Labels that are missing"),
            "partial_after": speak("After so many runs in a row that leave out an address book"),
            "overdue_after": speak("After so long without a successful run"),
            "secret_before": speak("So long before a secret expires"),
        }
        return labels.get(str(one.path[-1]), "")

    def words(self, one: application.drafts.Input, choice: str) -> str:
        """What a choice of a key of the profile's own means."""
        speak = self.ask.language
        words = {
            ("mode", "mirror"): speak("Create and update entries. Remove missing entries of previous runs."),
            ("mode", "upsert"): speak("Create and update entries."),
            ("labels", "create"): speak("Make them."),
            ("labels", "require"): speak("Leave them out, and say so."),
        }
        return words.get((str(one.path[0]), choice), choice) if len(one.path) == 1 else choice

    def settings(self) -> list[tuple[str, list[application.drafts.Input]]]:
        """By what they stand below in the settings; those of the top level first."""
        groups: dict[str, list[application.drafts.Input]] = {"": []}
        for one in self.form.settings:
            groups.setdefault(".".join(map(str, one.path[1:-1])), []).append(one)
        return [(name, inputs) for name, inputs in groups.items() if inputs]

    @property
    def told(self) -> set[application.drafts.Path]:
        """Where there is something wrong."""
        return {found.path for found in self.checked.findings}

    @property
    def body(self) -> str:
        """The text for a text area."""
        return self.editing.draft.text.removeprefix("\ufeff")

    def lines(self) -> Iterator[tuple[int, str, bool]]:
        """Each with its number and whether there is an error in it."""
        wrong = {number for one in self.errors for number in range(one.span.line, one.span.end_line + 1)}
        for number, line in enumerate(re.split(r"\r\n|\n|\r", self.body), 1):
            yield number, line, number in wrong

    def as_text(self, value: Any) -> str:
        """A value of a rule for people."""
        plain = application.views.plain(value)
        if isinstance(plain, bool):
            return self.ask.language("yes") if plain else self.ask.language("no")
        if isinstance(plain, list):
            return ", ".join(self.as_text(one) for one in plain)
        return json.dumps(plain, ensure_ascii=False) if isinstance(plain, dict) else str(plain)

    def filled(self, code: str) -> str:
        """What the sample row fills in there, if the structure has one entry alone."""
        sample = self.tried.sample
        if sample is None or len(self.form.records) != 1 or not sample.mapped.records:
            return ""
        record = sample.mapped.records[0]
        names = {target.code: target.name for target in TARGETS}
        return record.fields.get(names[code], "") if code in names else ""

    def choices(self) -> list[tuple[str, str]]:
        """What a structure can fill in: each as it is written, with what it is."""
        variables = [(f"{{{{{rule.name}}}}}", self.ask.language("variable")) for rule in self.form.variables]
        known = {rule.name for rule in self.form.variables}
        return variables + [(f"{{{{{one.name}}}}}", one.doc) for one in self.fields if one.name not in known]

    def diff(self) -> list[str]:
        """What somebody else has changed meanwhile."""
        if self.meanwhile is None:
            return []
        base, theirs = self.meanwhile.base.splitlines(), self.meanwhile.theirs.splitlines()
        return list(unified_diff(base, theirs, lineterm="", n=2))[2:]


def _group(one: application.drafts.Input) -> str:
    top = one.path[0]
    if top == "notify":
        return "notify"
    return "more" if len(one.path) > 1 or top in ("id", "publish_personal") else "basic"


def _tab(path: application.drafts.Path, view: View) -> str:
    match path:
        case ("rules", int(number)):
            kinds = {rule.number: rule.kind for rule in view.form.rules}
            return "filter" if kinds.get(number) in ("keep", "skip") else "variables"
        case ("rules" | "tables", *_):
            return "variables"
        case ("structure", *_):
            return "structure"
        case ("schedule" | "notify", *_):
            return "automate"
        case () | ("tests", *_):
            return "source"
    return "basic"


def values_of(view: View) -> dict[str, Any]:
    """For the template."""
    ask = view.ask
    speak = ask.language
    schedule = view.form.schedule.schedule
    return {
        "view": view,
        "editing": view.editing,
        "draft": view.editing.draft,
        "form": view.form,
        "name_of": name_of,
        "shown_value": shown_value,
        "tabs": list(zip(TABS, _tab_names(ask), strict=True)),
        "choice": schedules.choice_of(view.form.schedule),
        "days": schedules.day_names(ask),
        "timezones": schedules.timezones() if view.editing.draft.tab == "automate" else (),
        "schedule_words": schedules.in_words(ask, schedule),
        "next_runs": [speak.moment(at, at.tzinfo) for at in schedules.next_runs(ask, schedule) if at.tzinfo],
        "language_server": language_server.PATH,
        "functions": ask.site.installation.plugins.functions,
        "targets": {target.code: target for target in TARGETS},
        "test": None,
    }


def _tab_names(ask: Ask) -> list[str]:
    speak = ask.language
    names = ("Basic data", "Pre filter", "Variables", "Structure", "Automate", "Source text")
    return [speak(name) for name in names]


def json_of(view: View) -> dict[str, Any]:
    draft = view.editing.draft
    found = view.checked.findings
    findings = [application.views.diagnostic(one.diagnostic) | {"path": list(one.path)} for one in found]
    return {
        "profile": view.id,
        "file": draft.file.name,
        "title": view.title,
        "source": view.form.source,
        "text": draft.text,
        "base": draft.base,
        "changed": draft.changed,
        "saved": view.saved,
        "errors": view.editing.errors,
        "problem": view.problem or None,
        "diagnostics": findings,
        "meanwhile": _meanwhile(view.meanwhile),
    }


def _meanwhile(found: application.drafts.ChangedMeanwhile | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"gone": found.gone, "theirs": found.theirs, "mine": found.mine, "conflicts": found.merged.conflicts}
