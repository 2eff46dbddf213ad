"""Commands whose options come from a table: Typer makes commands from signatures, so these are made from the table."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Annotated, Any, TypeVar

import typer

Command = TypeVar("Command", bound=Callable[..., None])


def option(name: str, kind: Any, text: str) -> inspect.Parameter:
    """An optional `--name` of type `kind`; None if it is not given."""
    flag = f"--{name}".replace("_", "-")
    annotation = Annotated[kind | None, typer.Option(flag, help=text)]
    return inspect.Parameter(
        name.replace("-", "_"), inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
    )


def with_options(command: Command, options: Iterable[inspect.Parameter]) -> Command:
    """`command` with these instead of its `**options`; its own parameters come first."""
    own = [
        parameter
        for parameter in inspect.signature(command, eval_str=True).parameters.values()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    parameters = sorted([*own, *options], key=lambda parameter: parameter.kind)
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # as `inspect` reads it
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command
