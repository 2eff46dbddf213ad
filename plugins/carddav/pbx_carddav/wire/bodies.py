"""The XML bodies of requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from xml.sax.saxutils import escape

from pbx_carddav.wire.multistatus import CARDDAV, DAV

CALENDAR_SERVER = "http://calendarserver.org/ns/ "
"""For `getctag`, an older servers' mark of a whole address book."""
_PREFIXES: Mapping[str, str] = MappingProxyType({DAV: "d", CARDDAV: "c", CALENDAR_SERVER: "s"})
_NAMESPACES = " ".join(f'xmlns:{prefix}="{namespace.strip()}"' for namespace, prefix in _PREFIXES.items())


def propfind(properties: Iterable[str]) -> bytes:
    return _document("d:propfind", _prop(properties))


def sync_collection(token: str) -> bytes:
    """What changed since `token`; empty: everything. Without a limit, as some servers lose what is beyond it."""
    inner = f"<d:sync-token>{escape(token)}</d:sync-token><d:sync-level>1</d:sync-level>"
    return _document("d:sync-collection", inner + _prop([DAV + "getetag"]))


def multiget(hrefs: Iterable[str]) -> bytes:
    """`hrefs`: absolute paths, as iCloud refuses whole addresses."""
    inner = "".join(f"<d:href>{escape(href)}</d:href>" for href in hrefs)
    return _document("c:addressbook-multiget", _prop([DAV + "getetag", CARDDAV + "address-data"]) + inner)


def _prop(properties: Iterable[str]) -> str:
    return f"<d:prop>{''.join(f'<{_prefixed(name)}/>' for name in properties)}</d:prop>"


def _prefixed(name: str) -> str:
    namespace, _, local = name.rpartition(" ")
    return f"{_PREFIXES[namespace + ' ']}:{local}"


def _document(root: str, inner: str) -> bytes:
    text = f'<?xml version="1.0" encoding="utf-8"?>\n<{root} {_NAMESPACES}>{inner}</{root}>'
    return text.encode("utf-8", "replace")
