"""`pbx-connector tenants publish FOLDER`, `versions` and `rollback`: what runs for each phone system."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pbx_connector import application
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, Session, TenantArgument, WhoOption, local_user
from pbx_connector.counting import counted
from pbx_connector.errors import EXIT_PARTIAL, EXIT_REFUSED, EXIT_USAGE

if TYPE_CHECKING:
    from pbx_connector.application.fleet import Fleet
    from pbx_connector.application.publishing import Publication, Published, Status
    from pbx_connector.tenants.versions import PublishedVersion

SimulateOption = Annotated[bool, typer.Option("--simulate", help="Only show what differs, and what is wrong.")]


def add_to(group: typer.Typer) -> None:
    group.command("publish")(publish)
    group.command("versions")(versions)
    group.command("rollback")(rollback)


def publish(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="It has a folder for each tenant.", metavar="FOLDER")],
    only: Annotated[list[str] | None, typer.Argument(help="Only these.", metavar="TENANT")] = None,
    simulate: SimulateOption = False,
    add: Annotated[bool, typer.Option("--add", help="Add the tenants that are not there yet.")] = False,
    note: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    who: WhoOption = "",
    as_json: JsonOption = False,
) -> None:
    """Publish what differs of a folder of phone systems; nothing of one that has a mistake in it."""
    with Session.of(context).open_fleet() as fleet:
        by = who or local_user()
        adding = application.tenants.require_addable if simulate else application.tenants.add
        added = partial(adding, fleet) if add else None
        planned = application.publishing.publications(fleet, folder, only=only or (), who=by, note=note, add=added)
        results = [_published(fleet, one, simulate=simulate, as_json=as_json) for one in planned]
    _end(results, as_json=as_json)


def rollback(
    context: typer.Context,
    id: TenantArgument,
    number: Annotated[int, typer.Argument(help="The version.", metavar="VERSION")],
    simulate: SimulateOption = False,
    who: WhoOption = "",
    as_json: JsonOption = False,
) -> None:
    """Publish the files of an earlier version again, as a new version."""
    with Session.of(context).open_fleet() as fleet:
        planned = application.publishing.roll_back(fleet, id, number, who=who or local_user())
        results = [_published(fleet, planned, simulate=simulate, as_json=as_json)]
    _end(results, as_json=as_json)


def versions(context: typer.Context, id: TenantArgument, as_json: JsonOption = False) -> None:
    """List what was published for a phone system, the latest first."""
    with Session.of(context).open_fleet() as fleet:
        found = application.tenants.details(fleet, id).versions
    if as_json:
        output.as_json_list(map(application.views.tenants.version, found))
    elif found:
        show_versions(found)
    else:
        output.say("nothing is published yet: pbx-connector tenants publish FOLDER")


def show_versions(found: Sequence[PublishedVersion]) -> None:
    rows = [
        (str(one.number), output.local(datetime.fromtimestamp(one.made, UTC)), one.who, one.digest[:12], one.note)
        for one in found
    ]
    output.table("Versions", ("number", "published", "by", "digest", "note"), rows)


def _published(fleet: Fleet, publication: Publication, *, simulate: bool, as_json: bool) -> Status:
    """Each is told of at once: there may be thousands."""
    of = application.publishing.result(fleet, publication, simulate=simulate)
    if as_json:
        output.as_json_line(application.views.tenants.published(of))
    else:
        _tell(of, application.publishing.differences(fleet, publication) if simulate else (), simulate=simulate)
    return of.status


def _tell(of: Published, differences: Iterable[str], *, simulate: bool) -> None:
    tenant, changes = of.publication.tenant, of.publication.changes
    for file in of.publication.files:
        output.diagnostics(file.findings, file.text)
    if of.error:
        output.failure(of.error)
    if of.publication.adds_tenant:
        output.say(f"{tenant}: would be added" if simulate else f"{tenant}: added")
    for sign, paths in (("+", changes.added), ("~", changes.changed), ("-", changes.removed)):
        for path in paths:
            output.say(f"{tenant}: {sign} {path}")
    for line in differences:
        output.say(f"    {line}")
    if of.status != "unchanged":
        output.say(f"{tenant}: {of.status}" + (f" as version {of.version.number}" if of.version else ""))


def _end(results: Sequence[Status], *, as_json: bool) -> None:
    """The exit code says whether all was well, some, or none."""
    of = Counter(map(str, results))
    if not as_json:
        told = ", ".join(f"{many} {status}" for status, many in sorted(of.items()))
        output.say(f"{counted(len(results), 'tenant')}: {told}" if told else "there is no folder of a tenant in it")
    bad = of["wrong"] + of["refused"]
    if bad and bad < len(results):
        raise typer.Exit(EXIT_PARTIAL)
    if bad:
        raise typer.Exit(EXIT_USAGE if of["wrong"] else EXIT_REFUSED)
