"""Rows out of entries: which attributes to ask for, and what becomes of them.

A plan is made once for what a profile uses. What is one attribute's first value goes into the row as it is read
(`pbx_ldap.wire.entries`); only what is made of several passes through here again.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, cast

from pbx_connector.api import ADDRESS_PARTS, Field, Row, address_line
from pbx_ldap import dn
from pbx_ldap.fields import ALIASES, KNOWN, NEVER_READ, UNSTAMPED, Known, Making
from pbx_ldap.server_kind import ServerKind
from pbx_ldap.wire.entries import Entry, Wanted

_KEY, _STAMP = "\0key", "\0stamp"
_MARK = "\0"
"""Before the name of an attribute that fields are made of: no field has such a name."""
_ENTRY_FIELDS = frozenset({"distinguishedName", "FolderPath"})
_OF_LISTS: frozenset[Making] = frozenset({"nth", "list", "as it is", "mail", "im"})
Make = Callable[[Entry], Any]


class RowPlan:
    def __init__(self, fields: frozenset[str], kind: ServerKind, extra: Mapping[str, str], names: bool = False) -> None:
        """`extra`: values that all rows of a book have. `names`: the caller wants to know where entries stand."""
        self._kind = kind
        self._extra = {name: value for name, value in extra.items() if name in fields}
        wanted = {name: KNOWN.get(name) or _as_it_is(name) for name in sorted(fields - extra.keys())}
        wanted = {name: known for name, known in wanted.items() if not NEVER_READ & _attributes(known)}
        used = frozenset(attribute for known in wanted.values() for attribute in _attributes(known))
        self.is_stamped = bool(kind.stamp) and not used & UNSTAMPED
        """Whether a change of what the profile uses shows in the stamp."""
        own = {kind.key: _KEY, **({kind.stamp: _STAMP} if self.is_stamped else {})}
        direct = _direct(wanted, frozenset(own))
        makers = ((name, _maker(known, name in direct.values())) for name, known in wanted.items())
        self._made = [(name, make) for name, make in makers if make is not None]
        self._own = (_KEY, _STAMP, *(_MARK + name for name in used - direct.keys()))
        """What is among the values of an entry and in no row."""
        listed = [known for known in wanted.values() if known.making in _OF_LISTS]
        self.wanted = Wanted(
            first={**{name: _MARK + name for name in used}, **direct, **own},
            every=frozenset(attribute for known in listed for attribute in _attributes(known)) - own.keys(),
            binary=frozenset({kind.key} if kind.is_binary else ()),
            dn=names or bool(wanted.keys() & _ENTRY_FIELDS),
        )
        self.identity_wanted = replace(self.wanted, first=own, every=frozenset(), dn=names)
        self.attributes = (*sorted(used - own.keys()), *own)
        """To be asked for."""
        self.identity_attributes = tuple(own)
        self.key_name = _KEY
        """Under which name an entry's values have its key."""
        self.has_directory_id = "DirectoryId" in wanted

    def key(self, entry: Entry) -> str:
        """What an entry is called in the phone book. Raises KeyError if it has no key, ValueError if it is none."""
        raw = entry.values[_KEY]
        return self._kind.key_text(raw) if self._kind.is_binary else raw

    def stamp(self, entry: Entry) -> str:
        """The version of its row; empty if only the values tell."""
        stamp = entry.values.get(_STAMP)
        return self._kind.server + stamp if stamp else ""

    def row(self, key: str, entry: Entry) -> Row:
        """Takes the entry's values over."""
        version = self.stamp(entry)
        values = cast("dict[str, Any]", entry.values)  # more kinds of values come in below
        made = [(name, make(entry)) for name, make in self._made]
        for name in self._own:
            values.pop(name, None)
        for name, value in made:
            if value:
                values[name] = value
        if self.has_directory_id:
            values["DirectoryId"] = key
        if self._extra:
            values.update(self._extra)
        return Row(key, version or _digest(values), values)


