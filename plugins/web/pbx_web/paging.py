"""Parts of a long list, each as long as a page."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

from pbx_web.asking import Ask

PAGE = 100
One = TypeVar("One")


def skipped(ask: Ask) -> int:
    """How many of the list stand on earlier pages."""
    text = ask.text("skip", "0")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else 0


def part(found: Iterable[One], skip: int) -> tuple[list[One], int | None]:
    """Of what comes after the `skip` first ones, what the page shows, and what the next one skips; None at the end."""
    some = list(islice(found, PAGE + 1))
    return some[:PAGE], skip + PAGE if len(some) > PAGE else None
