"""Which words can be the id of a tenant, and the names in PostgreSQL and in the environment that follow from it."""

from __future__ import annotations

import re

from pbx_connector.errors import UsageError

LONGEST = 40
_ID = re.compile(r"[a-z](?:-?[a-z0-9])*", re.ASCII)
_NAME = re.compile(r"[a-z](?:[-_.]?[a-z0-9])*", re.ASCII)


def is_id(text: str) -> bool:
    return len(text) <= LONGEST and _ID.fullmatch(text) is not None


def checked_id(id: str) -> str:
    """Raises `UsageError`: ids become names of schemas, roles, folders and variables."""
    if not is_id(id):
        raise UsageError(
            f"{id[:60]!r} cannot be the id of a tenant",
            hint=f"a letter, then letters, digits and single hyphens, all small, {LONGEST} at most, such as acme-north",
        )
    return id


def checked_name(name: str) -> str:
    """Of a secret. Raises `UsageError`, which does not quote it: people type the secret itself where its name
    belongs."""
    if len(name) > LONGEST or not _NAME.fullmatch(name):
        raise UsageError(
            "that cannot be the name of a secret; it is not shown, as it may be the secret itself",
            hint=f"a letter, then small letters, digits and -, _ or . between them, {LONGEST} at most",
        )
    return name


def schema_of(id: str) -> str:
    """The schema of its phone book."""
    return f"tenant_{checked_id(id)}"


def role_of(id: str, control: str) -> str:
    """Roles belong to the whole server, so that the name says of which control database the tenant is."""
    return f"{schema_of(id)}_{control}"


def variable_prefix(id: str) -> str:
    """Of the environment variables that a tenant's profiles may name; no prefix is the beginning of another's."""
    return f"PBX_TENANT_{checked_id(id).upper().replace('-', '_')}__"
