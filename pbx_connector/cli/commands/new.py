"""`pbx-connector new TEMPLATE`: writes a starting profile from a template that a source plugin ships; without
TEMPLATE it lists them.

Each template is a command of its own, with an option for each of its questions; what has no option is asked for.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pbx_connector.application import templates
from pbx_connector.cli import output
from pbx_connector.cli.questions import answers
from pbx_connector.cli.session import Session
from pbx_connector.cli.signatures import option, with_options
from pbx_connector.source import Question, Template


def add_to(app: typer.Typer) -> None:
    new = typer.Typer(cls=_Templates, invoke_without_command=True)
    new.callback()(_list_templates)
    app.add_typer(new, name="new")


def _list_templates(context: typer.Context) -> None:
    """Write a starting profile from a template; without one, list them."""
    if context.invoked_subcommand is not None:
        return
    plugins = Session.of(context).plugins
    width = max(map(len, plugins.templates), default=0)
    for name, (source, template) in sorted(plugins.templates.items()):
        output.say(f"{name:{width}}  {template.title} (source {source.name})")
    if not plugins.templates:
        output.say("no installed source has a template")
        return
    output.say("")
    output.say("pbx-connector new TEMPLATE asks what it needs to know and writes TEMPLATE.yaml;")
    output.say("pbx-connector new TEMPLATE --help says what can be answered on the command line.")


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

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise templates.no_template(args[0], Session.of(ctx).plugins)
        return super().resolve_command(ctx, args)


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
    templates.write_profile(template, target, answers(template.questions, options, target))
    output.say(f"{target} is written. Next:")
    for command in ("check", "test-connection", "simulate", "run"):
        output.say(f"  pbx-connector {command} {target}")
