"""Only what changed: SyncFolderItems for private and shared folders, with a state that belongs to one folder.

`pbx_exchange.source` asks here first and lists the folder in full where there is no state, the state is refused, or so
much changed that a list is the shorter way. A new state tells of every item once before it tells of changes: where a
list comes anyway, only a few requests go into it, and later runs list too until it has caught up. A checkpoint is a
string of ours around the server's state, which is never newer than the rows that were listed with it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from exchangelib import errors as ews
from lxml.etree import _Element

from pbx_connector.api import Gone, Skipped
from pbx_exchange.folder_reader import FolderReader, Item, skipped
from pbx_exchange.rows import CONTACT, ITEM_CLASS, key_of
from pbx_exchange.wire.endpoint import Mailbox
from pbx_exchange.wire.services import SyncFolderItems, field_uri, folder_id, item_shape
from pbx_exchange.wire.xml_parser import TYPES

AT_ONCE = 512
MOST = 2000
"""With more changes than this, listing the folder takes fewer requests than reading them one by one."""
ROUNDS = 2_000
"""A million changes, or two hundred thousand where a server tells a hundred at a time; then the folder is listed."""
FIRST_ROUNDS = 1
"""What a list of a folder without a state spends on one: enough for most private folders."""
LATER_ROUNDS = 20
"""What a list spends on a state that has not caught up."""
_DAY = 24 * 3600.0
_DELETE, _READ_FLAG = f"{TYPES}Delete", f"{TYPES}ReadFlagChange"
_CREATE = f"{TYPES}Create"
UNABLE = (ews.ErrorInvalidOperation, ews.ErrorAccessDenied, ews.ErrorInvalidFolderTypeForOperation)


class Endless(Exception):
    """The server goes on reporting changes and never comes to the end of them."""


@dataclass(slots=True)
class Changed:
    """What happened to a folder since a state; of each item only what came last."""

    state: str = ""
    present: dict[str, None] = field(default_factory=dict)
    """Keys of contacts that are new or changed."""
    removed: dict[str, None] = field(default_factory=dict)
    foreign: dict[str, Skipped] = field(default_factory=dict)
    created: int = 0
    too_many: bool = False
    partial: bool = False
    """The state has not caught up: there is more to tell."""

    @property
    def needs_list(self) -> bool:
        return self.too_many or self.partial

    @property
    def anything(self) -> bool:
        return self.needs_list or bool(self.present or self.removed or self.foreign)

    def note(self, change: _Element) -> None:
        if change.tag in (_READ_FLAG,):
            return
        item = change if change.tag == _DELETE else change[0]
        key, _ = key_of(item)
        for kind in (self.present, self.removed, self.foreign):
            kind.pop(key, None)
        self.created += change.tag == _CREATE
        if change.tag == _DELETE:
            self.removed[key] = None
        elif item.tag == CONTACT:
            self.present[key] = None
        else:
            self.foreign[key] = skipped(key, item)
        self._forget_if_too_many()

    def _forget_if_too_many(self) -> None:
        if self.too_many or len(self.present) + len(self.removed) + len(self.foreign) > MOST:
            self.too_many = True
            self.present, self.removed, self.foreign = {}, {}, {}


def changes_after(held: Checkpoint | None, mailbox: Mailbox, folder: str) -> Changed | None:
    """None if the server keeps no states for this folder, or none that lead anywhere."""
    try:
        return _continue(held, mailbox, folder) if held else changes_since(mailbox, folder, None, FIRST_ROUNDS)
    except (Endless, ews.ErrorInvalidSyncStateData, *UNABLE):
        return None


def _continue(held: Checkpoint, mailbox: Mailbox, folder: str) -> Changed:
    try:
        changed = changes_since(mailbox, folder, held.state, LATER_ROUNDS if held.partial else math.inf)
        # What a state tells while it catches up leaves out what was removed before it came there.
        changed.too_many |= held.partial
    except ews.ErrorInvalidSyncStateData:
        changed = changes_since(mailbox, folder, None, FIRST_ROUNDS)
        changed.too_many = True
    return changed


def changes_since(mailbox: Mailbox, folder: str, state: str | None, rounds: float = math.inf) -> Changed:
    """All changes up to now, or what `rounds` requests tell of them. Once they are too many a list comes anyway, and
    only `LATER_ROUNDS` more are spent.

    Raises `ErrorInvalidSyncStateData` if the server does not take the state; `Endless`."""
    changed = Changed(state=state or "")
    idle = 0
    for number in range(1, ROUNDS + 1):
        answer = SyncFolderItems(account=mailbox).changes(
            folder_id(folder), item_shape([field_uri(ITEM_CLASS[0])]), changed.state or None, AT_ONCE
        )
        for element in answer.elements:
            changed.note(element)
        stuck, changed.state = answer.state == changed.state, answer.state
        # A server may call an answer the last one with deletions still to come.
        if answer.last and (stuck or not any(element.tag == _DELETE for element in answer.elements)):
            return changed
        idle = 0 if answer.elements else idle + 1
        if idle > 3 or (stuck and answer.elements):
            break
        rounds = min(rounds, number + LATER_ROUNDS) if changed.too_many else rounds
        if number >= rounds:
            changed.partial = True
            return changed
    raise Endless("the server tells changes without end, or promises some and tells none")


def read_changes(changed: Changed, reader: FolderReader) -> Iterator[Item | Gone]:
    """Rows for what is there, `Gone` for what the server, asked directly, cannot find any more."""
    yield from changed.foreign.values()
    yield from reader.read_whole(list(changed.present))
    yield from reader.tell_removed(changed.removed)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The server's state of a folder, and what it holds for. Differs in anything: it counts for nothing."""

    folder: str
    mark: str
    """What else the rows depend on."""
    state: str
    listed: float
    """When the folder was last listed in full, in seconds since 1970."""
    partial: bool = False
    """The state has not caught up with that list."""

    def write(self) -> str:
        """A partial one has a fifth value, with which versions that know of none take it for none of theirs."""
        return json.dumps([self.folder, self.mark, self.state, self.listed, *([True] if self.partial else [])])

    def is_due(self, days: float, now: float) -> bool:
        """Whether it is time to list the folder in full again, which proves the changes since then right."""
        return not 0 <= now - self.listed < days * _DAY


def read_checkpoint(text: str | None, folder: str, mark: str) -> Checkpoint | None:
    """None if it is none of ours, or not of this folder."""
    try:
        owner, known, state, listed, *partial = json.loads(text or "")
        found = Checkpoint(str(owner), str(known), str(state), float(listed), bool(partial))
    except (ValueError, TypeError):
        return None
    return found if (found.folder, found.mark) == (folder, mark) else None
