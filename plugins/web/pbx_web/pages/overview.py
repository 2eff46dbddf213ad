"""The overview: how the profiles are, and first what needs a person."""

from __future__ import annotations

from pbx_web.asking import Ask
from pbx_web.page import Page, Shown
from pbx_web.permissions import Role


def show(ask: Ask) -> Shown:
    return Shown(template="overview.html", json={})


PAGES = (Page("/", Role.EDITOR, show),)
