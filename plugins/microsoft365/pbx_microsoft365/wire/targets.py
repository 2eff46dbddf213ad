"""What a request to Graph says before it has a server: its path, its options and what it prefers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from urllib.parse import quote, urlencode

IMMUTABLE = 'IdType="ImmutableId"'
NONE: Mapping[str, str] = MappingProxyType({})


def path(*parts: str) -> str:
    """A path of names and ids, whatever is in them: `path("users", "anna@example.com", "contacts")`."""
    return "".join(f"/{quote(part, safe='$@=')}" for part in parts)


def relative(target: str, options: Mapping[str, str]) -> str:
    """A path with its options, as it stands behind the root."""
    if not options:
        return target
    return f"{target}{'&' if '?' in target else '?'}{urlencode(options, quote_via=quote, safe='$,()')}"


def headers_of(mailbox: str, prefer: Sequence[str], *, eventual: bool = False) -> dict[str, str]:
    """`prefer` in one header, with immutable ids for what is in a mailbox. `eventual`: an advanced query."""
    wanted = dict.fromkeys([*([IMMUTABLE] if mailbox else []), *prefer])
    headers = {"Prefer": ", ".join(wanted)} if wanted else {}
    return headers | ({"ConsistencyLevel": "eventual"} if eventual else {})
