"""PHP's functions, each with what says the same: one small translator a function, found by its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tree_sitter import Node

from pbx_convert.findings import CannotSay
from pbx_convert.php.syntax import named, part, source
from pbx_convert.php.translator import Translator, expression
from pbx_convert.php.values import Array, Scalar, Value
from pbx_convert.terms import Number, Text

Translate = Callable[[Translator, Sequence[Node], Node], Value]

FUNCTIONS: dict[str, Translate] = {}


def function(*names: str, arguments: tuple[int, int]) -> Callable[[Translate], Translate]:
    """Registers what translates calls of these; `arguments`: how many at least and at most."""

    def register(translate: Translate) -> Translate:
        least, most = arguments

        def checked(translator: Translator, given: Sequence[Node], node: Node) -> Value:
            if not least <= len(given) <= most:
                raise CannotSay(f"{names[0]}() with {len(given)} arguments has no counterpart")
            return translate(translator, given, node)

        FUNCTIONS.update(dict.fromkeys(names, checked))
        return translate

    return register


@expression("function_call_expression")
def call(translator: Translator, node: Node) -> Value:
    name = source(part(node, "function")).lower().removeprefix("\\")
    translate = FUNCTIONS.get(name)
    if translate is None:
        raise CannotSay(f"{name[:40]}() has no counterpart")
    arguments = [named(argument) for argument in named(part(node, "arguments"))]
    if any(len(argument) != 1 or argument[0].type == "variadic_unpacking" for argument in arguments):
        raise CannotSay(f"such arguments of {name[:40]}() have no counterpart")
    return translate(translator, [argument[0] for argument in arguments], node)


def spelled_out(translator: Translator, node: Node) -> str:
    """A text that is a literal. Raises `CannotSay` for any other."""
    match translator.value(node):
        case Scalar(Text(value), "text"):
            return value
    raise CannotSay(f"`{source(node)[:40]}` must be spelled out")


def number(translator: Translator, node: Node) -> int:
    match translator.value(node):
        case Scalar(Number(value), "number"):
            return value
    raise CannotSay(f"`{source(node)[:40]}` must be a number that is spelled out")


def texts(value: Value) -> list[str]:
    """One text or an array of texts, all spelled out."""
    items = [item for _, item in value.items] if isinstance(value, Array) else [value]
    found = []
    for item in items:
        match item:
            case Scalar(Text(text), "text"):
                found.append(text)
            case Scalar(Number(digits), "number"):
                found.append(str(digits))
            case _:
                raise CannotSay("these texts must be spelled out")
    return found
