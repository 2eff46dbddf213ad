"""`pbx-connector tenants secrets …`: the encrypted secrets of each phone system; no command shows one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pbx_connector import application, files
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, Session, TenantArgument, WhoOption, local_user
from pbx_connector.counting import counted
from pbx_connector.errors import UsageError

if TYPE_CHECKING:
    from pbx_connector.tenants.vault import SecretRow

NameArgument = Annotated[str, typer.Argument(help="What profiles call it: {vault: NAME}.", metavar="NAME")]
FileOption = Annotated[Path | None, typer.Option("--file", help="A file that holds it; default: asked for, or stdin.")]
MAX_BYTES = 100_000


def add_to(group: typer.Typer) -> None:
    secrets = typer.Typer(no_args_is_help=True, help="The encrypted secrets of each phone system.")
    secrets.command("set")(set_secret)
    secrets.command("list")(list_secrets)
    secrets.command("remove")(remove_secret)
    secrets.command("rotate")(rotate)
    secrets.command("new-key")(new_key)
    group.add_typer(secrets, name="secrets")


def set_secret(
    context: typer.Context,
    id: TenantArgument,
    name: NameArgument,
    file: FileOption = None,
    who: WhoOption = "",
    as_json: JsonOption = False,
) -> None:
    """Keep a secret of a phone system, encrypted, in place of an earlier one of that name."""
    with Session.of(context).open_fleet() as fleet:
        application.tenants.set_secret(fleet, id, name, _value(file), who=who or local_user())
    if as_json:
        output.as_json(application.views.tenants.stored_secret(id, name))
    else:
        output.say(f"it is kept; the profiles of {id} name it as {{vault: {name}}}")


def list_secrets(context: typer.Context, id: TenantArgument, as_json: JsonOption = False) -> None:
    """List the names of a phone system's secrets."""
    with Session.of(context).open_fleet() as fleet:
        found = application.tenants.secrets(fleet, id)
    if as_json:
        output.as_json_list(map(application.views.tenants.secret, found))
    elif found:
        show_secrets(found)
    else:
        output.say(f"tenant {id} has no secret")


def remove_secret(context: typer.Context, id: TenantArgument, name: NameArgument, as_json: JsonOption = False) -> None:
    """Remove a secret of a phone system."""
    with Session.of(context).open_fleet() as fleet:
        application.tenants.remove_secret(fleet, id, name)
    if as_json:
        output.as_json(application.views.tenants.removed_secret(id, name))
    else:
        output.say("it is removed")


def rotate(context: typer.Context, as_json: JsonOption = False) -> None:
    """Encrypt all secrets with the first key of the key file; keys that none needs any more can go afterwards."""
    with Session.of(context).open_fleet() as fleet:
        many = application.tenants.rotate_secrets(fleet)
    if as_json:
        output.as_json(application.views.tenants.rotated_secrets(many))
    else:
        output.say(f"{counted(many, 'secret')} encrypted anew; all have the first key of the file now")


def new_key(context: typer.Context, as_json: JsonOption = False) -> None:
    """Make the key file, or add a key to it that is used from now on."""
    session = Session.of(context)
    with session.open_fleet() as fleet:
        key = application.tenants.new_key(fleet.config.keys)
        place = fleet.config.keys
    if as_json:
        output.as_json(application.views.tenants.new_key(key))
    else:
        output.say(f"key {key} is the first in {place}; copy the file to every worker, then: tenants secrets rotate")


def show_secrets(found: Sequence[SecretRow]) -> None:
    rows = [(one.name, output.local(datetime.fromtimestamp(one.changed, UTC)), one.who, one.key) for one in found]
    output.table("Secrets", ("name", "changed", "by", "key"), rows)


def _value(file: Path | None) -> str:
    """Never an argument, which other users of the machine could see."""
    if file is not None:
        try:
            return files.read_text(file, at_most=MAX_BYTES).rstrip("\r\n")
        except files.UnreadableFile as error:
            raise UsageError(f"{files.shown(file)} cannot be read: {error}", hint=error.hint) from None
    if sys.stdin.isatty():
        return str(typer.prompt("Secret", hide_input=True))
    return sys.stdin.read(MAX_BYTES + 1).rstrip("\r\n")
