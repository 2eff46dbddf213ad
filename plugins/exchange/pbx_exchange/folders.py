"""Which address books there are: the walks through public, shared and personal folders, and the direct look at one.

Makes books of `wire.services`' folder elements for `source`; `folder_reader` reads what is in them.
Nothing here takes "not listed" for "not there": a walk says what it saw, `look_at` asks for one folder by its id.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from exchangelib import errors as ews
from lxml.etree import _Element

from pbx_connector.api import ListLimit, whole_number
from pbx_exchange.error_catalog import TOO_DEEP
from pbx_exchange.wire.adapter import OversizedAnswer
from pbx_exchange.wire.endpoint import MOST_FOLDERS, Mailbox
from pbx_exchange.wire.services import (
    FindFolder,
    FindItem,
    GetFolder,
    MailboxNotFound,
    Page,
    UnheardOf,
    distinguished,
    extended_uri,
    field_uri,
    folder_id,
    folder_shape,
)
from pbx_exchange.wire.xml_parser import TYPES, AnswerRefused, AnswerTooLarge

_PAGE = 1000
_PARENTS_AT_ONCE = 50
_LOOKS_AT_ONCE = 100
_PROPERTIES = (
    "folder:FolderClass",
    "folder:DisplayName",
    "folder:ParentFolderId",
    "folder:ChildFolderCount",
    "folder:TotalCount",
    "folder:EffectiveRights",
)
# Folders that Exchange, Outlook and Skype (`MOC`: Quick Contacts, IM Contacts List) fill by themselves with people whom
# nobody entered.
_SELF_MADE_CLASSES = ("recipientcache", "galcontacts", "peoplecentric", "organizationalcontacts", ".moc.")
_SELF_MADE_NAMES = ("recipientcache", "recipient cache", "gal contacts", "deleted items")
DEEPEST = 300
"""Levels of public folders; Exchange allows no more."""
_LONGEST_NAME = 255
_LONGEST_PATH = 4000
"""Characters; Outlook and Exchange stop far earlier."""
_LONGEST_ID = 2000
_CLOSED = (ews.ErrorAccessDenied, ews.ErrorNoPublicFolderReplicaAvailable)
_REPLICA_LIST = "0x6698"
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class Folder:
    id: str
    path: str
    folder_class: str
    children: int
    parent: str = ""
    total: int = 0
    """Items in it, of any kind, as the server counts them."""
    readable: bool = True
    replica: str = ""
    """Id of the mailbox that holds the content of a public folder, where the server has several."""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def holds_contacts(self) -> bool:
        folder_class = self.folder_class.lower()
        return (
            folder_class.startswith("ipf.contact")
            and not any(made in folder_class for made in _SELF_MADE_CLASSES)
            and not self.is_self_made
        )

    @property
    def is_self_made(self) -> bool:
        return self.name.lower() in _SELF_MADE_NAMES or self.name.lower().startswith("peoplecentric")


@dataclass(frozen=True, slots=True)
class Unseen:
    """A folder whose inside could not be listed, and why."""

    id: str
    """Empty for the root."""
    path: str
    error: Exception


class ClosedAbove(Exception):
    """A folder is open, and one above it is not: no walk finds it, so nobody would who begins anew."""


def get_folders(mailbox: Mailbox, folders: Sequence[_Element]) -> list[Folder | Exception]:
    """Direct looks, in that order; a failure stands in the place of its folder."""
    found: list[Folder | Exception] = []
    for start in range(0, len(folders), _LOOKS_AT_ONCE):
        shape = _shape(with_replica=bool(mailbox.public))
        answers = GetFolder(account=mailbox).each(folders[start : start + _LOOKS_AT_ONCE], shape)
        found += [answer if isinstance(answer, Exception) else _folder(answer) for answer in answers]
    return found


def try_to_read(mailbox: Mailbox, folders: Sequence[Folder | Exception]) -> list[Folder | Exception]:
    """The same folders; those that are said to be closed are tried, as some servers say so of folders that they open.

    One that is closed indeed stays as it is. A failure of another kind stands in the place of its folder.
    """
    closed = [folder for folder in folders if isinstance(folder, Folder) and not folder.readable]
    tried: dict[str, Folder | Exception] = {}
    for start in range(0, len(closed), _PARENTS_AT_ONCE):
        some = closed[start : start + _PARENTS_AT_ONCE]
        answers = FindItem(account=mailbox).first([folder_id(folder.id) for folder in some])
        tried |= {folder.id: _tried(folder, answer) for folder, answer in zip(some, answers, strict=True)}
    return [tried.get(one.id, one) if isinstance(one, Folder) else one for one in folders]


def _tried(folder: Folder, answer: Page | Exception) -> Folder | Exception:
    if not isinstance(answer, Exception):
        return replace(folder, readable=True)
    return folder if isinstance(answer, _CLOSED) else answer


def get_folder(mailbox: Mailbox, folder: _Element) -> Folder:
    """Raises what the server says against it."""
    (found,) = get_folders(mailbox, [folder])
    return _only(found)


def look_into(mailbox: Mailbox, folder: _Element) -> Folder:
    """`get_folder`, and whether it can be read for certain."""
    (found,) = try_to_read(mailbox, get_folders(mailbox, [folder]))
    return _only(found)


def _only(found: Folder | Exception) -> Folder:
    if isinstance(found, Exception):
        raise found
    return found


def open_contacts(mailbox: Mailbox, owner: str = "") -> Folder:
    """The default contacts folder of a mailbox, the first thing that is asked of it.

    A server that knows the mailbox answers in a code that is known; if it does not, it may have a code of its own.
    """
    try:
        return get_folder(mailbox, distinguished("contacts", owner))
    except UnheardOf as error:
        if isinstance(error, MailboxNotFound) or not error.name.startswith("Error"):
            raise
        unknown = MailboxNotFound(error.name)
        unknown.said = error.said
        raise unknown from None


def walk_public(mailbox: Mailbox) -> Iterator[Folder | Unseen]:
    """All folders below the public root, level by level: Exchange has no deep traversal there."""
    level = [Folder(id="", path="", folder_class="", children=1)]
    seen: set[str] = set()
    for _ in range(DEEPEST):
        found = list(_children(mailbox, level))
        yield from (one for one in found if isinstance(one, Unseen))
        new = {one.id: one for one in found if isinstance(one, Folder) and one.id not in seen}
        yield from new.values()
        seen.update(new)
        # What a closed folder says about those below it may be as little as it says about itself.
        level = [folder for folder in new.values() if folder.children or not folder.readable]
        if not level:
            return
    yield from (Unseen(folder.id, folder.path, TOO_DEEP.error("")) for folder in level)


def _children(mailbox: Mailbox, parents: Sequence[Folder]) -> Iterator[Folder | Unseen]:
    for start in range(0, len(parents), _PARENTS_AT_ONCE):
        some = parents[start : start + _PARENTS_AT_ONCE]
        for parent, page in zip(some, _pages(mailbox, some), strict=True):
            if isinstance(page, Exception):
                yield Unseen(parent.id, parent.path or "/", page)
                continue
            further = _further(mailbox, _element(parent), page.next_offset, deep=False)
            for folder in chain(map(_folder, page.elements), further):
                yield _at(mailbox, folder, f"{parent.path}/{folder.name}")


def _pages(mailbox: Mailbox, parents: Sequence[Folder]) -> list[Page | Exception]:
    """The first page of each; what is too large for one answer is asked for in halves."""
    try:
        return FindFolder(account=mailbox).children([_element(parent) for parent in parents], _shape(), deep=False)
    except (OversizedAnswer, AnswerTooLarge) as error:
        if len(parents) == 1:
            return [error]
    middle = len(parents) // 2
    return _pages(mailbox, parents[:middle]) + _pages(mailbox, parents[middle:])


def _further(mailbox: Mailbox, parent: _Element, offset: int | None, *, deep: bool) -> Iterator[Folder]:
    limit: ListLimit | None = None
    while offset is not None:
        (page,) = FindFolder(account=mailbox).children([parent], _shape(), deep=deep, offset=offset, size=_PAGE)
        if isinstance(page, Exception):
            raise page
        found = [_folder(element) for element in page.elements]
        limit = limit or ListLimit(page.total or MOST_FOLDERS, _PAGE, MOST_FOLDERS)
        limit.page([folder.id for folder in found])
        yield from found
        offset = page.next_offset


def public_path(mailbox: Mailbox, folder: Folder) -> str | None:
    """Where a public folder lies now, by asking for each folder above it; None: not below the public root.

    Raises what the server says against one of them, and `ClosedAbove`.
    """
    root = get_folder(mailbox, distinguished("publicfoldersroot"))
    path, above = folder.path, {folder.id: folder}
    while folder.parent != root.id:
        if not folder.parent or folder.parent in above:
            return None
        if len(above) > DEEPEST:
            raise TOO_DEEP.error(folder.name)
        above[folder.parent] = folder = _above(mailbox, folder.parent)
        path = folder.path + path
    return path


def _above(mailbox: Mailbox, identifier: str) -> Folder:
    """A folder that a walk goes through. Raises `ClosedAbove` if it does not let us see what is below it."""
    try:
        folder = get_folder(mailbox, folder_id(identifier))
        (page,) = FindFolder(account=mailbox).children([folder_id(identifier)], _shape(), deep=False, size=1)
    except ews.ErrorAccessDenied:
        raise ClosedAbove(identifier) from None
    if isinstance(page, ews.ErrorAccessDenied):
        raise ClosedAbove(identifier)
    return folder


def walk_contacts(mailbox: Mailbox) -> Iterator[Folder]:
    """The mailbox's default contacts folder and all below it."""
    top = open_contacts(mailbox)
    yield top
    if top.children:
        yield from _placed(mailbox, top.path, _further(mailbox, folder_id(top.id), 0, deep=True))


