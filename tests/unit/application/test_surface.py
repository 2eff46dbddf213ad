"""What functions of the application layer take and give has a name in the api, so that a plugin can be typed."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys
import typing
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from types import ModuleType
from typing import Any

import pbx_rules
import pytest

from pbx_connector import api, application, extensions, stores
from pbx_connector.config import ConfigFile
from pbx_connector.notifications.outbox import Outbox
from pbx_connector.plugins import Plugins
from pbx_connector.tenants.loading import Contents
from pbx_connector.tenants.phone_books import PhoneBooks

MODULES = sorted(name for name in application.__all__ if name not in ("Installation", "views"))
ROLES = {getattr(stores, name) for name in stores.__all__ if getattr(getattr(stores, name), "_is_protocol", False)}
"""A `Store` has all of them."""
INSIDE = {ConfigFile, Contents, Outbox, PhoneBooks, Plugins, *ROLES}
"""What an installation or a fleet is made of: nobody who has one needs to name it."""
PASSED_ON = {
    "Case",
    "EmptiedBook",
    "HistoryConfig",
    "Limits",
    "Merge",
    "Note",
    "NotifyConfig",
    "PlanTransaction",
    "Rules",
    "ServiceConfig",
    "Span",
}
"""Parts that are read where they stand; to make or keep one by itself is the core's business."""
ONLY_TYPES = {name: getattr(pbx_rules, name) for name in pbx_rules.__all__} | vars(extensions)


def functions(module: ModuleType) -> Iterator[Any]:
    for name, found in vars(module).items():
        if not name.startswith("_") and getattr(found, "__module__", "") == module.__name__:
            if not isinstance(found, typing.TypeVar):
                yield found
            if inspect.isclass(found):
                yield from (each for key, each in vars(found).items() if inspect.isfunction(each) and key[:1] != "_")


def classes(hint: Any) -> Iterator[type]:
    if isinstance(hint, type):
        yield hint
    for part in hint if isinstance(hint, list) else typing.get_args(hint):
        yield from classes(part)


@pytest.mark.parametrize("name", MODULES)
def test_what_it_takes_and_gives_can_be_named(name: str) -> None:
    module = getattr(application, name)
    hints = [typing.get_type_hints(each, ONLY_TYPES | vars(module)) for each in functions(module)]
    used = {one for each in hints for hint in each.values() for one in classes(hint)}
    ours = {one for one in used if one.__module__.startswith("pbx_connector.")} - INSIDE
    hidden = {one for one in ours if not one.__module__.startswith("pbx_connector.application")}
    assert {one.__name__ for one in hidden} <= set(api.__all__)


VALUES = [name for name in api.__all__ if dataclasses.is_dataclass(getattr(api, name)) and name != "Command"]


@pytest.mark.parametrize("name", VALUES)
def test_what_a_value_of_the_api_holds_can_be_named(name: str) -> None:
    value = getattr(api, name)
    hints = typing.get_type_hints(
        value, ONLY_TYPES | {"Decimal": Decimal, "date": date} | vars(sys.modules[value.__module__])
    )
    used = {one for hint in hints.values() for one in classes(hint) if one.__module__.startswith("pbx_")}
    assert {one.__name__ for one in used} - PASSED_ON <= set(api.__all__)


@pytest.mark.parametrize("name", api.__all__)
def test_every_name_of_the_api_is_there(name: str) -> None:
    assert getattr(api, name) is not None


def test_what_providers_use_costs_nobody_else() -> None:
    """Also not their JSON shapes, which stand beside all others."""
    code = "from pbx_connector.api import application; application.views.tenants, application.users; import sys"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"alembic", "cryptography", "procrastinate", "psycopg", "sqlalchemy"}
