"""The commands that plugins add: asked for when a command is none of the core's, or when all are listed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand

from pbx_connector.cli.session import Session
from pbx_connector.errors import ConnectorError, PluginError
from pbx_connector.extensions import Command, PluginContext
from pbx_connector.machine import machine_error

if TYPE_CHECKING:
    from pbx_connector.application.phone_systems import PhoneSystems

PANEL = "Commands of plugins"


def plugin_commands(context: Any, taken: Collection[str]) -> Mapping[str, TyperCommand]:
    """By name; `taken` are the core's own. A broken plugin is named on stderr."""
    if context.obj is None:  # the options are not read yet
        context.obj = Session()
    found = context.obj.plugin_commands(taken)
    return {name: _Deferred(plugin, command) for name, (plugin, command) in found.items()}


class _Deferred(TyperCommand):
    """Stands in the list of commands; what it stands for is loaded when it is called."""

    def __init__(self, plugin: str, command: Command) -> None:
        super().__init__(command.name, help=command.help, rich_help_panel=PANEL)
        self._plugin = plugin
        self._command = command

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        real = self._loaded()
        return real.make_context(info_name, args, parent=parent, obj=_context_for(self._plugin, parent), **extra)

    def _loaded(self) -> Any:
        """Raises `PluginError`: the command is all that is lost."""
        try:
            return typer.main.get_command(self._command.load())
        except ConnectorError:
            raise
        except (Exception, SystemExit) as error:
            if lacking := machine_error(error):
                raise lacking from error
            reason = f"{type(error).__name__}: {error}"
            raise PluginError(
                f"plugin {self._plugin!r} cannot load its command {self._command.name!r}: {reason}",
                hint="tell the plugin's author; all other commands work",
            ) from error


def _context_for(plugin: str, root: Any) -> PluginContext:
    """What `context.obj` is in the plugin's command. The phone book that it reads is closed with the command line."""
    stack = ExitStack()
    root.call_on_close(stack.close)

    def phone_systems() -> PhoneSystems | None:
        session: Session = root.obj
        one_alone = session.choice.tenant or session.config.control is None
        return None if one_alone else session.phone_systems

    return PluginContext(
        plugin,
        installation=lambda: root.obj.installation,
        store=cache(lambda: stack.enter_context(root.obj.open_store_to_look())),
        open_store=lambda: root.obj.open_store(),
        store_url=lambda: root.obj.store_url,
        phone_systems=phone_systems,
        phone_system=root.obj.choice.tenant,
        host_name=lambda: root.obj.phone_system.host_name if root.obj.phone_system else "",
        operator=lambda: root.obj.operator,
    )
