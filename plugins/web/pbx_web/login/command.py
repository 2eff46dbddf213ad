"""`pbx-connector web setup` and `web users`: who may log in to the pages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from pbx_connector.api import PluginContext, Store, User, application, shown
from pbx_web.login.addresses import NOWHERE, url_at, url_of
from pbx_web.settings import WebSettings

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
NameArgument = Annotated[str, typer.Argument(help="The user's name.", metavar="NAME")]
RoleArgument = Annotated[str, typer.Argument(help="reader, editor, releaser or admin.", metavar="ROLE")]


def register(app: typer.Typer) -> None:
    app.command("setup")(set_up)
    users = typer.Typer(add_completion=False, no_args_is_help=True, help="Who may log in, and as what.")
    users.command("add")(add)
    users.command("list")(list_users)
    users.command("role")(change_role)
    users.command("disable")(disable)
    users.command("remove")(remove)
    app.add_typer(users, name="users")


def set_up(
    context: typer.Context,
    user: Annotated[
        str | None, typer.Option("--user", help="Whose password is chosen anew; default: the first administrator's.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print a link by which somebody chooses a password. It can be used once, within an hour."""
    plugin: PluginContext = context.obj
    with open_users(plugin) as store:
        link = setup_link(plugin, store, user)
    _print({"setup": link}, as_json, [link])


def add(
    context: typer.Context,
    name: NameArgument,
    role: Annotated[str, typer.Option("--role", help="reader, editor, releaser or admin.")] = "reader",
    personal: Annotated[bool, typer.Option("--personal", help="Lets them see private entries, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Add a user, and print the link by which the password is chosen, once and within an hour."""
    plugin: PluginContext = context.obj
    wanted = application.users.role_of(role)
    with open_users(plugin) as store:
        user = application.users.add_user(store, name, wanted, personal=personal)
        forget_memberships(plugin, user.name)  # of who was called so before
        _note(store, application.audit.AuditAction.USER_ADDED, user)
        link = setup_link(plugin, store, user.name)
    _print({"user": application.views.user(user), "setup": link}, as_json, [link])


def list_users(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the users with their roles."""
    plugin: PluginContext = context.obj
    with open_users(plugin) as store:
        users = store.users()
    lines = [_line(user) for user in users] or ["nobody may log in; the first administrator: pbx-connector web setup"]
    _print([application.views.user(user) for user in users], as_json, lines)


def change_role(context: typer.Context, name: NameArgument, role: RoleArgument, as_json: JsonOption = False) -> None:
    """Give a user another role; whoever is logged in as that user has to log in anew."""
    plugin: PluginContext = context.obj
    wanted = application.users.role_of(role)
    with open_users(plugin) as store:
        user = application.users.change_role(store, name, wanted)
        _note(store, application.audit.AuditAction.USER_CHANGED, user)
    _print(application.views.user(user), as_json, [_line(user)])


def disable(
    context: typer.Context,
    name: NameArgument,
    undo: Annotated[bool, typer.Option("--undo", help="Let the user log in again.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Keep a user out, at once; what the user did stays in the audit."""
    plugin: PluginContext = context.obj
    with open_users(plugin) as store:
        user = application.users.disable_user(store, name, not undo)
        _note(store, application.audit.AuditAction.USER_CHANGED, user)
    _print(application.views.user(user), as_json, [_line(user)])


def remove(context: typer.Context, name: NameArgument, as_json: JsonOption = False) -> None:
    """Remove a user; what the user did stays in the audit."""
    plugin: PluginContext = context.obj
    with open_users(plugin) as store:
        user = application.users.remove_user(store, name)
        forget_memberships(plugin, user.name)
        _note(store, application.audit.AuditAction.USER_REMOVED, user)
    _print(application.views.user(user), as_json, [f"{user.name} is removed"])


def open_users(plugin: PluginContext) -> Store:
    """What says who may log in, to be closed: the provider's own where there are many phone systems."""
    systems = plugin.phone_systems
    return systems.fleet.open_provider_store() if systems else plugin.open_store()


def forget_memberships(plugin: PluginContext, name: str) -> None:
    """Where there are many phone systems: a user who is gone, or is new, is a member of nothing."""
    if systems := plugin.phone_systems:
        application.members.forget_user(systems.fleet, name)


def setup_link(plugin: PluginContext, store: Store, user: str | None, url: str = "") -> str:
    """`url` is where the pages are served, if it is known. Raises `UsageError`."""
    token = application.setup_links.make_setup_link(store, user, plugin.clock())
    url = url or _url(plugin, store)
    if url == NOWHERE:
        typer.echo(f"note: {_why_nowhere(plugin)}", err=True)
    return f"{url}/setup/{token}"


def _url(plugin: PluginContext, store: Store) -> str:
    settings = plugin.operator.config.plugins.get(plugin.plugin) or WebSettings()
    if plugin.phone_system is None:
        return url_of(settings, store)
    host = plugin.host_name
    return url_at(settings, host) if host else NOWHERE


def _why_nowhere(plugin: PluginContext) -> str:
    if plugin.phone_system is None:
        return "the pages are not served yet: ADDRESS is what pbx-connector web will say"
    ways = f"control: {{domain: …}}, or pbx-connector tenants hosts add {plugin.phone_system} NAME"
    return f"no host name leads to the pages of {plugin.phone_system}, so give it one: {ways}"


def _note(store: Store, action: application.audit.AuditAction, user: User) -> None:
    state = "disabled" if user.disabled else "enabled"
    detail = {"role": str(user.role), "state": state}
    application.audit.note_audit(store, application.audit.Actor(), action, user.name, detail=detail)


def _line(user: User) -> str:
    said = ["disabled"] if user.disabled else []
    said += [way for way in (_way_in(user),) if way]
    said += ["sees private entries"] if user.personal else []
    return f"{user.name:24} {user.role:9} {', '.join(said)}".rstrip()


def _way_in(user: User) -> str:
    if user.is_visitor:
        return "comes from the provider's pages"
    if user.subject:
        return "single sign-on"
    return "" if user.password else "has no password yet"


def _print(said: Any, as_json: bool, lines: Sequence[str]) -> None:
    typer.echo(json.dumps(said) if as_json else "\n".join(map(shown, lines)))
