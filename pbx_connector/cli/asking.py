"""Asks before something goes: on a terminal a question, elsewhere `--yes` or nothing."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pbx_connector.errors import EXIT_INTERRUPTED, UsageError
from pbx_connector.visible import shown

YesOption = Annotated[bool, typer.Option("--yes", help="Agree without being asked.")]


def agree(question: str, *, yes: bool) -> None:
    """Raises `UsageError` (nothing was changed) unless the user agrees."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(question, hint="say --yes to agree; nothing was changed")
    try:
        agreed = typer.confirm(shown(question))
    except typer.Abort:
        raise typer.Exit(EXIT_INTERRUPTED) from None
    if not agreed:
        raise UsageError("nothing was changed")
