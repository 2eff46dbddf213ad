"""A command group whose subcommand may be left out: `history PROFILE` is `history list PROFILE`."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


class ListByDefault(TyperGroup):
    """Without a word that names a subcommand, `list` is meant."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        words = [word for word in args if not word.startswith("-")]
        helping = any(word in ("-h", "--help") for word in args) and not words
        if not helping and (not words or words[0] not in self.commands):
            args = ["list", *args]
        return super().parse_args(ctx, args)
