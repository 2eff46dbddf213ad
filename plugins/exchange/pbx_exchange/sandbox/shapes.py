"""Which properties an answer has: the client's ItemShape, compiled to one function that writes an item.

Neighbours: properties.py (what can be written), operations/ (who asks).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache

from lxml import etree

from pbx_connector.testing.office.entities import Item, Kind
from pbx_exchange.sandbox.mapi import Extended, read_extended
from pbx_exchange.sandbox.properties import PROPERTIES, SINGULAR, Asked, Property, Write, entry_path
from pbx_exchange.sandbox.soap import NS

WriteItem = Callable[[Item], str]
_ID_ONLY = ("item:ItemId",)


@dataclass(frozen=True, slots=True)
class Shape:
    base: str = "IdOnly"
    uris: frozenset[str] = frozenset()
    entries: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Single entries asked for, by the URI of their dictionary."""
    extended: tuple[Extended, ...] = ()
    html: bool = False

    def wants(self, known: Property, listing: bool) -> bool:
        if listing and not known.listed:
            return False
        named = known.uri in self.uris or known.uri in self.entries or known.uri in _ID_ONLY
        return named or (not known.extra and self._has_in_base(known))

    def _has_in_base(self, known: Property) -> bool:
        return self.base == "AllProperties" or (self.base == "Default" and known.default)


def read_shape(element: etree._Element | None) -> Shape:
    """From an ItemShape (or FolderShape)."""
    if element is None:
        return Shape()
    entries: dict[str, set[str]] = defaultdict(set)
    for indexed in element.iterfind("t:AdditionalProperties/t:IndexedFieldURI", NS):
        uri = indexed.get("FieldURI", "")
        entries[SINGULAR.get(uri, uri)].add(entry_path(uri, indexed.get("FieldIndex", "")))
    return Shape(
        base=element.findtext("t:BaseShape", "IdOnly", NS),
        uris=frozenset(e.get("FieldURI", "") for e in element.iterfind("t:AdditionalProperties/t:FieldURI", NS)),
        entries=entries,
        extended=tuple(read_extended(e) for e in element.iterfind("t:AdditionalProperties/t:ExtendedFieldURI", NS)),
        html=element.findtext("t:BodyType", "Best", NS) != "Text",
    )


def compile_shape(shape: Shape, *, listing: bool, plain: bool = False) -> WriteItem:
    """A function that writes items of any kind; `listing` for FindItem, which tells less than GetItem; `plain` makes
    items of distribution lists."""

    @cache
    def writers(kind: Kind) -> tuple[Write, ...]:
        return tuple(_compile(shape, kind, listing))

    def write(item: Item) -> str:
        values = item.values
        kind: Kind = "Item" if plain and item.kind == "DistributionList" else item.kind
        return f"<t:{kind}>{''.join([part(item, values) for part in writers(kind)])}</t:{kind}>"

    return write


def _compile(shape: Shape, kind: Kind, listing: bool) -> list[Write]:
    found: list[Write] = []
    for known in PROPERTIES[kind]:
        if known.uri == "item:Culture":
            found.extend(extended.write for extended in shape.extended)  # their place in the schema's order
        if shape.wants(known, listing):
            entries = None if shape.base != "IdOnly" or known.uri in shape.uris else shape.entries.get(known.uri)
            found.append(known.write(Asked(listing, entries, shape.html)))
    return found
