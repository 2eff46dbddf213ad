"""From the element of a contact to the flat dictionary of a row, with nothing in between.

`RowReader` is made once for the fields that a profile uses; it knows what to ask the server for and reads nothing else.
Called by `pbx_exchange.folder_reader` with the elements of `wire.services`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from lxml.etree import _Element

from pbx_connector.api import ADDRESS_PARTS, address_line, calendar_day
from pbx_exchange.fields import KNOWN, Known
from pbx_exchange.wire.services import field_uri, indexed_uri, item_shape
from pbx_exchange.wire.xml_parser import TYPES, AnswerRefused

Values = dict[str, Any]
Reader = Callable[[_Element, Values], None]

CONTACT = f"{TYPES}Contact"
ITEM_CLASS = ("item:ItemClass", "")
"""What says of an item that is no contact what it is."""
ITEM_ID = f"{TYPES}ItemId"
_LONGEST_ID = 4000
_SUSPICIOUS = 127
"""A shorter text has less than 508 bytes, whatever it is written in."""


class RowReader:
    """`zone`: where birthdays were entered, to tell their calendar day for certain."""

    def __init__(self, names: Iterable[str], zone: ZoneInfo | None = None) -> None:
        known = [KNOWN[name] for name in sorted(names) if name in KNOWN]
        self._readers = _readers(known, zone)
        self._whole_only = any(one.whole_only for one in known)
        self._uris = sorted({uri for one in known for uri in one.uris})
        self._listed_uris = sorted({ITEM_CLASS, *(uri for one in known if not one.whole_only for uri in one.uris)})
        self._text_body = any(one.reading == "body" for one in known)

    def list_shape(self) -> _Element:
        """What to ask FindItem for; a new element each time, since an element has one parent only."""
        return item_shape(_properties(self._listed_uris))

    def whole_shape(self) -> _Element:
        """What to ask GetItem for."""
        return item_shape(_properties(self._uris), text_body=self._text_body)

    def read(self, item: _Element) -> Values:
        values: Values = {}
        for child in item:
            if (reader := self._readers.get(child.tag)) is not None:  # type: ignore[arg-type]  # comments are gone
                reader(child, values)
        return values

    def is_whole(self, values: Values) -> bool:
        """Whether FindItem's answer is all there is: it cuts long texts and leaves old addresses unresolved."""
        if self._whole_only:
            return False
        for value in values.values():
            # Nearly all values pass here, and this is asked for each value of each row.
            if value.__class__ is str and len(value) < _SUSPICIOUS and value[0] != "/":
                continue
            if _is_doubtful(value):
                return False
        return True


def without_unresolved(values: Values) -> Values:
    """An address that even GetItem gives as a directory name is no e-mail address."""
    return {name: value for name, value in values.items() if not _is_directory_name(value)}


def key_of(item: _Element) -> tuple[str, str]:
    """Item id and change key."""
    found: _Element | None = item[0] if len(item) else None  # where the schema puts it
    if found is None or found.tag != ITEM_ID:
        found = item.find(ITEM_ID)
    if found is None or not found.get("Id"):
        raise AnswerRefused("the answer holds an item without an id")
    key, version = found.get("Id", ""), found.get("ChangeKey", "")
    if len(key) + len(version) > _LONGEST_ID:
        raise AnswerRefused("the answer holds an id beyond all measure")
    return key, version


def _properties(uris: Iterable[tuple[str, str]]) -> list[_Element]:
    return [indexed_uri(uri, index) if index else field_uri(uri) for uri, index in uris]


def _is_directory_name(value: object) -> bool:
    return isinstance(value, str) and value[:3].lower() == "/o="


def _is_doubtful(value: object) -> bool:
    """Cut at 255 characters or 512 bytes; a cut inside a character leaves some bytes less."""
    if isinstance(value, dict):
        return any(map(_is_doubtful, value.values()))
    if not isinstance(value, str):
        return False
    return len(value) >= 255 or (len(value) >= _SUSPICIOUS and len(value.encode()) >= 508) or _is_directory_name(value)


# --- readers, one for each kind of element -------------------------------------------------------------------------


def _readers(known: Iterable[Known], zone: ZoneInfo | None) -> Mapping[str, Reader]:
    readers: dict[str, Reader] = {}
    entries: dict[str, dict[str, str]] = {}
    addresses: dict[str, tuple[str, bool]] = {}
    for one in known:
        name, tag = one.field.name, f"{TYPES}{one.element}"
        if one.reading == "entry":
            entries.setdefault(tag, {})[one.key] = name
        elif one.reading in ("address", "address text"):
            addresses[name] = (one.key, one.reading == "address text")
        elif one.reading != "made":
            readers[tag] = _single(one, zone)
    readers.update({tag: partial(_read_entries, names) for tag, names in entries.items()})
    if addresses:
        readers[f"{TYPES}PhysicalAddresses"] = partial(_read_addresses, addresses)
    return readers


def _single(one: Known, zone: ZoneInfo | None) -> Reader:
    name = one.field.name
    match one.reading:
        case "date":
            return partial(_read_date, name, zone)
        case "strings":
            return partial(_read_strings, name)
        case "yes/no":
            return partial(_read_flag, name)
        case "name":
            return partial(_read_name, name)
        case "text" | "body" | "made" | "entry" | "address" | "address text":
            return partial(_read_text, name)
        case _:
            assert_never(one.reading)


def _read_text(name: str, element: _Element, values: Values) -> None:
    if element.text:
        values[name] = element.text


def _read_strings(name: str, element: _Element, values: Values) -> None:
    if strings := [child.text for child in element if child.text]:
        values[name] = strings


def _read_flag(name: str, element: _Element, values: Values) -> None:
    values[name] = element.text in ("true", "1")


def _read_date(name: str, zone: ZoneInfo | None, element: _Element, values: Values) -> None:
    if (day := calendar_day(element.text or "", zone)) is not None:
        values[name] = day


def _read_entries(names: Mapping[str, str], element: _Element, values: Values) -> None:
    for entry in element:
        if (name := names.get(entry.get("Key", ""))) is not None and entry.text:
            values[name] = entry.text


def _read_addresses(names: Mapping[str, tuple[str, bool]], element: _Element, values: Values) -> None:
    found = {entry.get("Key"): _address(entry) for entry in element}
    for name, (key, as_text) in names.items():
        if address := found.get(key):
            values[name] = address_line(address) if as_text else address


def _address(entry: _Element) -> dict[str, str]:
    texts = _texts(entry)
    if "Country" in texts:  # Microsoft's own samples have it so.
        texts.setdefault("CountryOrRegion", texts["Country"])
    return {part: text for part in ADDRESS_PARTS if (text := texts.get(part))}


def _texts(element: _Element) -> dict[str, str]:
    return {str(child.tag).removeprefix(TYPES): child.text for child in element if child.text}


def _read_name(name: str, element: _Element, values: Values) -> None:
    texts = _texts(element)
    composed = " ".join(
        texts[part] for part in ("Title", "FirstName", "MiddleName", "LastName", "Suffix") if part in texts
    )
    if whole := texts.get("FullName") or composed:
        values[name] = whole
