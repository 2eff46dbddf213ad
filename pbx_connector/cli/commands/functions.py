"""`pbx-connector functions [NAME]`: the functions of the rule language, those that plugins add among them."""

from __future__ import annotations

from typing import Annotated

import typer
from pbx_rules import Function, Registry
from pbx_rules.suggest import nearest
from pbx_rules.types import Type

from pbx_connector.application import views
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, Session
from pbx_connector.errors import UsageError


def add_to(app: typer.Typer) -> None:
    @app.command("functions")
    def functions(
        context: typer.Context,
        name: Annotated[str | None, typer.Argument(help="One function, to be described in full.")] = None,
        as_json: JsonOption = False,
    ) -> None:
        """List the functions that rules can call, or describe one of them."""
        known = Session.of(context).plugins.functions
        chosen = [_one(name, known)] if name else list(known)
        if as_json:
            output.as_json([views.function(function) for function in chosen])
        elif name:
            _describe(chosen[0])
        else:
            output.table("", ("family", "function", "result"), [(f.family, f.signature, f.doc) for f in chosen])


def _one(name: str, known: Registry) -> Function:
    function = known.get(name)
    if function is None:
        close = nearest(name, known.names())
        hint = f"did you mean {close}?" if close else "pbx-connector functions lists all of them"
        raise UsageError(f"unknown function {name!r}", hint=hint)
    return function


def _describe(function: Function) -> None:
    output.say(function.signature, style="bold")
    output.say(f"  {function.doc}")
    described = [parameter for parameter in function.parameters if parameter.doc]
    for parameter in described:
        output.say(f"  {parameter.name}: {parameter.doc}")
    output.say(f"  result: {_result(function)}")
    for example in function.examples:
        output.say(f"    {example.expression} gives {example.result}")


def _result(function: Function) -> str:
    return str(function.result) if isinstance(function.result, Type) else "depends on the arguments"
