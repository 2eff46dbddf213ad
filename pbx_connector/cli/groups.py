"""The command groups that Typer does not have: commands that are imported when they are called, and a group whose
subcommand may be left out: `history PROFILE` is `history list PROFILE`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from typer.core import TyperCommand, TyperGroup

from pbx_connector.cli import commands
from pbx_connector.cli.phone_system import choice


class CommandsOnCall(TyperGroup):
    """Shows the commands by the table, so that neither the help page nor a completed name imports them all."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands.update({name: TyperCommand(name, help=text) for name, text in commands.COMMANDS.items()})

    def list_commands(self, ctx: Any) -> list[str]:
        own = super().list_commands(ctx)
        return [*own, *self._of_plugins(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return super().get_command(ctx, cmd_name) or self._of_plugins(ctx).get(cmd_name)

    def _of_plugins(self, ctx: Any) -> Mapping[str, TyperCommand]:
        """Plugins are loaded for the list of commands, and for one that is none of the core's."""
        from pbx_connector.cli.plugin_commands import plugin_commands

        return plugin_commands(ctx, self.commands)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        if not ctx.resilient_parsing and not {"-h", "--help"} & set(rest):
            choice(ctx).require_fits(name)
        return name, commands.load(name) if name in commands.COMMANDS else command, rest


class ListByDefault(TyperGroup):
    """Without a word that names a subcommand, `list` is meant; options may stand before that word."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        place = _first_word(args, self._with_value())
        if place is not None and args[place] in self.commands:
            args = [args[place], *args[:place], *args[place + 1 :]]
        elif place is not None or not {"-h", "--help"} & set(args):
            args = ["list", *args]
        return super().parse_args(ctx, args)

    def _with_value(self) -> set[str]:
        """The options of `list` that are followed by a value."""
        params = self.commands["list"].params
        return {name for param in params if not getattr(param, "is_flag", False) for name in param.opts}


def _first_word(args: list[str], with_value: Collection[str]) -> int | None:
    """Where the first argument stands that is neither an option nor an option's value."""
    return next(
        (
            place
            for place, argument in enumerate(args)
            if not argument.startswith("-") and (place == 0 or args[place - 1] not in with_value)
        ),
        None,
    )
