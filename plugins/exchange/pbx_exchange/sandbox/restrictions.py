"""Restrictions and sort orders of FindItem and FindFolder: conditions on properties, as functions of a thing.

Text compares without case, as Exchange's default collation does. What a property is of an item or a folder is for a
`Path` to say. Neighbours: operations/items.py, operations/folders.py.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from lxml import etree

from pbx_connector.testing.office.entities import Item, tell_time
from pbx_connector.testing.office.mapi import as_text, read_class, read_subject
from pbx_exchange.sandbox.mapi import read_extended
from pbx_exchange.sandbox.properties import SINGULAR, value_name
from pbx_exchange.sandbox.soap import NS, EwsError

T = TypeVar("T")
Matches = Callable[[T], bool]
Read = Callable[[T], str | None]
Path = Callable[[etree._Element], Read[T]]
"""From a FieldURI, IndexedFieldURI or ExtendedFieldURI to what reads that property."""

_COMPARISONS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "IsEqualTo": operator.eq,
    "IsNotEqualTo": operator.ne,
    "IsGreaterThan": operator.gt,
    "IsGreaterThanOrEqualTo": operator.ge,
    "IsLessThan": operator.lt,
    "IsLessThanOrEqualTo": operator.le,
}
_CONTAINMENTS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "FullString": operator.eq,
    "Prefixed": str.startswith,
    "Substring": operator.contains,
    "PrefixOnWords": lambda text, part: any(word.startswith(part) for word in text.split()),
    "ExactPhrase": operator.contains,
}


def read_restriction(element: etree._Element | None, path: Path[T]) -> Matches[T]:
    """From a Restriction, or any expression that holds others; none matches everything.

    Raises EwsError for what the sandbox does not know.
    """
    inner = [_read_expression(child, path) for child in element] if element is not None else []
    return lambda thing: all(matches(thing) for matches in inner)


def _read_expression(element: etree._Element, path: Path[T]) -> Matches[T]:
    name = etree.QName(element).localname
    if name in ("And", "Or", "Not"):
        return _read_logic(name, element, path)
    if name == "Exists":
        read = path(element[0])
        return lambda thing: read(thing) is not None
    if name == "Contains":
        return _read_contains(element, path)
    if name in _COMPARISONS:
        return _read_comparison(_COMPARISONS[name], element, path)
    raise EwsError("ErrorUnsupportedQueryFilter", f"The query filter {name} is not supported.")


def _read_logic(name: str, element: etree._Element, path: Path[T]) -> Matches[T]:
    inner = [_read_expression(child, path) for child in element]
    if name == "And":
        return lambda thing: all(matches(thing) for matches in inner)
    if name == "Or":
        return lambda thing: any(matches(thing) for matches in inner)
    return lambda thing: not inner[0](thing)


def _read_contains(element: etree._Element, path: Path[T]) -> Matches[T]:
    read, wanted = path(element[0]), _constant(element)
    holds = _CONTAINMENTS[element.get("ContainmentMode", "FullString")]
    fold = str if element.get("ContainmentComparison", "Exact") == "Exact" else str.casefold
    return lambda thing: (text := read(thing)) is not None and holds(fold(text), fold(wanted))


def _read_comparison(compare: Callable[[str, str], bool], element: etree._Element, path: Path[T]) -> Matches[T]:
    read, wanted = path(element[0]), _constant(element[1]).casefold()
    return lambda thing: compare((read(thing) or "").casefold(), wanted)


def _constant(element: etree._Element) -> str:
    found = element.find("t:Constant", NS)
    if found is None:
        raise EwsError("ErrorUnsupportedPathForQuery", "Only constants can be compared with.")
    return found.get("Value", "")


# --- properties of items ------------------------------------------------------------------------------------------

_COMPUTED: Final[Mapping[str, Read[Item]]] = {
    "item:ItemClass": lambda item: read_class(item, item.values),
    "item:Subject": lambda item: read_subject(item.values),
    "item:DateTimeCreated": lambda item: f"{tell_time(item.created):%Y-%m-%dT%H:%M:%SZ}",
    "item:LastModifiedTime": lambda item: f"{tell_time(item.version):%Y-%m-%dT%H:%M:%SZ}",
}


def read_item_path(element: etree._Element) -> Read[Item]:
    name = etree.QName(element).localname
    uri = element.get("FieldURI", "")
    if uri in _COMPUTED:
        return _COMPUTED[uri]
    if name == "ExtendedFieldURI":
        extended = read_extended(element)
        return lambda item: extended.read(item, item.values)
    if name == "IndexedFieldURI" and uri not in SINGULAR:
        raise EwsError("ErrorUnsupportedPathForQuery", "The property can not be used in a query.")
    key = value_name(uri, element.get("FieldIndex"))
    return lambda item: as_text(item.values.get(key))


def sort_items(items: list[Item], order: etree._Element | None) -> list[Item]:
    if order is None:
        return items
    for field in reversed(list(order)):  # the last criterion first: Python's sort is stable
        read = read_item_path(field[0])
        items = sorted(
            items, key=lambda item: (read(item) or "").casefold(), reverse=field.get("Order") == "Descending"
        )
    return items
