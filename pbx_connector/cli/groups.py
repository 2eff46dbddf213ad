"""A command group whose subcommand may be left out: `history PROFILE` is `history list PROFILE`."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

_WITH_VALUE = ("--store", "--limit")


class ListByDefault(TyperGroup):
    """Without a word that names a subcommand, `list` is meant; options may stand before that word."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        place = _first_word(args)
        if place is not None and args[place] in self.commands:
            args = [args[place], *args[:place], *args[place + 1 :]]
        elif place is not None or not {"-h", "--help"} & set(args):
            args = ["list", *args]
        return super().parse_args(ctx, args)


def _first_word(args: list[str]) -> int | None:
    """Where the first argument stands that is neither an option nor an option's value."""
    return next(
        (
            place
            for place, argument in enumerate(args)
            if not argument.startswith("-") and (place == 0 or args[place - 1] not in _WITH_VALUE)
        ),
        None,
    )
