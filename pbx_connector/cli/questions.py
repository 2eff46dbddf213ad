"""The questions of a template or a migration: answered by options, and what has none on a terminal.

A secret goes to the keyring or to a file beside the profile; the profile gets a reference.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import typer

from pbx_connector.application import templates
from pbx_connector.cli import output
from pbx_connector.errors import UsageError
from pbx_connector.secret import keep_secret
from pbx_connector.source import Question
from pbx_connector.visible import shown

Spelling = Callable[[str], str]


def answers(
    questions: Iterable[Question],
    options: Mapping[str, Any],
    target: Path,
    spelled: Spelling = "--{}".format,
) -> dict[str, str]:
    """YAML scalars by question. `options` are by the question's name; for a secret also by its name with `_file` and
    `_env`. Raises `UsageError`, which says what to type, for a question without one where there is no terminal."""
    return {
        question.name: _secret(question, options, target, spelled)
        if question.secret
        else _answer(question, options, spelled)
        for question in questions
    }


def _answer(question: Question, options: Mapping[str, Any], spelled: Spelling) -> str:
    """The answer as a quoted YAML scalar; JSON's quoting is YAML's."""
    answer = options.get(question.name)
    if answer is None:
        answer = question.default if _unattended(question, spelled) else _ask(question)
    return templates.quoted(answer)


def _ask(question: Question, *, hide_input: bool = False) -> str:
    if question.steps:
        output.say(shown(question.steps))
    default = None if question.default is None else shown(question.default)
    answer: str = typer.prompt(shown(question.prompt), default=default, hide_input=hide_input)
    return answer


def _unattended(question: Question, spelled: Spelling) -> bool:
    if sys.stdin.isatty():
        return False
    if question.default is None:
        raise UsageError(
            f"{spelled(question.name)} is needed: {question.prompt}", hint="give the option, or use a terminal"
        )
    return True


def _secret(question: Question, options: Mapping[str, Any], target: Path, spelled: Spelling) -> str:
    """A reference to the secret, for the profile; the secret itself goes to the keyring or a file beside it."""
    if (file := options.get(f"{question.name}_file")) is not None:
        return templates.file_reference(Path(file), target)
    if (variable := options.get(f"{question.name}_env")) is not None:
        return templates.environment_reference(variable)
    secret = options.get(question.name)
    if secret is None:
        if not sys.stdin.isatty():
            choices = " or ".join(spelled(f"{question.name}{suffix}") for suffix in ("-file", "-env"))
            raise UsageError(f"{question.prompt} is needed", hint=f"give {choices}, or use a terminal")
        secret = _ask(question, hide_input=True)
    reference = keep_secret(secret, name=f"{target.stem}-{question.name}", beside=target)
    output.say(f"{question.prompt} is kept in {reference.place}, not in the profile.")
    return templates.file_reference(reference.file, target) if reference.file else reference.as_yaml()
