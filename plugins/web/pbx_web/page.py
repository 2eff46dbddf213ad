"""What a page is: one function that gives what to show, as HTML and as JSON; an action is what a form does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from pbx_web.asking import Ask
from pbx_web.permissions import Role

Json = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a page shows."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    """For the template, beside what each gets: `user`, `here`, `_`, …; see `rendering`."""
    json: Json = None
    """The same for programs: shapes of `application.views`."""
    status: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An action that is done: the browser goes on to a page."""

    to: str
    """A path of ours."""
    message: str = ""
    """Said once on that page, in the language of whoever asked; holds no contact data."""
    json: Json = None


@dataclass(frozen=True, slots=True)
class Page:
    path: str
    """As Starlette routes it, such as `/profiles/{profile}`; its twin is at `/api/v1` and this path."""
    least: Role | None
    """The least role that may see it; None: anybody, logged in or not."""
    show: Callable[[Ask], Shown | Response]
    """Called in a thread."""


@dataclass(frozen=True, slots=True)
class Action:
    """Answers POST. The app has checked role, origin and token before it is called."""

    path: str
    least: Role | None
    act: Callable[[Ask], Shown | Done | Response]
    longest: int = 2**20
    """Bytes that its form may have."""
    has_token: bool = True
    """False for one that checks by itself where it comes from."""


class NotFound(Exception):
    """There is nothing at this address for whoever asks. The text is for people."""


class Forbidden(Exception):
    """Whoever asks may not."""
