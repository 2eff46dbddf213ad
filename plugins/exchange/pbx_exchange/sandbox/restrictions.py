"""Restrictions and sort orders of FindItem: conditions on properties, as functions of an item.

Text compares without case, as Exchange's default collation does. Neighbours: operations/reading.py.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Final

from lxml import etree

from pbx_exchange.sandbox.properties import SINGULAR, as_text, read_class, read_subject, value_name
from pbx_exchange.sandbox.shapes import read_extended
from pbx_exchange.sandbox.soap import NS, EwsError
from pbx_exchange.sandbox.things import Item, tell_time

Matches = Callable[[Item], bool]
Read = Callable[[Item], str | None]

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
_COMPUTED: Final[Mapping[str, Read]] = {
    "item:ItemClass": lambda item: read_class(item, item.values),
    "item:Subject": lambda item: read_subject(item.values),
    "item:DateTimeCreated": lambda item: f"{tell_time(item.created):%Y-%m-%dT%H:%M:%SZ}",
    "item:LastModifiedTime": lambda item: f"{tell_time(item.version):%Y-%m-%dT%H:%M:%SZ}",
}


def read_restriction(element: etree._Element) -> Matches:
    """From a Restriction, or any expression that holds others. Raises EwsError for what the sandbox does not know."""
    inner = [_read_expression(child) for child in element]
    return lambda item: all(matches(item) for matches in inner)


def _read_expression(element: etree._Element) -> Matches:
    name = etree.QName(element).localname
    if name in ("And", "Or", "Not"):
        return _read_logic(name, element)
    if name == "Exists":
        read = _read_path(element[0])
        return lambda item: read(item) is not None
    if name == "Contains":
        return _read_contains(element)
    if name in _COMPARISONS:
        return _read_comparison(_COMPARISONS[name], element)
    raise EwsError("ErrorUnsupportedQueryFilter", f"The query filter {name} is not supported.")


def _read_logic(name: str, element: etree._Element) -> Matches:
    inner = [_read_expression(child) for child in element]
    if name == "And":
        return lambda item: all(matches(item) for matches in inner)
    if name == "Or":
        return lambda item: any(matches(item) for matches in inner)
    return lambda item: not inner[0](item)


def _read_contains(element: etree._Element) -> Matches:
    read, wanted = _read_path(element[0]), _constant(element)
    holds = _CONTAINMENTS[element.get("ContainmentMode", "FullString")]
    fold = str if element.get("ContainmentComparison", "Exact") == "Exact" else str.casefold
    return lambda item: (text := read(item)) is not None and holds(fold(text), fold(wanted))


def _read_comparison(compare: Callable[[str, str], bool], element: etree._Element) -> Matches:
    read, wanted = _read_path(element[0]), _constant(element[1]).casefold()
    return lambda item: compare((read(item) or "").casefold(), wanted)


def _constant(element: etree._Element) -> str:
    found = element.find("t:Constant", NS)
    if found is None:
        raise EwsError("ErrorUnsupportedPathForQuery", "Only constants can be compared with.")
    return found.get("Value", "")


def _read_path(element: etree._Element) -> Read:
    name = etree.QName(element).localname
    uri = element.get("FieldURI", "")
    if uri in _COMPUTED:
        return _COMPUTED[uri]
    if name == "ExtendedFieldURI":
        key = read_extended(element).name
    elif name == "IndexedFieldURI" and uri not in SINGULAR:
        raise EwsError("ErrorUnsupportedPathForQuery", "The property can not be used in a query.")
    else:
        key = value_name(uri, element.get("FieldIndex"))
    return lambda item: as_text(item.values.get(key))


def sort_items(items: list[Item], order: etree._Element | None) -> list[Item]:
    if order is None:
        return items
    for field in reversed(list(order)):  # the last criterion first: Python's sort is stable
        read = _read_path(field[0])
        items = sorted(
            items, key=lambda item: (read(item) or "").casefold(), reverse=field.get("Order") == "Descending"
        )
    return items
