"""What the plugin adds to the core; found through the entry point group `pbx_connector`. What only some commands need
is imported where it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pbx_connector.api import Command, DeviceAccess, Exporter, PluginConfig, PluginContext, Server, hookimpl

if TYPE_CHECKING:
    import typer


def _load() -> typer.Typer:
    from pbx_directory.command import load

    return load()


@hookimpl
def pbx_commands() -> Sequence[Command]:
    return (Command("directory", "Phones read the phone book: serve them, and say which may ask.", _load),)


@hookimpl
def pbx_config() -> PluginConfig:
    from pbx_directory.settings import OF_THE_MACHINE, DirectorySettings

    return PluginConfig(DirectorySettings, OF_THE_MACHINE)


@hookimpl
def pbx_exporters() -> Sequence[Exporter]:
    from pbx_directory.exporters import exporters

    return exporters()


@hookimpl
def pbx_servers(context: PluginContext) -> Sequence[Server]:
    settings = context.operator.config.plugins.get(context.plugin)
    if settings is None or not settings.serves:
        return ()
    from pbx_directory.server import sides
    from pbx_directory.systems import served_systems

    return sides(served_systems(context), context.operator.plugins.exporters, settings)


@hookimpl
def pbx_device_access(context: PluginContext) -> Sequence[DeviceAccess]:
    from pbx_directory.device_access import device_access

    return (device_access(context),)
