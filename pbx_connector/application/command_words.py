"""Commands in what people are told, worded for where they are typed: one that is about a tenant names it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

NOT_OF_A_TENANT = {
    "serve": "pbx-connector worker runs what is published, for all tenants",
    "automate": "leave out --tenant, write the schedule into the file, then: pbx-connector tenants publish FOLDER",
    "new": "leave out --tenant, write the profile, then: pbx-connector tenants publish FOLDER",
    "store": "its phone book is a part of its database: see pg_dump",
}
"""Commands that one phone system of many cannot be given, each with what does the same there."""
OF_ALL_TENANTS = ("worker", "dispatcher", "fleet", "tenants")
"""Commands that act on all, or name the tenant themselves."""

_COMMAND = re.compile(rf"\bpbx-connector (?!(?:{'|'.join((*NOT_OF_A_TENANT, *OF_ALL_TENANTS))})\b)(?=[a-z])")
"""One that acts on one phone system."""


def of_tenant(line: str, tenant: str) -> str:
    """With commands that act on this tenant; as it is for no tenant."""
    return _COMMAND.sub(f"pbx-connector --tenant {tenant} ", line) if tenant else line


def reworded(value: Any, word: Callable[[str], str], keys: Collection[str] = ("hint",)) -> Any:
    """A value of JSON with `word` of each text under one of `keys`; null where nothing of it is left."""
    if isinstance(value, dict):
        return {
            key: _or_null(one, word) if key in keys and isinstance(one, str) else reworded(one, word, keys)
            for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [reworded(one, word, keys) for one in value]
    return value


def _or_null(text: str, word: Callable[[str], str]) -> str | None:
    return text and (word(text) or None)
