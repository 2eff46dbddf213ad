"""`pbx-connector web`: serves the administrator's pages, and says who may log in."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Annotated

import typer

from pbx_connector.api import PluginContext, Store, UsageError, set_up_logs, shown, until_stopped
from pbx_web.login.command import open_users, register, setup_link
from pbx_web.settings import LOOPBACK, WebSettings

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def load() -> typer.Typer:
    app = typer.Typer(help="The administrator's pages: serve them, and say who may log in.")
    app.callback(invoke_without_command=True)(serve)
    register(app)
    return app


def serve(
    context: typer.Context,
    listen: Annotated[str | None, typer.Option("--listen", help="Address and port; default: as configured.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Serve the pages until SIGTERM or Ctrl-C; without a configuration on a free port of this machine alone."""
    if context.invoked_subcommand is not None:
        return
    from pbx_web.server import PagesServer

    plugin: PluginContext = context.obj
    if plugin.phone_system:
        hint = "leave --tenant out: each is reached by its host names"
        raise UsageError("the pages of all phone systems are served together", hint=hint)
    settings = (plugin.settings or WebSettings()).model_copy(update={"listen": listen} if listen else {})
    settings = WebSettings.model_validate(settings.model_dump(exclude_unset=True))
    set_up_logs(plugin.config.service.log)
    stop = until_stopped()
    with ExitStack() as stack:
        store = stack.enter_context(open_users(plugin))
        own = None if plugin.phone_systems else lambda: store
        server = PagesServer(plugin, settings, settings.listen or LOOPBACK, own)
        server.start()
        stack.callback(server.stop)
        setup = _first_link(plugin, store, server.address)
        said = {"url": server.address, "setup": setup or None}
        typer.echo(json.dumps(said) if as_json else shown(setup or server.address))
        stop.wait()


def _first_link(plugin: PluginContext, store: Store, url: str) -> str:
    """By which the first administrator gets in; empty once there is one."""
    if any(user.is_working_admin for user in store.users()):
        return ""
    return setup_link(plugin, store, None, url)
