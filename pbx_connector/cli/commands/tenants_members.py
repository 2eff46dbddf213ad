"""`pbx-connector tenants members …`: which users of the provider see to a phone system, and as what."""

from __future__ import annotations

from typing import Annotated

import typer

from pbx_connector import application
from pbx_connector.application.audit import Actor, AuditAction, note_audit
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, Session, TenantArgument

NameArgument = Annotated[str, typer.Argument(help="A user of the provider's pages.", metavar="NAME")]
RoleOption = Annotated[str, typer.Option("--role", help="reader, editor, releaser or admin.")]


def add_to(group: typer.Typer) -> None:
    members = typer.Typer(no_args_is_help=True, help="Which users of the provider see to a phone system.")
    members.command("add")(add)
    members.command("list")(list_members)
    members.command("remove")(remove)
    group.add_typer(members, name="members")


def add(
    context: typer.Context, id: TenantArgument, name: NameArgument, role: RoleOption, as_json: JsonOption = False
) -> None:
    """Let a user of the provider see to a phone system, or give a member another role."""
    wanted = application.users.role_of(role)
    with Session.of(context).open_fleet() as fleet, fleet.open_provider_store() as users:
        member = application.members.set_member(fleet, users, id, name, wanted)
        detail = {"user": member.user, "role": str(member.role)}
        note_audit(users, Actor(), AuditAction.MEMBER_SET, id, detail=detail)
    if as_json:
        output.as_json(application.views.tenants.member(member))
    else:
        output.say(f"{member.user} sees to tenant {id} as {member.role}")


def list_members(context: typer.Context, id: TenantArgument, as_json: JsonOption = False) -> None:
    """List who sees to a phone system, besides the provider's administrators, who see to all."""
    with Session.of(context).open_fleet() as fleet:
        found = application.members.members_of(fleet, id)
    if as_json:
        output.as_json_list(map(application.views.tenants.member, found))
    elif found:
        output.table("", ("user", "role"), [(one.user, str(one.role)) for one in found])
    else:
        output.say(f"tenant {id} has no members: the provider's administrators alone see to it")


def remove(context: typer.Context, id: TenantArgument, name: NameArgument, as_json: JsonOption = False) -> None:
    """End a membership; whoever is on the phone system's pages by it is logged out there at once."""
    with Session.of(context).open_fleet() as fleet, fleet.open_provider_store() as users:
        application.members.remove_member(fleet, id, name)
        note_audit(users, Actor(), AuditAction.MEMBER_REMOVED, id, detail={"user": name})
    if as_json:
        output.as_json(application.views.tenants.removed_member(id, name))
    else:
        output.say(f"{name} sees to tenant {id} no more")
