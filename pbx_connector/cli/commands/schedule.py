"""`pbx-connector schedule`: which profiles of the folder run by themselves, and when next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import typer

from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, Session, StoreOption
from pbx_connector.errors import UsageError
from pbx_connector.service.claims import last_run
from pbx_connector.service.folder import ProfileFile
from pbx_connector.service.offline_status import OfflineStatus
from pbx_connector.stores import Store


@dataclass(frozen=True, slots=True)
class Line:
    loaded: ProfileFile
    schedule: str
    next: datetime | None


def add_to(app: typer.Typer) -> None:
    app.command("schedule")(schedule)


def schedule(context: typer.Context, store_url: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the profiles of the profiles folder and when the service runs each next."""
    session = Session.of(context, store_url)
    now = datetime.now(UTC)
    offline = OfflineStatus(session.config, session.plugins, session.store_url, now)
    folder, wanted = offline.folder, offline.zone
    if folder.missing:
        raise UsageError(folder.missing, hint="make it, or say where it is: profiles: in config.yaml")
    with session.open_store() as store:
        lines = sorted((_line(offline, store, loaded, now) for loaded in folder.files()), key=_order)
    if as_json:
        output.as_json([_as_json(line) for line in lines])
        return
    output.table(
        "",
        ("profile", "title", "schedule", "next run", "note"),
        [
            (
                line.loaded.id,
                line.loaded.profile.title if line.loaded.profile else line.loaded.path.stem,
                line.schedule or ("" if line.loaded.broken else "by hand only"),
                line.next.astimezone(wanted).strftime("%a %Y-%m-%d %H:%M:%S %Z") if line.next else "",
                line.loaded.broken,
            )
            for line in lines
        ],
    )
    if not lines:
        output.say(f"no profile is in {folder.path}")


def _line(offline: OfflineStatus, store: Store, loaded: ProfileFile, now: datetime) -> Line:
    schedule = loaded.profile.schedule if loaded.profile else None
    due = offline.next_run(loaded, last_run(store, loaded.id))
    return Line(loaded, schedule.in_words() if schedule else "", max(due, now) if due else None)


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
