"""What a person can do with the product, each thing written down once, whatever the user interface.

Command line, service and plugins that are user interfaces read what was asked, call a function here, and show what it
gives back. Nothing here prints, asks or ends a process; a failure is an exception of `pbx_connector.errors` or a value.

Installation                         which configuration, which plugins, whose clock
runs, simulations, connections       a profile and its source
profiles, accounts, entries, devices, templates   what is kept, and by whom
profile_folder                       the files that the service runs
exports                              the phone book as a file
trials                               rules on rows of a file
upkeep                               whether the phone book is whole, and its backups
fleet, tenants, publishing           many phone systems: what is kept of each, and what runs for it
history                              which was a profile's last run; the rest of it a store tells by itself
status, service_health, offline_status, schedules   how it stands, with a service or without one
views, tenant_views                  every JSON shape
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pbx_connector.application import (
        accounts,
        connections,
        devices,
        entries,
        exports,
        fleet,
        history,
        installation,
        offline_status,
        profile_folder,
        profiles,
        publishing,
        runs,
        schedules,
        service_health,
        simulations,
        status,
        templates,
        tenant_views,
        tenants,
        trials,
        upkeep,
        views,
    )
    from pbx_connector.application.installation import Installation

__all__ = [
    "Installation",
    "accounts",
    "connections",
    "devices",
    "entries",
    "exports",
    "fleet",
    "history",
    "installation",
    "offline_status",
    "profile_folder",
    "profiles",
    "publishing",
    "runs",
    "schedules",
    "service_health",
    "simulations",
    "status",
    "templates",
    "tenant_views",
    "tenants",
    "trials",
    "upkeep",
    "views",
]


def __getattr__(name: str) -> Any:
    """Each part is loaded when it is used: a plugin that only reads pays for nothing else."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "Installation":
        return import_module(f"{__name__}.installation").Installation
    return import_module(f"{__name__}.{name}")