def _digest(values: Mapping[str, Any]) -> str:
    return hashlib.blake2b(repr(sorted(values.items())).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _as_it_is(name: str) -> Known:
    """An attribute that the table does not know: a text if it has one value, a list if it has several."""
    return Known(Field(name), "as it is", (ALIASES.get(name.lower(), name),))


def _attributes(known: Known) -> frozenset[str]:
    return frozenset(attribute.lower() for attribute in known.attributes)


def _direct(wanted: Mapping[str, Known], own: frozenset[str]) -> dict[str, str]:
    """Fields by the attribute that is their first choice and nothing else's at all: it goes into the row as it
    comes."""
    users = Counter(attribute for known in wanted.values() for attribute in _attributes(known))
    direct = {}
    for name, known in wanted.items():
        if known.making == "first":
            first = known.attributes[0].lower()
            if users[first] == 1 and first not in own:
                direct[first] = name
    return direct


def _maker(known: Known, is_direct: bool) -> Make | None:
    """None: the row has the field already."""
    if known.making != "first" or not is_direct:
        return _MAKERS[known.making](known)
    if len(known.attributes) == 1:
        return None
    others = [_MARK + name.lower() for name in known.attributes[1:]]
    name = known.field.name

    def make(entry: Entry) -> str | None:
        values = entry.values
        return values.get(name) or next((values[one] for one in others if one in values), None)

    return make


# --- how fields are made -------------------------------------------------------------------------------------------


def _one(entry: Entry, *attributes: str) -> str | None:
    """The first value of the first attribute that has one."""
    return next((value for name in attributes if (value := entry.values.get(_MARK + name.lower()))), None)


def _all(entry: Entry, attributes: Sequence[str]) -> list[str]:
    return [value for attribute in attributes for value in entry.lists.get(attribute.lower(), ())]


def _first(known: Known) -> Make:
    return lambda entry: _one(entry, *known.attributes)


def _nth(known: Known) -> Make:
    def make(entry: Entry) -> str | None:
        return next(iter(_further(entry, known)[known.number - 1 :]), None)

    return make


def _further(entry: Entry, known: Known) -> list[str]:
    """Of the main attribute all values but the first, then those of the others."""
    main, *others = known.attributes
    return _all(entry, (main,))[1:] + _all(entry, others)


def _list(known: Known) -> Make:
    if known.number:
        return lambda entry: tuple(_further(entry, known))
    return lambda entry: tuple(_all(entry, known.attributes))


def _one_or_list(known: Known) -> Make:
    def make(entry: Entry) -> str | tuple[str, ...] | None:
        found = tuple(_all(entry, known.attributes))
        return found if len(found) > 1 else next(iter(found), None)

    return make


def _name(known: Known) -> Make:
    def make(entry: Entry) -> str | None:
        found = _one(entry, *known.attributes)
        return dn.common_name(found) if found else None

    return make


def _mail(known: Known) -> Make:
    def make(entry: Entry) -> str | None:
        proxies = entry.lists.get("proxyaddresses", ())
        main = [address[5:] for address in proxies if address.startswith("SMTP:")]
        others = [address[5:] for address in proxies if address.startswith("smtp:")]
        found = _all(entry, ("mail",)) + main + others + _all(entry, ("otherMailbox",))
        return _nth_distinct(found, known.number)

    return make


def _nth_distinct(found: Sequence[str], number: int) -> str | None:
    """Without case: `Anna@` and `anna@` are one address, in the spelling that came first."""
    distinct: dict[str, str] = {}
    for one in found:
        distinct.setdefault(one.casefold(), one)
    return next(islice(distinct.values(), number, None), None)


def _im(known: Known) -> Make:
    def make(entry: Entry) -> str | None:
        found = [one[4:] for one in entry.lists.get("proxyaddresses", ()) if one[:4].lower() == "sip:"]
        return _nth_distinct(found, known.number)

    return make


def _address(known: Known) -> Make:
    return lambda entry: _address_parts(entry) or None


def _address_parts(entry: Entry) -> dict[str, str]:
    found = (
        _one(entry, *names) for names in (("streetAddress", "street"), ("l",), ("st",), ("co", "c"), ("postalCode",))
    )
    return {part: value for part, value in zip(ADDRESS_PARTS, found, strict=True) if value}


def _address_text(known: Known) -> Make:
    def make(entry: Entry) -> str | None:
        return address_line(_address_parts(entry)) or _one_line(_one(entry, "postalAddress"))

    return make


def _lines(known: Known) -> Make:
    return lambda entry: _one_line(_one(entry, *known.attributes))


def _one_line(address: str | None) -> str | None:
    """A postal address has a $ between its lines (RFC 4517, 3.3.28)."""
    return ", ".join(line.strip() for line in address.split("$") if line.strip()) if address else None


def _whole_name(known: Known) -> Make:
    def make(entry: Entry) -> str | None:
        return " ".join(value for name in known.attributes if (value := _one(entry, name))) or None

    return make


def _of_entry(known: Known) -> Make:
    if known.field.name == "FolderPath":
        return lambda entry: dn.folder_path(entry.dn)
    return lambda entry: entry.dn if known.field.name == "distinguishedName" else None


_MAKERS: Mapping[Making, Callable[[Known], Make]] = {
    "first": _first,
    "nth": _nth,
    "list": _list,
    "as it is": _one_or_list,
    "name": _name,
    "mail": _mail,
    "im": _im,
    "address": _address,
    "address text": _address_text,
    "lines": _lines,
    "whole name": _whole_name,
    "entry": _of_entry,
}
