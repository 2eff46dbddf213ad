"""What an organisation is made of: users, mailboxes, folders, items. Plain data; server_state.py changes it.

Values of an item are kept flat, by the names of the schema's elements joined with `_`: `GivenName`,
`PhoneNumbers_BusinessPhone`, `PhysicalAddresses_Business_City`; extended properties by their tag (`0x3a45`). A value is
text as XML writes it (`true`, `1980-05-17T11:59:00Z`), a tuple of texts (`Categories`), or a `DirectoryAddress`.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Final, Literal

from pbx_connector.testing.office.identifiers import encode_id, encode_key, make_stem

Kind = Literal["Contact", "DistributionList", "Message", "Item"]
ITEM_CLASSES: Final[Mapping[Kind, str]] = {
    "Contact": "IPM.Contact",
    "DistributionList": "IPM.DistList",
    "Message": "IPM.Note",
    "Item": "IPM.Activity",
}
_FOLDER_TAGS: Final = {
    "IPF.Contact": "ContactsFolder",
    "IPF.Appointment": "CalendarFolder",
    "IPF.Task": "TasksFolder",
}
PERMISSIONS: Final = (
    "Contacts.Read",
    "Contacts.ReadWrite",
    "GroupMember.Read.All",
    "MailboxSettings.Read",
    "OrgContact.Read.All",
    "User.Read.All",
)
_EPOCH = datetime(2025, 1, 6, 8, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DirectoryAddress:
    """An address kept as a reference into the directory: FindItem tells only the `/o=...` name, GetItem resolves it."""

    legacy_dn: str
    smtp: str


Value = str | tuple[str, ...] | DirectoryAddress
Values = Mapping[str, Value]


class Right(IntEnum):
    """What a user may do with one folder; each includes those below it."""

    NONE = 0
    VISIBLE = 1
    READ = 2
    EDIT = 3


@dataclass(slots=True)
class User:
    """Somebody who may log in."""

    email: str
    username: str
    password: str = field(repr=False)
    impersonates: set[str] = field(default_factory=set)
    """Mailboxes this user may impersonate, by lower-case address; `*` stands for all."""

    @property
    def name(self) -> str:
        return self.email


@dataclass(slots=True)
class Application:
    """A program that logs in with a token of its own and acts by impersonation only."""

    client_id: str
    secret: str = field(repr=False)
    certificate: bytes | None = None
    """PEM of the certificate that its assertions are signed with."""
    secret_expired: bool = False
    impersonates: set[str] = field(default_factory=lambda: {"*"})
    permissions: set[str] = field(default_factory=lambda: set(PERMISSIONS))
    """What it may do in servers that ask for each thing by name; `Contacts.Read` is one."""

    @property
    def name(self) -> str:
        return self.client_id


Principal = User | Application


class Item:
    """One item of a folder. Slotted, and values may be made when asked for, so that 200,000 fit."""

    __slots__ = ("_values", "created", "folder", "identity", "kind", "number", "version")

    def __init__(
        self,
        folder: Folder,
        number: int,
        kind: Kind,
        values: Values | Callable[[int], Values],
        version: int,
        identity: int | None = None,
    ) -> None:
        self.folder = folder
        self.number = number
        self.identity = number if identity is None else identity
        self.kind: Kind = kind
        self._values = values
        self.created = version
        self.version = version

    @property
    def id(self) -> str:
        return encode_id(self.folder.item_stem, self.number)

    @property
    def change_key(self) -> str:
        return encode_key(self.version)

    @property
    def values(self) -> Values:
        return self._values(self.number) if callable(self._values) else self._values

    @values.setter
    def values(self, values: Values) -> None:
        self._values = values


@dataclass(frozen=True, slots=True)
class Removed:
    """What is left of an item that was in a folder."""

    id: str
    created: int
    version: int
    """When it was removed."""
    identity: int
    kind: Kind

    @property
    def change_key(self) -> str:
        return encode_key(self.version)


class ChangeLog:
    """What happened in a folder, oldest first, as (version, item number): the base of SyncFolderItems."""

    def __init__(self) -> None:
        self._versions = array("Q")
        self._numbers = array("Q")

    def note(self, version: int, number: int) -> None:
        self._versions.append(version)
        self._numbers.append(number)

    @property
    def last(self) -> int:
        return self._versions[-1] if self._versions else 0

    def since(self, version: int) -> Iterator[tuple[int, int]]:
        for at in range(bisect_right(self._versions, version), len(self._versions)):
            yield self._versions[at], self._numbers[at]


class Folder:
    """A folder of a mailbox, or of the public folder tree (`mailbox` is None)."""

    def __init__(
        self, number: int, parent: Folder | None, name: str, folder_class: str, mailbox: Mailbox | None, version: int
    ) -> None:
        self.number = number
        self.parent = parent
        self.name = name
        self.folder_class = folder_class
        self.mailbox = mailbox
        self.version = version
        self.distinguished: str | None = None
        self.rights: dict[str, Right] = dict(parent.rights) if parent else {}
        self.everyone: Right = parent.everyone if parent else Right.NONE
        self.children: dict[int, Folder] = {}
        self.items: dict[int, Item] = {}
        self.log = ChangeLog()
        self.removed: dict[int, Removed] = {}
        self.content_mailbox = ""
        """Lower-case address of the public folder mailbox that alone holds the items; empty if any server does."""
        self.ghost = False
        """Deleted, but still answering to FindItem and SyncFolderItems, as folders on real servers do for a while."""
        owner = mailbox.email if mailbox else "public folders"
        self._stem = make_stem(owner, "folder")
        self.item_stem = make_stem(f"{owner}/{number}", "item")

    @property
    def id(self) -> str:
        return encode_id(self._stem, self.number)

    @property
    def change_key(self) -> str:
        return encode_key(self.version)

    @property
    def changed(self) -> int:
        """Version of the last change to the folder or what is in it."""
        return max(self.version, self.log.last)

    @property
    def is_public(self) -> bool:
        return self.mailbox is None

    @property
    def tag(self) -> str:
        """Its element in the schema."""
        tags = (tag for known, tag in _FOLDER_TAGS.items() if self.folder_class.startswith(known))
        return next(tags, "Folder")

    def right_of(self, email: str) -> Right:
        """What the user with this (lower-case) address may do here."""
        if self.mailbox and self.mailbox.email.lower() == email:
            return Right.EDIT
        return self.rights.get(email, self.everyone)

    def walk(self) -> Iterator[Folder]:
        """The folders below, parents before their children."""
        for child in self.children.values():
            yield child
            yield from child.walk()


@dataclass(slots=True, eq=False)
class Mailbox:
    email: str
    name: str
    distinguished: dict[str, Folder] = field(default_factory=dict)
    """Folders that have a name in the protocol: `msgfolderroot`, `contacts`, ..."""
    aliases: set[str] = field(default_factory=set)
    """Further addresses, in lower case, at which it gets mail."""
    removed_folders: dict[int, Folder] = field(default_factory=dict)
    """Folders that are gone, by the version of their removal."""

    @property
    def root(self) -> Folder:
        return self.distinguished["root"]


def tell_time(version: int) -> datetime:
    """When a version was made: the same in each start of the sandbox, so that its answers are, too."""
    return _EPOCH + timedelta(seconds=version)
