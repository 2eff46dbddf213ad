"""`pbx-connector automate PROFILE`: writes when the service is to run a profile into its file, or takes it out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from pbx_connector.cli import output
from pbx_connector.cli.replacing import replacement
from pbx_connector.cli.session import JsonOption, ProfileArgument, Session
from pbx_connector.errors import ProfileError, UsageError
from pbx_connector.profile import check_text, load_profile
from pbx_connector.profile.scheduling import with_schedule
from pbx_connector.schedule import DAILY_AT_NOON, Schedule
from pbx_connector.schedule.zone import local_zone, zone
from pbx_connector.service.folder import seen_at
from pbx_connector.service.offline_status import last_start


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
    schedule = None if off else _schedule(cron, every, timezone)
    load_profile(profile, session.plugins)
    text = profile.read_bytes().decode("utf-8")
    changed = with_schedule(text, schedule)
    checked = check_text(changed, profile, session.plugins)
    if checked.profile is None:
        raise ProfileError(f"{profile} would not be valid any more", checked.diagnostics, text=checked.text)
    seen = datetime.now(UTC) if changed != text else seen_at(profile)
    due = _due(session, checked.profile.id, schedule, seen) if schedule else None
    if changed != text:
        _write(profile, changed)
    if as_json:
        output.as_json(_as_json(checked.profile.id, profile, schedule, due))
    else:
        _say(profile, schedule, due)
    folder = session.profiles_folder
    if schedule and profile.resolve().parent != folder.resolve():
        output.hint(f"the service runs what is in {folder}: move the profile there, or set profiles: in config.yaml")


def _schedule(cron: str | None, every: str | None, timezone: str | None) -> Schedule:
    given = {"cron": cron, "every": every, "timezone": timezone}
    values = {name: value for name, value in given.items() if value is not None}
    if every is None:
        values.setdefault("cron", DAILY_AT_NOON)
    try:
        return Schedule.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        option = f"--{first['loc'][0]}: " if first["loc"] else ""
        raise UsageError(option + first["msg"].removeprefix("Value error, ")) from None


def _write(path: Path, text: str) -> None:
    try:
        with replacement(path) as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", hint="nothing was changed") from None


def _due(session: Session, profile: str, schedule: Schedule, seen: datetime) -> datetime:
    """As the service reckons it, which goes by the last run; by the clock that the schedule goes by."""
    wanted = zone(session.config.timezone) if session.config.timezone else local_zone()
    now = datetime.now(UTC)
    due = schedule.due(last_start(session.store_url, profile, now), seen, now, wanted)
    return due.astimezone(schedule.zone(wanted))


def _say(profile: Path, schedule: Schedule | None, due: datetime | None) -> None:
    if schedule is None or due is None:
        output.say(f"{profile} runs by hand only.")
        return
    first = f"{due:%a %Y-%m-%d %H:%M %Z}"
    if due <= datetime.now(UTC):
        first = "at once" if schedule.every else f"at once, as it has not run since {first}"
    output.say(f"{profile} runs {schedule.in_words()}; first: {first}.")


def _as_json(id: str, profile: Path, schedule: Schedule | None, due: datetime | None) -> dict[str, object]:
    """The same words as `schedule --json`."""
    return {
        "id": id,
        "file": str(profile),
        "schedule": schedule.in_words() if schedule else None,
        "next": max(due, datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds") if due else None,
    }
