"""`pbx-connector automate PROFILE`: writes when the service is to run a profile into its file, or takes it out."""

from __future__ import annotations

from typing import Annotated

import typer

from pbx_connector.application import schedules, views
from pbx_connector.application.schedules import Automated
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, ProfileArgument, Session
from pbx_connector.errors import UsageError
from pbx_connector.schedule import DAILY_AT_NOON


def add_to(app: typer.Typer) -> None:
    app.command("automate")(automate)


def automate(
    context: typer.Context,
    profile: ProfileArgument,
    cron: Annotated[
        str | None, typer.Option(help=f'When, as cron says it; default: "{DAILY_AT_NOON}", daily at noon.')
    ] = None,
    every: Annotated[str | None, typer.Option(help="Instead: how often, such as 15m.")] = None,
    timezone: Annotated[str | None, typer.Option(help="The time zone of --cron, such as Europe/Berlin.")] = None,
    off: Annotated[bool, typer.Option("--off", help="Run it by hand only.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Let the service run a profile on schedule; comments and layout of the file stay."""
    session = Session.of(context)
    if off and (cron or every or timezone):
        raise UsageError("--off goes alone")
    schedule = None if off else schedules.schedule_of(cron=cron, every=every, timezone=timezone)
    automated = schedules.automate(session.installation, session.store_url, profile, schedule)
    if as_json:
        output.as_json(views.automated(automated))
    else:
        _say(automated)
    folder = session.profiles_folder
    if schedule and profile.resolve().parent != folder.resolve():
        output.hint(f"the service runs what is in {folder}: move the profile there, or set profiles: in config.yaml")


def _say(automated: Automated) -> None:
    schedule, due = automated.schedule, automated.due
    if schedule is None or due is None:
        output.say(f"{automated.file} runs by hand only.")
        return
    first = f"{due:%a %Y-%m-%d %H:%M %Z}"
    if due <= automated.now:
        first = "at once" if schedule.every else f"at once, as it has not run since {first}"
    output.say(f"{automated.file} runs {schedule.in_words()}; first: {first}.")
