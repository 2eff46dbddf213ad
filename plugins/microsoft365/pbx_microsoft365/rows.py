"""From the JSON of a contact or a person to the flat dictionary of a row.

A reader is made once for the fields that a profile uses; it knows what to ask Graph for (`select`, `expand`) and reads
nothing else. Answers are not trusted: what is not of the type that Graph promises is blank.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from hashlib import blake2b
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from pbx_connector.api import address_line, calendar_day
from pbx_microsoft365.fields import Known
from pbx_microsoft365.wire.answers import DamagedAnswer

Json = Mapping[str, Any]
Values = dict[str, Any]
Convert = Callable[[Any], Any]
"""From the value of a property to that of a field; None: blank."""
Whole = Callable[[Json], Any]
"""From the object itself, for fields that several properties make together."""

_EXTENDED = "singleValueExtendedProperties"
_LONGEST_ID = 4000
_SPELLINGS = 1000
_ADDRESS = {
    "Street": ("street", "streetAddress"),
    "City": ("city",),
    "State": ("state",),
    "CountryOrRegion": ("countryOrRegion", "country"),
    "PostalCode": ("postalCode",),
}
"""Parts of an address, as contacts and as users call them."""
_SENSITIVITIES = ("Normal", "Personal", "Private", "Confidential")
_IMPORTANCES = ("Low", "Normal", "High")
_POSTAL = ("None", "Home", "Business", "Other")


class RowReader:
    """`table`: where each field comes from; `always`: properties that are asked for whatever the rules use; `zone`:
    where birthdays were entered, to tell their calendar day for certain."""

    def __init__(
        self,
        table: Mapping[str, Known],
        names: Iterable[str],
        zone: ZoneInfo | None = None,
        always: Iterable[str] = (),
    ) -> None:
        known = {name: table[name] for name in sorted(names) if name in table}
        self._texts: list[tuple[str, str]] = []
        """Nearly all fields are texts, and are read for each row."""
        self._plain: list[tuple[str, str, Convert]] = []
        self._whole: list[tuple[str, Whole]] = []
        self._extended: dict[str, tuple[str, Convert]] = {}
        self._spelled: dict[str, tuple[str, Convert]] = {}
        """The same, by ids as Graph has spelt them so far."""
        for name, one in known.items():
            self._add(name, one, zone)
        self._flags = [name for name, one in known.items() if one.reading == "yes/no" and one.extended]
        selected = {of for one in known.values() for of in one.properties if not one.expand}
        self.select = ",".join(sorted({"id", *always, *selected}))
        self.expand = ",".join([*_expand_extended(known.values()), *sorted({o.expand for o in known.values()} - {""})])

    @property
    def options(self) -> dict[str, str]:
        """Query options of a request that answers with objects of this kind."""
        return {"$select": self.select} | ({"$expand": self.expand} if self.expand else {})

    def read(self, item: Json) -> Values:
        values: Values = {}
        for name, of in self._texts:
            if (text := item.get(of)).__class__ is str and text:
                values[name] = text
        for name, of, convert in self._plain:
            if (found := item.get(of)) is not None and ((value := convert(found)) or value is False):
                values[name] = value
        for name, whole in self._whole:
            if value := whole(item):
                values[name] = value
        if self._extended:
            self._read_extended(item.get(_EXTENDED), values)
        return values

    def _read_extended(self, found: Any, values: Values) -> None:
        for flag in self._flags:
            values[flag] = False
        for entry in found if isinstance(found, list) else ():
            if not isinstance(entry, dict) or not isinstance(text := entry.get("value"), str) or not text:
                continue
            known = self._spelled.get(identifier := str(entry.get("id"))) or self._spell(identifier)
            if known is not None and (value := text if known[1] is _text else known[1](text)) is not None:
                values[known[0]] = value

    def _spell(self, identifier: str) -> tuple[str, Convert] | None:
        """Graph answers in a spelling of its own: `String 0x0037` for `String 0x37`, ids in upper or lower case."""
        known = self._extended.get(_canonical(identifier))
        if known is not None and len(self._spelled) < _SPELLINGS:
            self._spelled[identifier] = known
        return known

    def _add(self, name: str, one: Known, zone: ZoneInfo | None) -> None:
        if one.reading == "name":
            self._whole.append((name, partial(_name, one.properties)))
        elif one.reading in ("address", "address text") and len(one.properties) > 1:
            self._whole.append((name, _address if one.reading == "address" else _address_text))
        elif one.extended:
            self._extended[_canonical(one.extended)] = (name, _converter(one, zone))
        elif one.reading == "text":
            self._texts.append((name, one.properties[0]))
        else:
            self._plain.append((name, one.properties[0], _converter(one, zone)))


def key_of(item: Json) -> str:
    """Raises `DamagedAnswer`."""
    key = item.get("id")
    if not isinstance(key, str) or not 0 < len(key) <= _LONGEST_ID:
        raise DamagedAnswer("the answer holds an object without an id, or with one beyond all measure")
    return key


def version_of(contact: Json) -> str:
    """Differs whenever the contact differs. Raises `DamagedAnswer`."""
    version = contact.get("@odata.etag") or contact.get("changeKey")
    if not isinstance(version, str) or len(version) > _LONGEST_ID:
        raise DamagedAnswer("the answer holds a contact without a version")
    return version


def digest(values: Values) -> str:
    """A version for objects that Graph gives none."""
    text = json.dumps(values, sort_keys=True, default=str)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _expand_extended(known: Iterable[Known]) -> list[str]:
    identifiers = sorted({one.extended for one in known if one.extended})
    wanted = " or ".join(f"id eq '{identifier}'" for identifier in identifiers)
    return [f"{_EXTENDED}($filter={wanted})"] if wanted else []


def _canonical(identifier: str) -> str:
    front, prefix, number = identifier.lower().rpartition("0x")
    return front + prefix + number.lstrip("0")


# --- one for each kind of value ------------------------------------------------------------------------------------


def _converter(one: Known, zone: ZoneInfo | None) -> Convert:
    match one.reading:
        case "text":
            return _text
        case "date":
            return partial(_day, zone)
        case "strings":
            return _strings
        case "yes/no":
            return _flag
        case "e-mail":
            return _email
        case "entry":
            return partial(_entry, int(one.key))
        case "phone":
            return partial(_phone, str(one.key))
        case "part":
            return partial(_part, str(one.key))
        case "address":
            return _address
        case "address text":
            return _address_text
        case "sensitivity":
            return partial(_named, _SENSITIVITIES)
        case "importance":
            return partial(_named, _IMPORTANCES)
        case "postal":
            return partial(_named, _POSTAL)
        case "name":
            return partial(_name, one.properties)
        case _:
            assert_never(one.reading)


def _text(found: Any) -> str | None:
    return found if isinstance(found, str) and found else None


def _day(zone: ZoneInfo | None, found: Any) -> Any:
    return calendar_day(found, zone) if isinstance(found, str) else None


def _strings(found: Any) -> list[str] | None:
    return [one for one in found if isinstance(one, str) and one] if isinstance(found, list) else None


def _flag(found: Any) -> bool:
    return found is True or (isinstance(found, str) and found.lower() in ("true", "1"))


def _email(found: Any) -> str | None:
    address = _text(found.get("address")) if isinstance(found, dict) else None
    return None if address is None or address[:3].lower() == "/o=" else address


def _entry(at: int, found: Any) -> str | None:
    return _text(found[at]) if isinstance(found, list) and at < len(found) else None


def _phone(kind: str, found: Any) -> str | None:
    phones = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return next((_text(one.get("number")) for one in phones if one.get("type") == kind), None)


def _part(key: str, found: Any) -> str | None:
    one = _first(found)
    return _text(one.get(key)) if one else None


def _first(found: Any) -> Json | None:
    if isinstance(found, list):
        found = found[0] if found else None
    return found if isinstance(found, dict) else None


def _address(found: Any) -> dict[str, str]:
    one = _first(found) or {}
    texts = {part: next(filter(None, (_text(one.get(of)) for of in names)), "") for part, names in _ADDRESS.items()}
    return {part: text for part, text in texts.items() if text}


def _address_text(found: Any) -> str:
    return address_line(_address(found))


def _name(parts: Iterable[str], found: Json) -> str:
    return " ".join(filter(None, (_text(found.get(part)) for part in parts)))


def _named(names: tuple[str, ...], found: Any) -> str | None:
    return names[int(found)] if isinstance(found, str) and found in map(str, range(len(names))) else None
