"""`pbx-connector run PROFILE`: brings the phone book up to date, or refuses to."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from pbx_connector.application import views
from pbx_connector.application.runs import Notifications, RunOutcome, RunRequest
from pbx_connector.application.runs import run as run_profile
from pbx_connector.cli import output, reports
from pbx_connector.cli.phone_system import id_of, is_file
from pbx_connector.cli.progress import progress_bar
from pbx_connector.cli.session import JsonOption, ProfileArgument, Session, StoreOption, warn_without_accounts
from pbx_connector.errors import EXIT_PARTIAL, ConnectorError, PlanRefused, StoreError, UsageError
from pbx_connector.logs import warnings_for_people
from pbx_connector.model import Report, RunStatus
from pbx_connector.profile import Profile
from pbx_connector.stores import Store


def add_to(app: typer.Typer) -> None:
    app.command("run")(run)


def run(
    context: typer.Context,
    profile: ProfileArgument,
    full: Annotated[bool, typer.Option("--full", help="Read everything, whatever earlier runs know.")] = False,
    plan: Annotated[str | None, typer.Option(help="Apply this saved plan, if it still holds.", metavar="ID")] = None,
    release: Annotated[
        str | None, typer.Option(help="Apply this refused plan, once, if it still holds.", metavar="ID")
    ] = None,
    store_url: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a profile: read its source, apply its rules, bring the phone book up to date."""
    session = Session.of(context, store_url)
    session.require_config()
    request = RunRequest(full=full, plan=plan, release=release)
    try:
        outcome = _run(session, _runnable(session, profile), request, as_json=as_json)
        if outcome.error:
            raise outcome.error
    except ConnectorError as error:
        if as_json and not isinstance(error, PlanRefused):  # that one was shown with its plan
            output.as_json(views.failed_report(id_of(profile), error))
        raise
    if outcome.report.status is RunStatus.PARTIAL:
        raise typer.Exit(EXIT_PARTIAL)


def _runnable(session: Session, profile: Path) -> Profile:
    """What a tenant's phone book has is made of what is published alone. Raises `ConnectorError`."""
    if session.phone_system:
        session.phone_system.require_active()
        if is_file(profile):
            raise UsageError(
                f"{profile} is not published, and only what is published is run for a tenant",
                hint=f"simulate {profile} shows what it would do; then: pbx-connector tenants publish FOLDER",
            )
    return session.load_profile(profile)


def _run(session: Session, profile: Profile, request: RunRequest, *, as_json: bool) -> RunOutcome:
    with warnings_for_people(), session.open_store() as store:
        notifications = Notifications(session.installation, store)
        warn_without_accounts(profile, store)
        with progress_bar(wanted=not as_json) as progress:
            outcome = run_profile(session.installation, profile, store, request, notifications.write, progress)
        if isinstance(outcome.error, PlanRefused):
            _show_refused(store, outcome, outcome.error, as_json=as_json)
        elif outcome.error is None:
            output.as_json(views.report(outcome.report)) if as_json else _show(outcome.report)
        _deliver(notifications)
    return outcome


def _show(report: Report) -> None:
    reports.show_report(report)
    output.say(f"this is run {report.run}; its changes: pbx-connector history show {report.run}")


def _deliver(notifications: Notifications) -> None:
    with suppress(StoreError):  # what is written there waits for the service or the next run
        for attempt in notifications.deliver():
            if attempt.error:
                output.warn(f"{attempt.notifier}: {attempt.error}")


def _show_refused(store: Store, outcome: RunOutcome, refused: PlanRefused, *, as_json: bool) -> None:
    if as_json:
        output.as_json(views.refused_report(outcome.report, refused))
        return
    reports.show_records("This plan was refused; nothing of it was done", store.plan_changes(refused.plan))
    reports.show_totals(store.plan(refused.plan).summary)
    reports.show_report(outcome.report)
    for reason in refused.reasons:
        output.say(f"refused: {output.shown(reason)}")
