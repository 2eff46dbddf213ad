"""Entries by their keys: where one stands now, and filters for many of them."""

from __future__ import annotations

from collections.abc import Sequence

from pbx_ldap import dn
from pbx_ldap.directory import ANY, Session
from pbx_ldap.server_kind import ServerKind, guid_octets
from pbx_ldap.wire.entries import Wanted
from pbx_ldap.wire.filters import Filter, escape, parse_filter
from pbx_ldap.wire.messages import NO_ATTRIBUTES, Scope, Search

AT_ONCE = 50
"""Keys in one request."""
_NAME_ALONE = Wanted({}, dn=True)


def key_filter(kind: ServerKind, keys: Sequence[str]) -> Filter | None:
    """None if none of them can be a key at all."""
    parts = [part for key in keys if (part := _comparison(kind, key))]
    return parse_filter(f"(|{''.join(parts)})") if parts else None


def _comparison(kind: ServerKind, key: str) -> str:
    if not kind.is_binary:
        return f"({kind.key}={escape(key)})"
    try:
        return f"({kind.key}={escape(guid_octets(key))})"
    except ValueError:
        return ""


def locate(session: Session, base: str, key: str) -> str | None:
    """The name of the entry with this key, wherever in the directory around `base` it stands; None: it is nowhere."""
    if session.kind.is_binary:
        found = (
            session.find(f"<GUID={key}>", (NO_ATTRIBUTES,), _NAME_ALONE, ANY)
            if _comparison(session.kind, key)
            else None
        )
        return found.dn if found else None
    asked = key_filter(session.kind, [key])
    if asked is None:
        return None
    search = Search(context_of(session, base), Scope.SUBTREE, asked)
    return next((entry.dn for entry in list(session.entries(search, _NAME_ALONE))), None)


def context_of(session: Session, base: str) -> str:
    """The beginning of the tree that `base` stands in."""
    around = [one for one in session.root.contexts if dn.is_below(base, one)]
    return max(around, key=lambda one: len(dn.parts(one)), default=base)


def in_pages(keys: Sequence[str]) -> list[Sequence[str]]:
    return [keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE)]
