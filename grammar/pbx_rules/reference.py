"""Writes the reference page of the functions from their registry: `python -m pbx_rules.reference > functions.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from pbx_rules.functions.builtin import BUILTIN
from pbx_rules.functions.registry import Function, Parameter, Registry
from pbx_rules.types import Type

_HEAD = """\
# Functions

Made from the registry by `python -m pbx_rules.reference`; the tests execute every example. Names are read without
case. A blank first argument makes the result blank, unless said otherwise. An argument can be given by its name, too:
`pad("7", n: 3)`.
"""


def functions_page(functions: Registry = BUILTIN) -> str:
    """The whole page."""
    families: dict[str, list[Function]] = {}
    for function in functions:
        families.setdefault(function.family, []).append(function)
    sections = [_section(family, members) for family, members in families.items()]
    return "\n".join([_HEAD, *sections])


def _section(family: str, members: list[Function]) -> str:
    return "\n".join([f"## {family.capitalize()}\n", *map(_entry, members)])


def _entry(function: Function) -> str:
    return "\n".join([f"### `{function.signature}`\n", f"{function.doc}\n", *_details(function), *_examples(function)])


def _details(function: Function) -> Iterator[str]:
    for parameter in function.parameters:
        told = _told(parameter)
        if told:
            yield f"* `{parameter.name}`: {told}"
    result = function.result
    if isinstance(result, Type) and not function.form:
        yield f"* gives: {result}{' or blank' if result.maybe_blank else ''}"
    yield ""


def _told(parameter: Parameter) -> str:
    kind = "" if parameter.accepts == "any" else f"{parameter.accepts}"
    literal = "spelled out, no field or variable" if parameter.literal else ""
    return "; ".join(part for part in (kind, parameter.doc, literal) if part)


def _examples(function: Function) -> Iterator[str]:
    width = max((len(example.expression) for example in function.examples), default=0)
    yield "```values"
    yield from (f"{example.expression:<{width}} → {example.result}" for example in function.examples)
    yield "```\n"


if __name__ == "__main__":
    sys.stdout.write(functions_page())
