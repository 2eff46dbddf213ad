"""`pbx-connector schedule`: which profiles of the folder run by themselves, and when next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

import typer

from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, Session, StoreOption
from pbx_connector.errors import UsageError
from pbx_connector.schedule.zone import local_zone, zone
from pbx_connector.service.claims import last_run
from pbx_connector.service.folder import Folder, Loaded
from pbx_connector.service.timetable import offset
from pbx_connector.stores import Store


@dataclass(frozen=True, slots=True)
class Line:
    loaded: Loaded
    schedule: str
    next: datetime | None


def add_to(app: typer.Typer) -> None:
    app.command("schedule")(schedule)


def schedule(context: typer.Context, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the profiles of the profiles folder and when the service runs each next."""
    session = Session.of(context, store)
    folder = Folder(session.profiles_folder, session.plugins)
    list(folder.scan())
    if folder.missing:
        raise UsageError(folder.missing, hint="make it, or say where it is: profiles: in config.yaml")
    wanted = zone(session.config.timezone) if session.config.timezone else local_zone()
    with session.open_store() as book:
        lines = sorted((_line(session, book, loaded, wanted) for loaded in folder.files()), key=_order)
    if as_json:
        output.as_json([_as_json(line) for line in lines])
        return
    output.table(
        "",
        ("profile", "title", "schedule", "next run", "note"),
        [
            (
                line.loaded.id,
                line.loaded.profile.title if line.loaded.profile else "",
                line.schedule or "by hand only",
                line.next.astimezone(wanted).strftime("%a %Y-%m-%d %H:%M:%S %Z") if line.next else "",
                line.loaded.broken,
            )
            for line in lines
        ],
    )
    if not lines:
        output.say(f"no profile is in {folder.path}")


def _line(session: Session, book: Store, loaded: Loaded, wanted: tzinfo) -> Line:
    profile = loaded.profile
    if profile is None or profile.schedule is None:
        return Line(loaded, "", None)
    last = last_run(book, profile.id)
    now = datetime.now(UTC)
    due = profile.schedule.due(last.report.started if last else None, loaded.seen, now, wanted)
    late = offset(profile.id, profile.schedule, session.config.service.jitter)
    return Line(loaded, profile.schedule.in_words(), max(due + late, now))


def _order(line: Line) -> tuple[bool, float, str]:
    return line.next is None, line.next.timestamp() if line.next else 0, line.loaded.id


def _as_json(line: Line) -> dict[str, object]:
    profile = line.loaded.profile
    return {
        "id": line.loaded.id,
        "title": profile.title if profile else None,
        "file": str(line.loaded.path),
        "schedule": line.schedule or None,
        "next": line.next.isoformat(timespec="seconds") if line.next else None,
        "broken": line.loaded.broken or None,
    }