def walk_shared(mailbox: Mailbox, owner: str) -> Iterator[Folder]:
    """What the mailbox's user may see of the owner's contacts: the default folder or only some of those below it."""
    try:
        top: Folder | None = open_contacts(mailbox, owner)
    except ews.ErrorAccessDenied:
        top = None
    if top is None:
        yield from _placed(mailbox, "", _further(mailbox, distinguished("contacts", owner), 0, deep=True))
        return
    yield top
    yield from _placed(mailbox, top.path, _further(mailbox, folder_id(top.id), 0, deep=True))


def _placed(mailbox: Mailbox, top: str, below: Iterable[Folder]) -> Iterator[Folder]:
    """Gives each folder its path; a deep listing names parents by id, in no promised order."""
    listed = {folder.id: folder for folder in below}
    for folder in listed.values():
        yield _at(mailbox, folder, top + "".join(reversed(list(_steps_up(folder, listed)))))


def _steps_up(folder: Folder, listed: Mapping[str, Folder]) -> Iterator[str]:
    seen: set[str] = set()
    here: Folder | None = folder
    while here is not None and here.id not in seen:
        if len(seen) == DEEPEST:
            raise AnswerRefused("the answer makes a path beyond all measure")
        seen.add(here.id)
        yield here.path
        here = listed.get(here.parent)


