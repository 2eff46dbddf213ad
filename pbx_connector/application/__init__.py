"""What a person can do with the product, each thing written down once, whatever the user interface.

Command line, service and plugins that are user interfaces read what was asked, call a function here, and show what it
gives back. Nothing here prints, asks or ends a process; a failure is an exception of `pbx_connector.errors` or a value.

Installation                         which configuration, which plugins, whose clock
runs, simulations, connections       a profile and its source
users, setup_links, audit, visitors  who administers it in a browser, and what they did
secret_files                         secrets that people type into a user interface
profiles, accounts, account_files, entries, devices, plans, templates   what is kept, and by whom
profile_folder                       the files that the service runs
drafts                               a profile as a form and a source view edit it
exports                              the phone book as a file
trials                               rules on rows of a file
source_rows                          the rows that a source has
language                             help with a profile while it is typed
upkeep                               whether the phone book is whole, and its backups
fleet, tenants, members, publishing, uploads, phone_systems, fleet_status   many phone systems
history                              which was a profile's last run; the rest of it a store tells by itself
status, service_health, offline_status, schedules   how it stands, with a service or without one
attention, survey, tally             what waits for a person, and what the last days changed
configuration                        what applies, and where it is said
views                                every JSON shape
command_words                        commands that are told, worded for where they are typed
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pbx_connector.application import (
        account_files,
        accounts,
        attention,
        audit,
        command_words,
        configuration,
        connections,
        devices,
        drafts,
        entries,
        exports,
        fleet,
        fleet_status,
        history,
        installation,
        language,
        members,
        offline_status,
        phone_systems,
        plans,
        profile_folder,
        profiles,
        publishing,
        runs,
        schedules,
        secret_files,
        service_health,
        setup_links,
        simulations,
        source_rows,
        status,
        survey,
        tally,
        templates,
        tenant_status,
        tenants,
        trials,
        upkeep,
        uploads,
        users,
        views,
        visitors,
    )
    from pbx_connector.application.installation import Installation

__all__ = [
    "Installation",
    "account_files",
    "accounts",
    "attention",
    "audit",
    "command_words",
    "configuration",
    "connections",
    "devices",
    "drafts",
    "entries",
    "exports",
    "fleet",
    "fleet_status",
    "history",
    "installation",
    "language",
    "members",
    "offline_status",
    "phone_systems",
    "plans",
    "profile_folder",
    "profiles",
    "publishing",
    "runs",
    "schedules",
    "secret_files",
    "service_health",
    "setup_links",
    "simulations",
    "source_rows",
    "status",
    "survey",
    "tally",
    "templates",
    "tenant_status",
    "tenants",
    "trials",
    "upkeep",
    "uploads",
    "users",
    "views",
    "visitors",
]


def __getattr__(name: str) -> Any:
    """Each part is loaded when it is used: a plugin that only reads pays for nothing else."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "Installation":
        return import_module(f"{__name__}.installation").Installation
    return import_module(f"{__name__}.{name}")
