"""`pbx-connector schedule`: which profiles of the folder run by themselves, and when next."""

from __future__ import annotations

import typer

from pbx_connector.application import views
from pbx_connector.application.offline_status import OfflineStatus
from pbx_connector.application.schedules import scheduled_profiles
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, Session, StoreOption


def add_to(app: typer.Typer) -> None:
    app.command("schedule")(schedule)


def schedule(context: typer.Context, store_url: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the profiles of the profiles folder and when the service runs each next."""
    session = Session.of(context, store_url)
    offline = _offline_status(session)
    offline.require_folder()
    with session.open_store_to_look() as store:
        lines = scheduled_profiles(offline, store)
    if as_json:
        output.as_json([views.scheduled_profile(line) for line in lines])
        return
    output.table(
        "",
        ("profile", "title", "schedule", "next run", "note"),
        [
            (
                line.file.id,
                line.file.profile.title if line.file.profile else line.file.path.stem,
                line.schedule or ("" if line.file.broken else "by hand only"),
                line.next.astimezone(session.installation.zone).strftime("%a %Y-%m-%d %H:%M:%S %Z")
                if line.next
                else "",
                line.file.broken or (f"waits for: {line.held}" if line.held else ""),
            )
            for line in lines
        ],
    )
    if not lines:
        is_tenants = session.phone_system is not None
        output.say("no profile is published" if is_tenants else f"no profile is in {offline.folder.path}")


def _offline_status(session: Session) -> OfflineStatus:
    if session.phone_system is None:
        return OfflineStatus(session.installation, session.store_url)
    from pbx_connector.application.tenant_status import TenantStatus

    return TenantStatus(session.phone_system)
