"""Where entries stand: `dc=phonebook`, below it `ou=company` and `ou=private`, in these the entries.

A private entry is below `ou=private` of those who may see it and nowhere for everybody else: a name that leads to
somebody else's is a name that leads nowhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from pbx_connector.api import Entry
from pbx_directory.ldap.codes import Scope
from pbx_directory.ldap.names import Rdn, parse_name

BASE = "dc=phonebook"
COMPANY = f"ou=company,{BASE}"
PRIVATE = f"ou=private,{BASE}"
DEVICES = f"ou=devices,{BASE}"
"""Devices bind by a name below this; nobody can search for them."""
SUBSCHEMA = "cn=Subschema"
_MOST_ID_DIGITS = 18


class Folder(Enum):
    TOP = BASE
    COMPANY = COMPANY
    PRIVATE = PRIVATE

    @property
    def attributes(self) -> Mapping[str, Sequence[str]]:
        return _FOLDER_ATTRIBUTES[self]

    @property
    def operational(self) -> Mapping[str, Sequence[str]]:
        kind = self.attributes["objectClass"][-1]
        return operational(kind, self.value, has_subordinates=True)


_FOLDER_ATTRIBUTES: Mapping[Folder, Mapping[str, Sequence[str]]] = {
    Folder.TOP: {"objectClass": ("top", "domain"), "dc": ("phonebook",)},
    Folder.COMPANY: {"objectClass": ("top", "organizationalUnit"), "ou": ("company",)},
    Folder.PRIVATE: {"objectClass": ("top", "organizationalUnit"), "ou": ("private",)},
}
NOTHING: Mapping[str, Sequence[str]] = MappingProxyType({})


def operational(kind: str, dn: str, *, has_subordinates: bool) -> Mapping[str, Sequence[str]]:
    return {
        "structuralObjectClass": (kind,),
        "entryDN": (dn,),
        "subschemaSubentry": (SUBSCHEMA,),
        "hasSubordinates": ("TRUE" if has_subordinates else "FALSE",),
    }


class Special(Enum):
    """What every server has beside its tree."""

    ROOT = ""
    SUBSCHEMA = SUBSCHEMA


class Nowhere(LookupError):
    """A name leads nowhere; `matched` is the part of it that leads somewhere."""

    def __init__(self, matched: str) -> None:
        super().__init__("no such entry")
        self.matched = matched


@dataclass(frozen=True, slots=True)
class Area:
    """What a search looks at: folders, and entries of `owners`; only that one of them which `entry` names, if any."""

    folders: tuple[Folder, ...] = ()
    owners: frozenset[str | None] = field(default_factory=frozenset)
    entry: int | None = None
    above: str = BASE
    """What is matched at least, if there is no such entry."""


def dn_of(entry: Entry) -> str:
    return f"uid={entry.id},{COMPANY if entry.content.account is None else PRIVATE}"


def device_dn(device: str, phone_system: str | None = None) -> str:
    """By which it binds; `phone_system` is the id of the one among many that it belongs to."""
    return f"uid={device},ou=devices,o={phone_system},{BASE}" if phone_system else f"uid={device},{DEVICES}"


@dataclass(frozen=True, slots=True)
class BindName:
    device: str
    """Empty: it is nobody's name."""
    phone_system: str = ""
    """Empty if the name leaves open which one."""

    @property
    def is_open(self) -> bool:
        return not self.phone_system


def bind_name(text: str) -> BindName:
    """Given as a name below the tree, with the phone system as its organisation, or plain: `DEVICE` or
    `DEVICE@PHONE_SYSTEM`. Raises `InvalidName`."""
    if "=" not in text:
        return _plain_name(text)
    first, *above = parse_name(text)
    organisations = [value for kind, value in above if kind == "o"]
    folder = tuple(part for part in above if part[0] != "o")
    if first[0] not in ("uid", "cn") or folder not in _DEVICE_FOLDERS or len(organisations) > 1:
        return BindName("")
    named = _plain_name(first[1])
    return named if not organisations else BindName(named.device, organisations[0]) if named.is_open else BindName("")


def _plain_name(text: str) -> BindName:
    device, at, phone_system = text.rpartition("@")
    return BindName(device, phone_system.lower()) if at else BindName(text)


def special(text: str, scope: Scope) -> Special | None:
    name = parse_name(text)
    if scope is Scope.BASE and not name:
        return Special.ROOT
    return Special.SUBSCHEMA if name == _SUBSCHEMA_NAME else None


def area(text: str, scope: Scope, owners: Collection[str | None]) -> Area:
    """Raises `InvalidName` and `Nowhere`. A search from the root looks at the phone book."""
    name = parse_name(text) or (_TOP_NAME if scope is Scope.SUBTREE else ())
    private = frozenset(owners) - {None}
    if not name:
        return Area((Folder.TOP,))
    if name == _TOP_NAME:
        return _top_area(scope, frozenset(owners))
    for folder, whose in ((Folder.COMPANY, frozenset(owners) & {None}), (Folder.PRIVATE, private)):
        if name == _NAMES[folder]:
            return _folder_area(folder, scope, whose)
        if name[1:] == _NAMES[folder]:
            return Area(owners=whose, entry=_entry_id(name[0], folder), above=folder.value)
    raise Nowhere(next((folder.value for folder in _DEEPEST if _is_below(name, folder)), ""))


def _top_area(scope: Scope, owners: frozenset[str | None]) -> Area:
    if scope is Scope.BASE:
        return Area((Folder.TOP,))
    if scope is Scope.ONE_LEVEL:
        return Area((Folder.COMPANY, Folder.PRIVATE))
    return Area(tuple(Folder), owners)


def _folder_area(folder: Folder, scope: Scope, owners: frozenset[str | None]) -> Area:
    folders = () if scope is Scope.ONE_LEVEL else (folder,)
    return Area(folders, frozenset() if scope is Scope.BASE else owners)


def _entry_id(rdn: Rdn, folder: Folder) -> int:
    found = entry_id(rdn[1]) if rdn[0] == "uid" else None
    if found is None:
        raise Nowhere(folder.value)
    return found


def entry_id(text: str) -> int | None:
    """The id that a `uid` names: digits, as they are written in one."""
    plain = text.isascii() and text.isdecimal() and len(text) <= _MOST_ID_DIGITS
    return int(text) if plain and str(int(text)) == text else None


def _is_below(name: tuple[Rdn, ...], folder: Folder) -> bool:
    above = _NAMES[folder]
    return name[-len(above) :] == above


_NAMES = {folder: parse_name(folder.value) for folder in Folder}
_TOP_NAME = _NAMES[Folder.TOP]
_DEEPEST = (Folder.COMPANY, Folder.PRIVATE, Folder.TOP)
_SUBSCHEMA_NAME = parse_name(SUBSCHEMA)
_DEVICE_FOLDERS = ((), _TOP_NAME, parse_name(DEVICES))
