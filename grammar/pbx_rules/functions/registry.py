"""What a function of the language is: its name, typed parameters, result, docs and examples in one place.

The checker reads parameters and result, the back ends call `run`, the reference and the completion read the docs, and
the tests execute the examples. A plugin adds functions by making a `Registry` of its own from `BUILTIN`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from pbx_rules.runtime.limits import DEFAULT, Cost
from pbx_rules.types import Type

Accepts: TypeAlias = Literal["text", "number", "yes/no", "date", "list", "any", "pattern", "text or pattern"]


class Required:
    """The default of a parameter that has none."""

    def __repr__(self) -> str:
        return "REQUIRED"


class ProfileRegion:
    """The default of a parameter that falls back to the profile's `region:`."""

    def __repr__(self) -> str:
        return "the profile's region"


REQUIRED: Final = Required()
PROFILE_REGION: Final = ProfileRegion()


@dataclass(frozen=True, slots=True)
class Parameter:
    """Arguments arrive converted: a text as str, a number as Decimal, a list as tuple, a pattern compiled."""

    name: str
    accepts: Accepts = "text"
    doc: str = ""
    default: Any = REQUIRED
    many: bool = False
    """The last one may stand any number of times."""
    literal: bool = False
    """Its value must be spelled out, so that it can be checked before a run."""
    takes_blank: bool = False
    """Blank arrives as None. Otherwise a blank first argument, or a blank that is no text, makes the result blank; a
    later text that is blank arrives as ""."""
    written: bool = False
    """A text of only white space counts as written, as for a separator."""
    prepare: Callable[[Any], Any] | None = None
    """Turns a literal into what `run` gets, once, before the run. Raises ValueError, saying what is wrong with it."""
    code: str = "R0303"
    """The diagnostic when `prepare` refuses a literal."""

    @property
    def required(self) -> bool:
        return isinstance(self.default, Required) and not self.many


@dataclass(frozen=True, slots=True)
class Example:
    """An expression of the language and what it gives, also written in the language. The tests execute it."""

    expression: str
    result: str


Result: TypeAlias = "Type | Callable[[tuple[Type, ...]], Type]"


@dataclass(frozen=True, slots=True)
class Function:
    """A function that rules can call: all that checker, command line, editors and documentation know of it."""

    name: str
    """In small letters; calls are read without case."""
    family: str
    doc: str
    parameters: tuple[Parameter, ...]
    result: Result
    """A type, or a function of the arguments' types. Its `maybe_blank` tells whether the result can be blank although
    nothing that goes in is."""
    run: Callable[..., Any]
    """Pure, and never raises for values of the parameters' types; gives None for blank, never empty or white text."""
    examples: tuple[Example, ...] = ()
    form: str = ""
    """For `if`, `switch` and `lookup`, which do not evaluate all that stands in their parentheses: who checks them."""
    cost: Cost = DEFAULT
    """What a row pays for a call, before it is made; the default is enough to read each character a few times."""
    unread: str = ""
    """What a text is that the function gives blank for, such as `no telephone number`: it is reported, because somebody
    meant it. Empty where blank is an answer like any other. The other arguments must be spelled out."""

    @property
    def signature(self) -> str:
        """As documentation shows it: `mid(text, start, n)`."""
        return f"{self.name}({', '.join(map(_shown, self.parameters))})"


def _shown(parameter: Parameter) -> str:
    if parameter.many:
        return f"{parameter.name}, …"
    if isinstance(parameter.default, Required):
        return parameter.name
    if isinstance(parameter.default, ProfileRegion):
        return f"{parameter.name}: {parameter.default}"
    shown = f'"{parameter.default}"' if isinstance(parameter.default, str) else parameter.default
    return f"{parameter.name}: {'blank' if shown is None else shown}"


class Registry:
    """Functions by name. Raises ValueError if two have the same."""

    def __init__(self, functions: Iterable[Function]) -> None:
        self._functions: dict[str, Function] = {}
        for function in functions:
            if function.name in self._functions:
                raise ValueError(f"there are two functions named {function.name}")
            if function.name != function.name.lower() or not function.name.isidentifier():
                raise ValueError(f"{function.name!r} cannot name a function: small letters, digits and _")
            self._functions[function.name] = function

    def get(self, name: str) -> Function | None:
        """Without regard to case."""
        return self._functions.get(name.lower())

    def extended(self, functions: Iterable[Function]) -> Registry:
        return Registry([*self, *functions])

    def __iter__(self) -> Iterator[Function]:
        return iter(self._functions.values())

    def names(self) -> tuple[str, ...]:
        return tuple(self._functions)
