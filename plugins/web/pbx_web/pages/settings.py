"""What applies of the configuration, and where it is said; changed in its file alone."""

from __future__ import annotations

from itertools import groupby

from pbx_connector.api import application
from pbx_web.asking import Ask
from pbx_web.page import Page, Shown
from pbx_web.permissions import Role

PLUGINS = "plugins."


def show(ask: Ask) -> Shown:
    settings = ask.site.operations.settings()
    sorted_by_group = sorted(settings.applied, key=lambda one: _rank(one.key))
    groups = groupby(sorted_by_group, key=lambda one: _group(one.key))
    values = {
        "groups": [(name, list(settings)) for name, settings in groups],
        "file": settings.file,
        "broken": settings.broken,
        "exposed": settings.exposed,
        "is_published": settings.is_published,
    }
    return Shown(
        template="settings.html",
        values=values,
        json=[application.views.applied_setting(each) for each in settings.applied],
    )


def _group(key: str) -> str:
    """The heading that a key stands under: its plugin, its section, or none."""
    if key.startswith(PLUGINS):
        return ".".join(key.split(".")[:2])
    return key.partition(".")[0] if "." in key else ""


def _rank(key: str) -> tuple[bool, str]:
    """The core's keys first."""
    return key.startswith(PLUGINS), _group(key)


PAGES = (Page("/settings", Role.ADMIN, show),)
