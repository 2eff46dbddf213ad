"""`pbx-connector tenants hosts …`: by which names phones and browsers reach a phone system."""

from __future__ import annotations

from typing import Annotated

import typer

from pbx_connector import application
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, Session, TenantArgument

NameArgument = Annotated[str, typer.Argument(help="A host name, such as phones.example.com.", metavar="NAME")]


def add_to(group: typer.Typer) -> None:
    hosts = typer.Typer(no_args_is_help=True, help="By which host names phones and browsers reach a phone system.")
    hosts.command("add")(add)
    hosts.command("list")(list_hosts)
    hosts.command("remove")(remove)
    group.add_typer(hosts, name="hosts")


def add(context: typer.Context, id: TenantArgument, name: NameArgument, as_json: JsonOption = False) -> None:
    """Let a phone system be reached by another host name; DNS and certificates are yours to see to."""
    with Session.of(context).open_fleet() as fleet:
        added = application.tenants.add_host(fleet, id, name)
    if as_json:
        output.as_json(application.views.tenants.added_host(id, added))
    else:
        output.say(f"{added} leads to tenant {id}")


def list_hosts(context: typer.Context, id: TenantArgument, as_json: JsonOption = False) -> None:
    """List the host names of a phone system, the one in the domain of all last."""
    with Session.of(context).open_fleet() as fleet:
        found = application.tenants.hosts(fleet, id)
    if as_json:
        output.as_json_list(found)
        return
    for name in found:
        output.say(name)
    if not found:
        output.say(f"no host name leads to tenant {id}: control: {{domain: …}}, or pbx-connector tenants hosts add")


def remove(context: typer.Context, id: TenantArgument, name: NameArgument, as_json: JsonOption = False) -> None:
    """Let a host name lead to a phone system no more."""
    with Session.of(context).open_fleet() as fleet:
        removed = application.tenants.remove_host(fleet, id, name)
    if as_json:
        output.as_json(application.views.tenants.removed_host(id, removed))
    else:
        output.say(f"{removed} leads to tenant {id} no more")
