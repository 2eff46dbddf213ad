"""`pbx-connector run PROFILE`: brings the phone book up to date, or refuses to."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated

import typer

from pbx_connector.cli import output, reports
from pbx_connector.cli.notify import tell_of_failure, tell_of_run
from pbx_connector.cli.progress import progress_bar
from pbx_connector.cli.session import JsonOption, ProfileArgument, Session, StoreOption, warn_without_accounts
from pbx_connector.errors import EXIT_PARTIAL, ConnectorError, PlanRefused, StoreError
from pbx_connector.model import Report, RunStatus
from pbx_connector.plan import Action
from pbx_connector.profile import Profile, load_profile
from pbx_connector.run import run_profile
from pbx_connector.service.logs import warnings_for_people
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
    started = datetime.now(UTC)
    loaded = None
    try:
        loaded = load_profile(profile, session.plugins)
        report = _run(session, loaded, full=full, plan=plan, release=release, as_json=as_json)
    except ConnectorError as error:
        if as_json and not isinstance(error, PlanRefused):  # that one was shown by _run, which knows the plan
            output.as_json(reports.failed_report(profile.stem, error))
        if loaded is not None:
            tell_of_failure(session, loaded, error, started)
        raise
    if as_json:
        output.as_json(reports.report_as_json(report))
    else:
        reports.show_report(report)
    tell_of_run(session, loaded, report)
    if report.status is RunStatus.PARTIAL:
        raise typer.Exit(EXIT_PARTIAL)


def _run(
    session: Session, profile: Profile, *, full: bool, plan: str | None, release: str | None, as_json: bool
) -> Report:
    with warnings_for_people(), session.open_store() as store, progress_bar(wanted=not as_json) as progress:
        warn_without_accounts(profile, store)
        try:
            report = run_profile(profile, store, full=full, plan=plan, release=release, progress=progress)
        except PlanRefused as refused:
            _show_refused(store, refused, as_json=as_json)
            raise
        with suppress(StoreError):  # the run is done all the same, and the next one drops what this one could not
            store.prune(session.config.history.keep)
        return report


def _show_refused(store: Store, refused: PlanRefused, *, as_json: bool) -> None:
    report = store.run(refused.plan).report
    if as_json:
        output.as_json(
            reports.report_as_json(report) | {"plan": refused.plan, "reasons": list(refused.reasons)},
        )
        return
    changes = (change for change in store.plan_changes(refused.plan) if change.action is not Action.KEEP)
    reports.show_records("This plan was refused; nothing of it was done", changes)
    reports.show_report(report)
    for reason in refused.reasons:
        output.say(f"refused: {output.shown(reason)}")
