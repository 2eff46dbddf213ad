"""A template's questions, answered in a form: the text of the profile, and what is wrong with it at which answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pbx_connector.api import Checked, Diagnostic, Question, SourceType, Template, UsageError, application
from pbx_web.asking import Ask
from pbx_web.drafting import names
from pbx_web.drafting.secrets import keep

LONGEST = 2_000
"""Characters of an answer."""
TITLE = "name"
"""The question for the title, in every template of ours."""


@dataclass
class Answers:
    """`read` makes it from a form."""

    source: SourceType
    template: Template
    folder: Path
    given: dict[str, str]
    file: str = ""
    """The file's name as typed; blank: by the title."""
    kept: dict[str, application.installation.SecretPlace] = field(default_factory=dict)
    """Where a secret is."""
    wrong: dict[str, str] = field(default_factory=dict)
    """What is wrong, by question; `file` for the file's name."""

    @property
    def stem(self) -> str:
        """Of the file to be; raises `UsageError` for a name that no profile can have, or that is taken."""
        if not self.file.strip():
            return names.free(names.proposed(self.given.get(TITLE) or self.template.name), self.folder)
        stem = names.stem(self.file)
        if stem is None:
            raise UsageError("the name of a file has letters, digits, dots, hyphens and underscores, 100 at most")
        if names.is_taken(stem, self.folder):
            raise UsageError(f"{stem}.yaml exists already", hint=f"{names.free(stem, self.folder)}.yaml is free")
        return stem

    @property
    def text(self) -> str:
        return application.templates.answered(self.template, dict(self._scalars()))

    @cached_property
    def _places(self) -> dict[int, str]:
        """By line of the text, which question's answer stands there."""
        lines = self.template.text.split("\n")
        found = [(number, re.search(r"\$\{(\w+)\}", line)) for number, line in enumerate(lines, 1)]
        return {number: match[1] for number, match in found if match}

    def _scalars(self) -> Iterator[tuple[str, str]]:
        for question in self.template.questions:
            if question.secret:
                kept = self.kept.get(question.name)
                yield question.name, f'{{{kept.kind}: "{kept.name}"}}' if kept else ""
            else:
                yield question.name, application.templates.quoted(self.given.get(question.name))

    def checked(self, ask: Ask) -> Checked:
        """Notes what is wrong at each answer."""
        checked = application.profiles.check_text(ask.site.installation, self.text, self.folder / "new.yaml")
        for found in checked.diagnostics:
            name = self._places.get(found.span.line)
            if name and found.severity == "error":
                self.wrong.setdefault(name, f"{found.message}{f': {found.hint}' if found.hint else ''}")
        return checked

    def elsewhere(self, checked: Checked) -> list[Diagnostic]:
        """The mistakes that no single answer is to blame for."""
        return [
            found for found in checked.diagnostics if found.severity == "error" and found.span.line not in self._places
        ]


def read(ask: Ask, source: SourceType, template: Template, folder: Path) -> Answers:
    answers = Answers(source, template, folder, {}, ask.text("file")[:200])
    for question in template.questions:
        if question.secret:
            _read_secret(ask, question, answers)
            continue
        answers.given[question.name] = given = ask.text(f"answer-{question.name}").strip()
        if len(given) > LONGEST:
            answers.wrong[question.name] = ask.language("This is too long.")
        elif not given and question.default is None:
            answers.wrong[question.name] = ask.language("This is needed.")
    return answers


def _read_secret(ask: Ask, question: Question, answers: Answers) -> None:
    """A new one is kept when a file is to be written or a connection tried; one that is kept already is named."""
    name = ask.text(f"kept-{question.name}")
    typed = ask.text(f"answer-{question.name}")
    if typed:
        answers.given[question.name] = typed
    elif kept := application.secret_files.kept_in(ask.site.installation, name):
        answers.kept[question.name] = kept
    elif question.default is None:
        answers.wrong[question.name] = ask.language("This is needed.")


def keep_secrets(ask: Ask, answers: Answers, stem: str) -> None:
    """Raises `ConnectorError`. Nothing that was typed as a secret is left in the answers."""
    for question in answers.template.questions:
        typed = answers.given.pop(question.name, "") if question.secret else ""
        if typed:
            name = f"{stem}-{question.name}"
            answers.kept[question.name] = keep(ask, typed, name)
