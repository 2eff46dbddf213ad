"""Items as clients write them: elements of CreateItem and UpdateItem, read into values.

Neighbours: properties.py (the way back), operations/writing.py (who asks).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lxml import etree

from pbx_connector.testing.office.entities import Kind, Value, Values
from pbx_exchange.sandbox.mapi import read_extended
from pbx_exchange.sandbox.properties import PROPERTIES, SINGULAR, value_name
from pbx_exchange.sandbox.soap import NS, EwsError

_DICTIONARIES: Final = frozenset(plural.partition(":")[2] for plural in SINGULAR.values())
_MAILBOXES: Final = frozenset({"Sender", "From"})
_KEPT_BY_SERVER: Final = frozenset({"ItemId", "ParentFolderId", "CompleteName", "Attachments", "HasAttachments"})


def read_kind(element: etree._Element) -> Kind:
    for kind in PROPERTIES:
        if etree.QName(element).localname == kind:
            return kind
    raise EwsError("ErrorInvalidItemForOperationCreateItem", "The sandbox keeps no items of this kind.")


def read_values(element: etree._Element) -> dict[str, Value]:
    """All values in a Contact, Message, ... element."""
    values: dict[str, Value] = {}
    for child in element:
        values.update(_read_property(child))
    return values


def _read_property(element: etree._Element) -> Mapping[str, Value]:
    name = etree.QName(element).localname
    if name in _KEPT_BY_SERVER:
        return {}
    if name in _DICTIONARIES:
        return dict(pair for entry in element for pair in _read_entry(name, entry))
    if name == "ExtendedProperty":
        return {read_extended(element[0]).name: _read_extended_value(element)}
    if name == "Members":
        return {name: tuple(str(found.text) for found in element.iterfind("*/*/t:EmailAddress", NS))}
    if name in _MAILBOXES:
        return {name: element.findtext("t:Mailbox/t:EmailAddress", "", NS)}
    if len(element):
        return {name: tuple(child.text or "" for child in element)}
    return {name: element.text or ""}


def _read_extended_value(element: etree._Element) -> Value:
    several = element.find("t:Values", NS)
    if several is not None:
        return tuple(value.text or "" for value in several)
    return element.findtext("t:Value", "", NS)


def _read_entry(dictionary: str, entry: etree._Element) -> list[tuple[str, str]]:
    path = f"{dictionary}_{entry.get('Key')}"
    if dictionary == "PhysicalAddresses":
        return [(f"{path}_{etree.QName(part).localname}", part.text or "") for part in entry]
    return [(path, entry.text or "")]


def change_values(values: Values, updates: etree._Element) -> dict[str, Value]:
    """The values after the Updates of an ItemChange."""
    changed = dict(values)
    for update in updates:
        path, action = update[0], etree.QName(update).localname
        values = read_values(update[1]) if len(update) > 1 else {}
        if action == "AppendToItemField":
            changed.update({name: f"{changed.get(name, '')}{value}" for name, value in values.items()})
            continue
        changed.pop(_changed_name(path), None)
        changed.update(values)
    return changed


def _changed_name(path: etree._Element) -> str:
    if etree.QName(path).localname == "ExtendedFieldURI":
        return read_extended(path).name
    uri = path.get("FieldURI", "")
    if uri in SINGULAR.values():
        raise EwsError("ErrorInvalidPropertySet", f"Set operation is invalid for property {uri}.")
    return value_name(uri, path.get("FieldIndex"))
