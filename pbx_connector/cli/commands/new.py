"""`pbx-connector new TEMPLATE`: writes a starting profile from a template that a source plugin ships.

Each template is a command of its own, with an option for each of its questions; what has no option is asked for.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pbx_connector.application import templates
from pbx_connector.cli import output
from pbx_connector.cli.session import Session
from pbx_connector.cli.signatures import option, with_options
from pbx_connector.errors import UsageError
from pbx_connector.secret import keep_secret
from pbx_connector.source import Question, Template
from pbx_connector.visible import shown


def add_to(app: typer.Typer) -> None:
    app.add_typer(
        typer.Typer(cls=_Templates, no_args_is_help=True, help="Write a starting profile from a template."), name="new"
    )


FileOption = Annotated[
    Path | None, typer.Option("--file", help="Where to write the profile; default: TEMPLATE.yaml here.")
]


class _Templates(TyperGroup):
    """Looks the templates up when they are needed: loading plugins at every start would cost all other commands."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(Session.of(ctx).plugins.templates)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        found = Session.of(ctx).plugins.templates.get(cmd_name)
        return _command(found[1]) if found else None


def _command(template: Template) -> Any:
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(template.name, help=template.title)(_writer(template))
    return typer.main.get_command(app)


def _writer(template: Template) -> Callable[..., None]:
    """A function whose signature has an option for each question: that is what Typer makes commands from."""

    def write(file: FileOption = None, **options: Any) -> None:
        _write_profile(template, file, options)

    return with_options(write, chain.from_iterable(_options(question) for question in template.questions))


def _options(question: Question) -> list[inspect.Parameter]:
    if not question.secret:
        return [option(question.name, str, question.prompt)]
    note = "others on this machine may see it: better leave it out and be asked."
    return [
        option(question.name, str, f"{question.prompt}; {note}"),
        option(f"{question.name}_file", Path, "A file that holds it."),
        option(f"{question.name}_env", str, "The environment variable that will hold it at each run."),
    ]


def _write_profile(template: Template, file: Path | None, options: Mapping[str, Any]) -> None:
    target = file or Path(f"{template.name}.yaml")
    templates.check_target(target)
    answers = {
        question.name: _secret(question, options, target) if question.secret else _answer(question, options)
        for question in template.questions
    }
    templates.write_profile(template, target, answers)
    output.say(f"{target} is written. Next:")
    for command in ("check", "test-connection", "simulate", "run"):
        output.say(f"  pbx-connector {command} {target}")


def _answer(question: Question, options: Mapping[str, Any]) -> str:
    """The answer as a quoted YAML scalar; JSON's quoting is YAML's."""
    answer = options[question.name]
    if answer is None:
        answer = question.default if _unattended(question) else _asked(question)
    return templates.quoted(answer)


def _asked(question: Question, *, hide_input: bool = False) -> str:
    default = None if question.default is None else shown(question.default)
    answer: str = typer.prompt(shown(question.prompt), default=default, hide_input=hide_input)
    return answer


def _unattended(question: Question) -> bool:
    if sys.stdin.isatty():
        return False
    if question.default is None:
        raise UsageError(f"--{question.name} is needed: {question.prompt}", hint="give the option, or use a terminal")
    return True


def _secret(question: Question, options: Mapping[str, Any], target: Path) -> str:
    """A reference to the secret, for the profile; the secret itself goes to the keyring or a file beside it."""
    if options[f"{question.name}_file"] is not None:
        return templates.file_reference(Path(options[f"{question.name}_file"]), target)
    if options[f"{question.name}_env"] is not None:
        return templates.environment_reference(options[f"{question.name}_env"])
    secret = options[question.name]
    if secret is None:
        if not sys.stdin.isatty():
            choices = _choices(question.name)
            raise UsageError(f"{question.prompt} is needed", hint=f"give one of {choices}, or use a terminal")
        secret = _asked(question, hide_input=True)
    reference = keep_secret(secret, name=f"{target.stem}-{question.name}", beside=target)
    output.say(f"{question.prompt} is kept in {reference.place}, not in the profile.")
    return templates.file_reference(reference.file, target) if reference.file else reference.as_yaml()


def _choices(name: str) -> str:
    options: Sequence[str] = (f"--{name}-file", f"--{name}-env")
    return ", ".join(options)
