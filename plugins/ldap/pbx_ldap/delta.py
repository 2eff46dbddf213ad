"""What changed in Active Directory since the last run: by DirSync, else by update sequence numbers, else not at all.

Both tell which objects changed somewhere in the domain, deleted ones among them, and are believed for no more than
that: each object is then asked for by base and filter of the book. So a change that takes it out of the book shows as
well, and so does a tombstone, which has lost all that filters ask for. A number counts on one domain controller in one
life alone.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Literal

from pbx_connector.api import EndlessList
from pbx_ldap.book_reader import BookReader
from pbx_ldap.directory import ANY, Session
from pbx_ldap.fields import UNSTAMPED
from pbx_ldap.keys import context_of, in_pages, key_filter
from pbx_ldap.server_kind import guid_text
from pbx_ldap.wire import messages
from pbx_ldap.wire.connection import Chunk
from pbx_ldap.wire.entries import EntryReader, Wanted
from pbx_ldap.wire.filters import Filter, parse_filter
from pbx_ldap.wire.messages import Control, Refused, Scope, Search

_DAY = 24 * 3600
_KEY = "objectguid"
_KEY_ALONE = Wanted({_KEY: _KEY}, binary=frozenset({_KEY}))
_NOTHING = parse_filter(r"(objectGUID=\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00)")
_FOLDERS = parse_filter("(|(objectClass=organizationalUnit)(objectClass=container)(objectClass=domain))")
_SHOW_DELETED = Control(messages.SHOW_DELETED)
_ANSWER_BYTES = 2**20
_ROUNDS = 10_000
_MANY = 2000
"""Changed objects in the domain; beyond that a list is cheaper."""


@dataclass(frozen=True, slots=True)
class State:
    """How far a server had got at some moment."""

    by: Literal["dirsync", "usn"]
    value: str
    """A cookie in Base64, or a number."""
    server: str = ""
    """For a number: whose it is."""


@dataclass(frozen=True, slots=True)
class Changed:
    """Keys of what changed, and where the server has got with that."""

    keys: tuple[str, ...]
    state: State


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A state, and what it holds for. Differs in anything: it counts for nothing."""

    mark: str
    state: State
    listed: float
    """When everything was last listed, in seconds since 1970."""

    def write(self) -> str:
        return json.dumps([self.mark, self.state.by, self.state.value, self.state.server, self.listed])

    def is_due(self, days: float, now: float) -> bool:
        """Whether it is time for a whole list again, which proves the changes since then right."""
        return not 0 <= now - self.listed < days * _DAY


def read_checkpoint(text: str | None, mark: str) -> Checkpoint | None:
    """None if it is none of ours, or not of this book."""
    try:
        owner, by, value, server, listed = json.loads(text or "")
        found = Checkpoint(str(owner), State(by, str(value), str(server)), float(listed))
    except (ValueError, TypeError):
        return None
    return found if found.mark == mark and by in ("dirsync", "usn") else None


def present_state(reader: BookReader) -> State | None:
    """To be asked before a list, so that what happens meanwhile is news next time. None: only comparing tells."""
    if not _can_tell(reader):
        return None
    try:
        context = context_of(reader.session, reader.location.base)
        _, state = _dirsync(reader.session, context, _NOTHING, (_KEY,), b"")
        return state
    except Refused:  # without the right to replicate
        return _present_number(reader.session, reader.location.base)


def _can_tell(reader: BookReader) -> bool:
    """What a book's rows or their choice depend on must be part of the entries themselves."""
    session, location = reader.session, reader.location
    asked = reader.filter.attributes
    return session.root.is_active_directory and reader.plan.is_stamped and not location.groups and not asked & UNSTAMPED


def changes_since(reader: BookReader, state: State) -> Changed | None:
    """None if the server cannot tell, or tells of so much that a list is better: of folders that moved, too, whose
    entries came or went with them unchanged."""
    session = reader.session
    if not _can_tell(reader):
        return None
    try:
        changed = (
            _by_dirsync(reader, state) if state.by == "dirsync" else _by_number(session, reader.location.base, state)
        )
    except (Refused, ValueError, EndlessList):
        return None
    if changed is None or len(changed.keys) > _MANY or _has_folder(reader, changed.keys):
        return None
    return changed


def _has_folder(reader: BookReader, keys: tuple[str, ...]) -> bool:
    context = context_of(reader.session, reader.location.base)
    for some in in_pages(keys):
        if asked := key_filter(reader.session.kind, some):
            search = Search(context, Scope.SUBTREE, asked & _FOLDERS, (_KEY,))
            if list(reader.session.entries(search, _KEY_ALONE)):
                return True
    return False


# --- DirSync -------------------------------------------------------------------------------------------------------


def _by_dirsync(reader: BookReader, state: State) -> Changed:
    attributes = {*reader.plan.attributes, *reader.filter.attributes, _KEY, "isdeleted", "name"} - {"usnchanged"}
    context = context_of(reader.session, reader.location.base)
    keys, now = _dirsync(reader.session, context, ANY, tuple(sorted(attributes)), b64decode(state.value, validate=True))
    return Changed(keys, now)


def _dirsync(
    session: Session, context: str, asked: Filter, attributes: tuple[str, ...], cookie: bytes
) -> tuple[tuple[str, ...], State]:
    found: dict[str, None] = {}
    search = Search(context, Scope.SUBTREE, asked, attributes)
    for _ in range(_ROUNDS):
        more = False
        for chunk in session.once(search, [messages.dirsync(cookie, _ANSWER_BYTES)]):
            found.update(dict.fromkeys(_keys(EntryReader(_KEY_ALONE), chunk)))
            if chunk.result is not None:
                more, cookie = messages.dirsync_state(chunk.controls.get(messages.DIRSYNC, b""))
        if not more:
            return tuple(found), State("dirsync", b64encode(cookie).decode())
    raise EndlessList("changes do not end")


def _keys(reader: EntryReader, chunk: Chunk) -> list[str]:
    return [guid_text(entry.values[_KEY].encode("latin-1")) for entry in reader.read(chunk) if _KEY in entry.values]


# --- update sequence numbers ---------------------------------------------------------------------------------------


def _present_number(session: Session, base: str) -> State | None:
    """None if no deleted objects can be seen: then only a list tells that something is gone."""
    asked = parse_filter("(isDeleted=TRUE)")
    folder = f"CN=Deleted Objects,{context_of(session, base)}"
    try:
        deleted = session.once(Search(folder, Scope.ONE_LEVEL, asked), [_SHOW_DELETED, messages.paged(1, b"")])
        if not sum(len(chunk.entries) for chunk in deleted):
            return None
    except Refused:
        return None
    return _number(session)


def _number(session: Session) -> State | None:
    name = "highestcommittedusn"
    found = session.find("", ("highestCommittedUSN",), Wanted({name: name}))
    number = found.values.get(name, "") if found else ""
    return State("usn", number, session.kind.server) if number.isdigit() and session.kind.server else None


def _by_number(session: Session, base: str, state: State) -> Changed | None:
    now = _number(session)
    if now is None or state.server != now.server or int(now.value) < int(state.value):
        return None
    asked = parse_filter(f"(uSNChanged>={int(state.value) + 1})")
    search = Search(context_of(session, base), Scope.SUBTREE, asked, (_KEY,))
    reader = EntryReader(_KEY_ALONE)
    keys = [key for chunk in session.pages(search, [_SHOW_DELETED]) for key in _keys(reader, chunk)]
    return Changed(tuple(dict.fromkeys(keys)), now)
