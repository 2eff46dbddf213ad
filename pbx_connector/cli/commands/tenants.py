"""`pbx-connector tenants …`: the phone systems of a provider."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pbx_connector import application
from pbx_connector.cli import output
from pbx_connector.cli.asking import YesOption, agree
from pbx_connector.cli.commands import tenants_hosts, tenants_members, tenants_publish, tenants_secrets
from pbx_connector.cli.session import JsonOption, Session, TenantArgument
from pbx_connector.counting import counted
from pbx_connector.errors import EXIT_PARTIAL, StoreError

if TYPE_CHECKING:
    from pbx_connector.application.fleet import Fleet
    from pbx_connector.application.fleet_status import LastRun


def add_to(app: typer.Typer) -> None:
    help = "Many phone systems: which there are, what is published for each, and their secrets."
    group = typer.Typer(no_args_is_help=True, help=help)
    group.command("add")(add)
    group.command("list")(list_tenants)
    group.command("show")(show)
    group.command("suspend")(suspend)
    group.command("resume")(resume)
    group.command("remove")(remove)
    group.command("migrate")(migrate)
    tenants_publish.add_to(group)
    tenants_secrets.add_to(group)
    tenants_hosts.add_to(group)
    tenants_members.add_to(group)
    app.add_typer(group, name="tenants")


def add(
    context: typer.Context,
    id: TenantArgument,
    title: Annotated[str, typer.Option(help="What people call it; default: the id.")] = "",
    store: Annotated[
        str, typer.Option("--store", help="The database of its phone book; default: the control database.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Add a phone system, with an empty phone book; one that was not finished is finished."""
    with Session.of(context).open_fleet() as fleet:
        added = application.tenants.add(fleet, id, title=title, store=store)
    if as_json:
        output.as_json(application.views.tenants.tenant(added))
    else:
        output.say(f"tenant {id} is there; pbx-connector tenants publish FOLDER says what runs for it")


def list_tenants(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the phone systems."""
    with Session.of(context).open_fleet() as fleet:
        found = application.tenants.every(fleet)
    if as_json:
        output.as_json_list(map(application.views.tenants.tenant, found))
    elif found:
        rows = [(one.id, one.title, str(one.state), f"version {one.published}" * bool(one.published)) for one in found]
        output.table("", ("id", "title", "state", "published"), rows)
    else:
        output.say("there is no tenant yet: pbx-connector tenants add ID")


def show(context: typer.Context, id: TenantArgument, as_json: JsonOption = False) -> None:
    """Show a phone system: its profiles, what was published last, the names of its secrets."""
    with Session.of(context).open_fleet() as fleet:
        of, last = application.tenants.details(fleet, id), _last_runs(fleet, id)
    if as_json:
        output.as_json(application.views.tenants.tenant_details(of, last))
        return
    place = f", in {of.tenant.store}" if of.tenant.store else ""
    output.say(f"{of.tenant.id} ({of.tenant.title}): {of.tenant.state}{place}")
    if of.hosts:
        output.say(f"reached as {', '.join(of.hosts)}")
    for name in of.shadowed:
        output.warn(f"at {name} the provider's own pages are, and not those of {id}: give it another name")
        output.hint(f"pbx-connector tenants hosts add {id} NAME")
    runs = {run.profile: f"{run.result}, {output.local(run.ended)}" for run in last}
    rows = [
        (
            row.profile,
            row.rule.in_words() if row.rule else "",
            runs.get(row.profile, ""),
            _local(row.next_at),
            str(row.state),
            row.reason,
        )
        for row in of.schedules
    ]
    output.table("Profiles", ("id", "schedule", "last run", "next", "state", ""), rows)
    tenants_publish.show_versions(of.versions[:5])
    tenants_secrets.show_secrets(of.secrets)
    if of.members:
        output.table("Members", ("user", "role"), [(one.user, str(one.role)) for one in of.members])
    if of.migration and of.migration.error:
        output.warn(f"its phone book could not be migrated: {of.migration.error}")


def _last_runs(fleet: Fleet, id: str) -> Collection[LastRun]:
    """None while there are no tables of workers: no worker ran anything then."""
    from pbx_connector.engine.operation import FleetEngine  # what only an extra has, which `open_fleet` asks for

    with FleetEngine(fleet) as engine, suppress(StoreError):
        return engine.last_runs([id])
    return ()


def suspend(context: typer.Context, id: TenantArgument, as_json: JsonOption = False) -> None:
    """Run nothing of a phone system until it is resumed; all is kept."""
    with Session.of(context).open_fleet() as fleet:
        found = application.tenants.suspend(fleet, id)
    if as_json:
        output.as_json(application.views.tenants.tenant(found))
    else:
        output.say(f"tenant {id} is suspended: no run of it begins")


def resume(context: typer.Context, id: TenantArgument, as_json: JsonOption = False) -> None:
    """Let a suspended phone system run again."""
    with Session.of(context).open_fleet() as fleet:
        found = application.tenants.resume(fleet, id)
    if as_json:
        output.as_json(application.views.tenants.tenant(found))
    else:
        output.say(f"tenant {id} is active")


def remove(context: typer.Context, id: TenantArgument, yes: YesOption = False, as_json: JsonOption = False) -> None:
    """Remove a phone system for good: phone book, history, versions, secrets; one that was not finished is finished."""
    with Session.of(context).open_fleet() as fleet:
        if not yes:
            what = counted(application.tenants.entries(fleet, id), "entry")
            agree(
                f"All of tenant {id} would be removed for good: {what}, its history, versions and secrets. Remove?",
                yes=yes,
            )
        application.tenants.remove(fleet, id)
    if as_json:
        output.as_json(application.views.tenants.removed_tenant(id))
    else:
        output.say(f"tenant {id} is removed")


def migrate(
    context: typer.Context,
    only: Annotated[list[str] | None, typer.Argument(help="Only these.", metavar="TENANT")] = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the phone books of all phone systems to this version; can be ended at any time, and asked for again."""
    failed = done = 0
    with Session.of(context).open_fleet() as fleet:
        for each in application.tenants.migrate(fleet, only or ()):
            failed, done = failed + bool(each.error), done + (not each.error)
            if as_json:
                output.as_json_line(application.views.tenants.migration(each))
            elif each.error:
                output.complain(f"{each.tenant}: {each.error}")
    if not as_json:
        output.say(f"{counted(done, 'phone book')} migrated, {failed} failed")
    if failed:
        raise typer.Exit(EXIT_PARTIAL)


def _local(seconds: float | None) -> str:
    return "" if seconds is None else output.local(datetime.fromtimestamp(seconds, UTC))
