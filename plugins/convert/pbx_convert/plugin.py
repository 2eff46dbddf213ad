"""Adds the command `convert`; found through the entry point group `pbx_connector`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pbx_connector.api import Command, hookimpl

if TYPE_CHECKING:
    import typer


def _load() -> typer.Typer:
    from pbx_convert.command import load

    return load()


@hookimpl
def pbx_commands() -> Sequence[Command]:
    return (Command("convert", "Make a profile of the PHP and the JSON template of the original.", _load),)
