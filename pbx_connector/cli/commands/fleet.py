"""`pbx-connector fleet …`: the workers of many phone systems, and what they are at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from pbx_connector import application
from pbx_connector.application.fleet_status import FleetStatus
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, Session, TenantArgument
from pbx_connector.counting import counted
from pbx_connector.duration import in_words
from pbx_connector.errors import EXIT_PARTIAL

if TYPE_CHECKING:
    from pbx_connector.engine.operation import FleetEngine

ProfileIdArgument = Annotated[str, typer.Argument(metavar="PROFILE", help="The profile's id.")]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="The workers of many phone systems, and what they are at.")
    group.command("prepare")(prepare)
    group.command("status")(show_status)
    group.command("run")(run)
    group.command("release")(release)
    app.add_typer(group, name="fleet")


def prepare(context: typer.Context) -> None:
    """Make the tables that workers need, or bring them to this version; before workers of it are started."""
    with Session.of(context).open_fleet() as fleet:
        from pbx_connector.engine import schema  # what only an extra has, which `open_fleet` asks for
        from pbx_connector.engine.database import EngineDatabase

        with closing(EngineDatabase(fleet.config.database)) as database:
            steps = schema.prepare(database)
    output.say(f"{counted(steps, 'step')} taken" if steps else "the control database is ready already")


def show_status(context: typer.Context, as_json: JsonOption = False) -> None:
    """Show queues, workers, and what is late or stopped; the exit code is 0 only if all is well."""
    with _engine(context) as engine:
        found = engine.status()
    if as_json:
        output.as_json(application.views.tenants.fleet_status(found))
    else:
        _show(found)
    if found.complaints:
        raise typer.Exit(EXIT_PARTIAL)


def run(
    context: typer.Context,
    tenant: TenantArgument,
    profile: ProfileIdArgument,
    full: Annotated[bool, typer.Option("--full", help="Read everything, whatever is known.")] = False,
) -> None:
    """Have a profile run as soon as a worker has a place; it goes before all that is scheduled."""
    with _engine(context) as engine:
        engine.run(tenant, profile, full=full)
        unserved = engine.unserved_since()
    output.say(f"profile {profile} of tenant {tenant} waits for a worker")
    if unserved:
        output.warn(f"no worker has been running since {output.local(unserved)}: pbx-connector worker starts one")


def release(context: typer.Context, tenant: TenantArgument, profile: ProfileIdArgument) -> None:
    """Let a profile run again that was quarantined or paused."""
    with _engine(context) as engine:
        engine.release(tenant, profile)
    output.say(f"profile {profile} of tenant {tenant} runs again")


@contextmanager
def _engine(context: typer.Context) -> Iterator[FleetEngine]:
    with Session.of(context).open_fleet() as fleet:
        from pbx_connector.engine.operation import FleetEngine  # see `prepare`

        with FleetEngine(fleet) as engine:
            yield engine


def _show(found: FleetStatus) -> None:
    output.say(f"{counted(found.tenants, 'tenant')} with {counted(found.profiles, 'profile')}")
    output.table(
        "Queues",
        ("queue", "waiting", "running", "oldest waits"),
        [
            (one.queue, str(one.waiting), str(one.running), in_words(one.oldest) if one.oldest else "")
            for one in found.queues
        ],
    )
    if found.workers:
        rows = [
            (
                f"{one.host} {one.process}",
                one.version,
                f"{one.running} of {one.places}",
                "dead" if one.dead else "stopping" if one.stopping else "working",
            )
            for one in found.workers
        ]
        output.table("Workers", ("worker", "version", "runs", "state"), rows)
    if found.late:
        late = [(one.tenant, one.profile, in_words(one.late)) for one in found.late]
        output.table(f"{found.late_count} late", ("tenant", "profile", "by"), late)
    if found.stopped:
        rows = [(one.tenant, one.profile, one.state, one.reason) for one in found.stopped]
        output.table(f"{found.stopped_count} stopped", ("tenant", "profile", "state", "why"), rows)
    if found.held:
        rows = [(one.tenant, one.source, one.reason, in_words(one.left)) for one in found.held]
        output.table(f"{found.held_count} sources left alone", ("tenant", "source", "why", "for"), rows)
    for complaint in found.complaints:
        output.warn(complaint)
