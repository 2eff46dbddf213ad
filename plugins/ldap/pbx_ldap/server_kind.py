"""What kind of directory a server is, by what it says of itself (RFC 4512, 5.1), and what that means for its
entries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

_ACTIVE_DIRECTORY = "1.2.840.113556.1.4.800"
ROOT_ATTRIBUTES = (
    *("namingContexts", "defaultNamingContext", "supportedCapabilities", "supportedControl", "objectClass"),
    *("vendorName", "highestCommittedUSN", "dsServiceName", "dnsHostName", "vendorVersion"),
)


@dataclass(frozen=True, slots=True)
class ServerKind:
    """How entries of a directory are named and how a change of one shows."""

    title: str
    key: str
    """The attribute, in small letters, whose value an entry keeps through every rename and move."""
    is_binary: bool = False
    """The key is a GUID in octets."""
    stamp: str = ""
    """The attribute, in small letters, that differs after each change of an entry; empty: there is none."""
    server: str = ""
    """Which server counts the stamps, where each counts for itself."""

    def key_text(self, key: str) -> str:
        return guid_text(key.encode("latin-1")) if self.is_binary else key

    @property
    def shown_key(self) -> str:
        """As people know it."""
        return {"objectguid": "objectGUID", "entryuuid": "entryUUID"}.get(self.key, self.key)


def guid_text(octets: bytes) -> str:
    """As Active Directory's own tools write it: the first three parts are turned round. Raises ValueError."""
    if len(octets) != 16:
        raise ValueError("a GUID has 16 octets")
    text = octets.hex()
    turned = text[6:8] + text[4:6] + text[2:4] + text[:2] + "-" + text[10:12] + text[8:10]
    return f"{turned}-{text[14:16]}{text[12:14]}-{text[16:20]}-{text[20:]}"


def guid_octets(text: str) -> bytes:
    """Raises ValueError for what is no GUID."""
    parts = [bytes.fromhex(part) for part in text.split("-")]
    if [len(part) for part in parts] != [4, 2, 2, 2, 6]:
        raise ValueError("this is no GUID")
    return b"".join([part[::-1] for part in parts[:3]] + parts[3:])


@dataclass(frozen=True, slots=True)
class Root:
    """What a server says of itself. Attributes by their names in small letters."""

    values: Mapping[str, Sequence[str]]

    def first(self, name: str) -> str:
        return next(iter(self.values.get(name.lower(), ())), "")

    @property
    def contexts(self) -> Sequence[str]:
        """The names at which its trees begin."""
        return self.values.get("namingcontexts", ())

    @property
    def default_base(self) -> str:
        return self.first("defaultNamingContext") or next(iter(self.contexts), "")

    @property
    def is_active_directory(self) -> bool:
        return _ACTIVE_DIRECTORY in self.values.get("supportedcapabilities", ())

    @property
    def is_openldap(self) -> bool:
        return "openldaprootdse" in map(str.lower, self.values.get("objectclass", ()))

    def kind(self, key: str | None, invocation: str) -> ServerKind:
        """`key`: the attribute that the settings name. `invocation`: which life of which server this is; empty if it
        does not tell, so that its stamps say nothing."""
        if self.is_active_directory:
            server = blake2b(invocation.encode(), digest_size=6).hexdigest() + ":" if invocation else ""
            found = ServerKind("Active Directory", "objectguid", True, "usnchanged" if server else "", server)
        elif self.is_openldap:
            found = ServerKind("OpenLDAP", "entryuuid", stamp="entrycsn")
        else:
            found = ServerKind(self.first("vendorName") or "an LDAP directory", "entryuuid")
        if key is None or key.lower() == found.key:
            return found
        return replace(found, key=key.lower(), is_binary=False)