def is_not_there(error: Exception) -> bool:
    """The only answers that mean that a folder does not exist."""
    return isinstance(error, (ews.ErrorItemNotFound, ews.ErrorFolderNotFound))


def _shape(*, with_replica: bool = False) -> _Element:
    replica = [extended_uri(_REPLICA_LIST, "Binary")] if with_replica else []
    return folder_shape([*map(field_uri, _PROPERTIES), *replica])


def _element(folder: Folder) -> _Element:
    return folder_id(folder.id) if folder.id else distinguished("publicfoldersroot")


def _at(mailbox: Mailbox, folder: Folder, path: str) -> Folder:
    """With its path; a long one uses up as much of the run's allowance as further folders would."""
    if len(path) > _LONGEST_PATH:
        raise AnswerRefused("the answer makes a path beyond all measure")
    mailbox.protocol.folders.take(len(path) // _LONGEST_NAME)
    return replace(folder, path=path)


def _folder(element: _Element) -> Folder:
    identifier, parent = element.find(f"{TYPES}FolderId"), element.find(f"{TYPES}ParentFolderId")
    if identifier is None:
        raise AnswerRefused("the answer holds a folder without an id")
    if any(one is not None and len(one.get("Id", "")) > _LONGEST_ID for one in (identifier, parent)):
        raise AnswerRefused("the answer holds an id beyond all measure")
    name = (element.findtext(f"{TYPES}DisplayName") or "")[:_LONGEST_NAME].replace("/", "\\")
    read = element.findtext(f"{TYPES}EffectiveRights/{TYPES}Read")
    return Folder(
        id=identifier.get("Id", ""),
        path=f"/{name}",
        folder_class=(element.findtext(f"{TYPES}FolderClass") or _class_of_tag(element))[:_LONGEST_NAME],
        children=_number(element.findtext(f"{TYPES}ChildFolderCount"), unknown=1),
        parent=parent.get("Id", "") if parent is not None else "",
        total=_number(element.findtext(f"{TYPES}TotalCount"), unknown=0),
        readable=read not in ("false", "0"),
        replica=_replica(element),
    )


def _replica(element: _Element) -> str:
    """From PR_REPLICA_LIST: the mailbox's id as text, in bytes that end with zero."""
    encoded = element.findtext(f"{TYPES}ExtendedProperty/{TYPES}Value") or ""
    try:
        found = _GUID.match(b64decode(encoded, validate=True).decode("ascii"))
    except ValueError:
        return ""
    return found[0] if found else ""


def _class_of_tag(element: _Element) -> str:
    return "IPF.Contact" if element.tag == f"{TYPES}ContactsFolder" else ""


def _number(text: str | None, *, unknown: int) -> int:
    found = whole_number(text)
    return unknown if found is None else found
