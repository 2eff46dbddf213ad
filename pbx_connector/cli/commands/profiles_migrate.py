"""`pbx-connector profiles migrate`: the same rules over another source."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from pbx_connector.application import migration, views
from pbx_connector.application.migration import ProfileMigration
from pbx_connector.cli import output
from pbx_connector.cli.questions import answers
from pbx_connector.cli.session import JsonOption, ProfileArgument, Session
from pbx_connector.errors import UsageError
from pbx_connector.profile import Checked

WAYS = ("file", "env")
"""A secret is answered by a file that holds it, or by the environment variable that will."""


def migrate(
    context: typer.Context,
    profile: ProfileArgument,
    to: Annotated[str, typer.Option("--to", metavar="SOURCE", help="The source that takes over.")],
    answer: Annotated[
        list[str] | None,
        typer.Option(
            "--answer",
            metavar="NAME=VALUE",
            help="Answers a question of the new settings; a secret by NAME-file=FILE or NAME-env=VARIABLE.",
        ),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Replace the file, and keep it as it was beside it.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what a profile says once another source takes over: same rules, new settings; and what is lost."""
    plan = migration.prepare(Session.of(context).plugins, profile, to)
    given = _given(plan, answer or [])
    if write:
        plan.check_kept()
        checked = plan.write(answers(plan.migration.questions, given, profile, spelled="--answer {}=".format))
    else:
        known = [question for question in plan.migration.questions if question.name in _answered(given)]
        shown = dict(migration.placeholders(plan.migration.questions))
        checked = plan.rewritten(shown | answers(known, given, profile))
    if as_json:
        output.as_json(views.profile_migration(plan, checked, written=write))
    else:
        _show_migration(plan, checked, written=write)


def _given(plan: ProfileMigration, pairs: list[str]) -> dict[str, str]:
    """By the names of options; raises `UsageError` for what answers no question."""
    names = [question.name for question in plan.migration.questions]
    secrets = [f"{question.name}_{how}" for question in plan.migration.questions if question.secret for how in WAYS]
    given = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or name not in (*names, *secrets):
            raise UsageError(
                f"--answer {name} answers no question",
                hint=f"expected NAME=VALUE, where NAME is one of {', '.join(names)}" if names else "there is none",
            )
        given[name] = value
    return given


def _answered(given: Iterable[str]) -> set[str]:
    return {name.removesuffix("_file").removesuffix("_env") for name in given} | set(given)


def _show_migration(plan: ProfileMigration, checked: Checked, *, written: bool) -> None:
    for line in migration.difference(plan, checked):
        output.say(line)
    for sentence in plan.migration.lost:
        output.warn(sentence)
    output.diagnostics(checked.diagnostics, checked.text)
    if written:
        output.say(f"{plan.file} reads {plan.new} now; as it was: {plan.kept}. Next:")
        for command in ("test-connection", "simulate", "run"):
            output.say(f"  pbx-connector {command} {plan.file}")
        return
    for question in plan.migration.questions:
        output.say(f"{question.name}: {question.prompt}")
    output.say("Nothing is written: --write replaces the file.")
