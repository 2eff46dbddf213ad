"""What the plugin adds to the core; found through the entry point group `pbx_connector`. What only some commands need
is imported where it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pbx_connector.api import Command, PluginConfig, PluginContext, Server, hookimpl

if TYPE_CHECKING:
    import typer


def _load() -> typer.Typer:
    from pbx_web.command import load

    return load()


@hookimpl
def pbx_commands() -> Sequence[Command]:
    return (Command("web", "The administrator's pages: serve them, and say who may log in.", _load),)


@hookimpl
def pbx_config() -> PluginConfig:
    from pbx_web.settings import OF_THE_MACHINE, WebSettings

    return PluginConfig(WebSettings, OF_THE_MACHINE, own_address="url")


@hookimpl
def pbx_servers(context: PluginContext) -> Sequence[Server]:
    settings = context.settings
    if settings is None or not settings.listen:
        return ()
    from pbx_web.server import PagesServer

    return (PagesServer(context, settings, settings.listen),)
