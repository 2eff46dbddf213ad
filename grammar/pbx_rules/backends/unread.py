"""Texts that somebody meant as something, such as a telephone number, and that a function gives blank for.

Silence would be the fault: an entry without a number looks like one whose number is not known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from pbx_rules import typed
from pbx_rules.typed import Typed
from pbx_rules.typed_walk import walk


def source_of(call: typed.Call) -> str:
    """Where the text comes from, as the rules write it; empty if nothing is to be reported."""
    return _source(call.arguments[0]) if call.function.unread and call.arguments else ""


def _source(node: Typed) -> str:
    """The first field, else the first variable or element of a loop."""
    below = list(walk(node))
    fields = [f"[{found.name}]" for found in below if isinstance(found, typed.Field)]
    others = [_name(found) for found in below if isinstance(found, typed.Variable | typed.Item)]
    return next(iter((*fields, *others)), "")


def _name(node: typed.Variable | typed.Item) -> str:
    return node.name if isinstance(node, typed.Variable) else node.slot.rstrip("0123456789")


class Readings:
    """All that the rules try on a source: `phone([A]) else phone([A], region: "AT")` has two readings."""

    def __init__(self, nodes: Iterable[Typed] = ()) -> None:
        self._tried: dict[str, list[Callable[[str], Any]]] = defaultdict(list)
        for node in nodes:
            if isinstance(node, typed.Call) and (source := source_of(node)):
                others = [other.value for other in node.arguments[1:] if isinstance(other, typed.Constant)]
                self._tried[source].append(partial(_read, node.function.run, others))

    def has(self, source: str, text: str) -> bool:
        """Whether one of them makes something of the text."""
        return any(read(text) is not None for read in self._tried[source])


NO_READINGS = Readings()


def _read(run: Callable[..., Any], others: list[Any], text: str) -> Any:
    return run(text, *others)
