"""The directory of the office: users, organisational contacts and groups, which lie in no folder and no mailbox.

Values have the names and the JSON types of Microsoft Entra. server_state.py holds it, under its lock; demo.json has
what the demo company keeps in it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

DirectoryKind = Literal["user", "orgContact", "group"]
_IDS: Final = uuid.UUID("8a7c1f0e-5f3b-4f7e-9a53-000000000001")
_EPOCH: Final = datetime(2025, 1, 6, 8, tzinfo=UTC)


@dataclass(slots=True, eq=False)
class DirectoryEntry:
    id: str
    kind: DirectoryKind
    values: dict[str, Any]
    version: int
    purpose: str = "user"
    """What a user's mailbox is for: `user`, `shared`, `room`, `equipment`."""
    members: list[DirectoryEntry] = field(default_factory=list)
    """Of a group."""
    manager: DirectoryEntry | None = None

    @property
    def name(self) -> str:
        return str(self.values.get("userPrincipalName") or self.values.get("mail") or self.values["displayName"])


@dataclass(frozen=True, slots=True)
class RemovedEntry:
    """What is left of an entry: one that can be restored is in `Directory.deleted` as well."""

    id: str
    kind: DirectoryKind
    version: int
    for_good: bool


class Directory:
    """Entries by id, in the order in which they were made, and what was removed."""

    def __init__(self) -> None:
        self.entries: dict[str, DirectoryEntry] = {}
        self.deleted: dict[str, DirectoryEntry] = {}
        """Users that can be restored."""
        self.removed: dict[str, RemovedEntry] = {}
        self._version = 0

    @property
    def version(self) -> int:
        """Of the last change."""
        return self._version

    # --- looking up ----------------------------------------------------------------------------------------------

    def all(self, kind: DirectoryKind) -> list[DirectoryEntry]:
        return [entry for entry in self.entries.values() if entry.kind == kind]

    def find(self, name: str, kind: DirectoryKind = "user") -> DirectoryEntry | None:
        """By id or principal name, without case."""
        wanted = name.lower()
        known = self.entries.get(wanted)
        if known is not None:
            return known if known.kind == kind else None
        return next((entry for entry in self.all(kind) if entry.name.lower() == wanted), None)

    def user(self, name: str) -> DirectoryEntry:
        """Raises KeyError."""
        found = self.find(name)
        if found is None:
            raise KeyError(f"no user {name!r}")
        return found

    def transitive_members(self, group: DirectoryEntry) -> Iterator[DirectoryEntry]:
        """Everybody in it and in the groups in it, each once, as far as they still are in the directory."""
        seen = {group.id}
        waiting = list(group.members)
        while waiting:
            entry = waiting.pop(0)
            if entry.id not in seen and entry.id in self.entries:
                seen.add(entry.id)
                waiting.extend(entry.members)
                yield entry

    # --- changing ------------------------------------------------------------------------------------------------

    def add(self, kind: DirectoryKind, name: str, values: Mapping[str, Any], purpose: str = "user") -> DirectoryEntry:
        """`name` is what its id is made of, so that ids are the same in each start."""
        entry_id = str(uuid.uuid5(_IDS, f"{kind}/{name.lower()}"))
        entry = DirectoryEntry(entry_id, kind, dict(values), self._next_version(), purpose)
        self.entries[entry_id] = entry
        self.removed.pop(entry_id, None)
        return entry

    def add_user(self, email: str, name: str, purpose: str = "user", **values: Any) -> DirectoryEntry:
        own = {
            "displayName": name,
            "userPrincipalName": email,
            "mail": email,
            "mailNickname": email.partition("@")[0],
            "proxyAddresses": [f"SMTP:{email}"],
            "accountEnabled": purpose == "user",
            "userType": "Member",
            "showInAddressList": None,
        }
        return self.add("user", email, {**own, **values}, purpose)

    def update(self, entry: DirectoryEntry, **values: Any) -> None:
        """Set values; None removes one."""
        entry.values.update(values)
        entry.version = self._next_version()

    def delete(self, entry: DirectoryEntry, *, for_good: bool = False) -> None:
        """A user can be restored for a while, unless deleted for good; everything else is gone at once."""
        final = for_good or entry.kind != "user"
        self.entries.pop(entry.id, None)
        self.deleted.pop(entry.id, None)
        version = self._next_version()
        self.removed[entry.id] = RemovedEntry(entry.id, entry.kind, version, final)
        if not final:
            self.deleted[entry.id] = entry
            entry.values["deletedDateTime"] = tell_moment(version)

    def restore(self, entry: DirectoryEntry) -> None:
        del self.deleted[entry.id]
        del self.removed[entry.id]
        entry.values.pop("deletedDateTime")
        self.entries[entry.id] = entry
        entry.version = self._next_version()

    def _next_version(self) -> int:
        self._version += 1
        return self._version


def tell_moment(version: int) -> str:
    """When a version was made: the same in each start."""
    return f"{_EPOCH + timedelta(seconds=version):%Y-%m-%dT%H:%M:%SZ}"
