"""What a run asks a directory: whole lists, single entries, and what kind of server it is.

A list is whole or it fails: every page must end in success, what is on other servers is told, and values that come in
parts are fetched to the last one. Each connection knows its server, so that a run goes on with another one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

from pbx_connector.api import EndlessList, ListLimit
from pbx_ldap import dn
from pbx_ldap import error_catalog as catalog
from pbx_ldap.error_mapping import FOREIGN, NO_SUCH_OBJECT, explain, shown
from pbx_ldap.server_kind import ROOT_ATTRIBUTES, Root, ServerKind, guid_text
from pbx_ldap.servers import Entrance
from pbx_ldap.settings import LdapSettings
from pbx_ldap.wire import messages
from pbx_ldap.wire.connection import SUCCESS, Chunk, Connection
from pbx_ldap.wire.entries import Entry, EntryReader, Wanted
from pbx_ldap.wire.filters import Filter, parse_filter
from pbx_ldap.wire.messages import Control, Refused, Scope, Search

ANY = parse_filter("(objectClass=*)")
MOST_ENTRIES = 10_000_000
_MOST_EMPTY_PAGES = 1000
_MOST_PARTS = 10_000


class Session:
    """A connection that is logged in, and what its server says of itself."""

    def __init__(self, connection: Connection, settings: LdapSettings) -> None:
        """Raises what the wire raises."""
        self.connection = connection
        self._settings = settings
        self.root = Root({})  # whose own entry is read without it
        names = frozenset(name.lower() for name in ROOT_ATTRIBUTES)
        found = self.find("", tuple(ROOT_ATTRIBUTES), Wanted({}, names, dn=True))
        self.root = Root(found.lists if found else {})
        self.kind: ServerKind = self.root.kind(settings.key, self._invocation())

    def _invocation(self) -> str:
        """Which life of this domain controller this is: one that was restored from a backup counts anew."""
        service = self.root.first("dsServiceName")
        if not self.root.is_active_directory or not service:
            return ""
        attribute = "invocationid"
        try:
            found = self.find(service, ("invocationId",), Wanted({attribute: attribute}, binary=frozenset({attribute})))
            return guid_text(found.values[attribute].encode("latin-1")) if found else ""
        except (Refused, KeyError, ValueError):
            return ""

    # --- lists -----------------------------------------------------------------------------------------------------

    def pages(self, search: Search, controls: Sequence[Control] = ()) -> Iterator[Chunk]:
        """The whole answer, the next page asked for before this one is taken apart. Raises what the wire raises, and
        `SourceError` for a part that is elsewhere."""
        cookie, empty, entries = b"", 0, 0
        number = self.connection.send(search, [messages.paged(self._settings.page, cookie), *controls])
        while True:
            before = entries
            for chunk in self.connection.receive(number):
                entries += len(chunk.entries)
                if chunk.result is not None:
                    cookie = self._next_page(chunk)
                    if cookie:
                        number = self.connection.send(search, [messages.paged(self._settings.page, cookie), *controls])
                self._look_at_references(chunk.references)
                yield chunk
                if chunk.result is not None:
                    break
            empty += entries == before
            if empty > _MOST_EMPTY_PAGES or entries > MOST_ENTRIES:
                raise EndlessList("the list does not end")
            if not cookie:
                return

    @staticmethod
    def _next_page(chunk: Chunk) -> bytes:
        _require_success(chunk)
        value = chunk.controls.get(messages.PAGED)
        return messages.page_cookie(value) if value else b""

    def once(self, search: Search, controls: Sequence[Control] = ()) -> Iterator[Chunk]:
        """Without pages."""
        for chunk in self.connection.receive(self.connection.send(search, controls)):
            if chunk.result is not None:
                _require_success(chunk)
            self._look_at_references(chunk.references)
            yield chunk

    def entries(self, search: Search, wanted: Wanted) -> Iterator[Entry]:
        """A whole list, taken apart, each entry with all its values. The connection may be asked for other things only
        after the last one."""
        reader = EntryReader(wanted)
        parted = []
        for chunk in self.pages(search):
            for entry in reader.read(chunk):
                if entry.parts:
                    parted.append(entry)
                else:
                    yield entry
        for entry in parted:
            self.complete(entry, wanted)
            yield entry

    def complete(self, entry: Entry, wanted: Wanted) -> None:
        """Fetches the values that a server with a limit for them left out (MS-ADTS, range retrieval)."""
        for attribute, begin in entry.parts.items():
            asked = begin
            for _ in range(_MOST_PARTS):
                found = self.find(entry.dn, (f"{attribute};range={asked}-*",), wanted)
                if found is None or not found.lists.get(attribute):
                    raise catalog.PART_MISSING.error()
                so_far = entry.lists.get(attribute, [])
                entry.lists = {**entry.lists, attribute: so_far + found.lists[attribute]}
                if attribute not in found.parts:
                    break
                if found.parts[attribute] <= asked:
                    raise catalog.PART_MISSING.error()
                asked = found.parts[attribute]
            else:
                raise EndlessList("the parts of an attribute do not end")
        entry.parts = {}

    # --- single entries --------------------------------------------------------------------------------------------

    def find(self, base: str, attributes: tuple[str, ...], wanted: Wanted, asked: Filter = ANY) -> Entry | None:
        """Asked for directly. None: it is not there, or is none of those that are asked for."""
        try:
            chunks = list(self.once(Search(base, Scope.BASE, asked, attributes)))
        except Refused as refused:
            if refused.result.code == NO_SUCH_OBJECT:
                return None
            raise
        return next((entry for chunk in chunks for entry in EntryReader(wanted).read(chunk)), None)

    def has(self, base: str) -> bool:
        return self.find(base, (messages.NO_ATTRIBUTES,), Wanted({})) is not None

    def is_authoritative(self, base: str) -> bool:
        """Whether the server has the tree that `base` would be in, so that its "not there" is an answer. A server that
        has lost its data, or never had it, says the same of everything."""
        contexts = [one for one in self.root.contexts if one and dn.is_below(base, one)]
        return any(dn.normal(one) != dn.normal(base) and self.has(one) for one in contexts)

    def _look_at_references(self, references: Sequence[str]) -> None:
        if self._settings.referrals == "ignore":
            return
        for address in references:
            if not self._is_own(address):
                raise catalog.REFERRED.error("", shown(urlsplit_host(address)))

    def _is_own(self, address: str) -> bool:
        """Active Directory refers to its trees for itself (configuration, DNS) as if they were elsewhere."""
        try:
            name = dn.normal(unquote(urlsplit(address).path.removeprefix("/")))
        except ValueError:
            return False
        return self.root.is_active_directory and any(name == dn.normal(one) for one in self.root.contexts)


def urlsplit_host(address: str) -> str:
    try:
        return urlsplit(address).hostname or "elsewhere"
    except ValueError:
        return "elsewhere"


def _require_success(chunk: Chunk) -> None:
    if chunk.result is not None and chunk.result.code != SUCCESS:
        raise Refused(chunk.result)


def key_limit(page: int) -> ListLimit:
    """For a list of which nobody says how long it is."""
    return ListLimit(MOST_ENTRIES, page, MOST_ENTRIES)


class Directory:
    """Sessions for one run. Each is used by one thread at a time; one that failed in the middle is not used again."""

    def __init__(self, settings: LdapSettings) -> None:
        self.settings = settings
        self._entrance = Entrance(settings)
        self._idle: list[Session] = []
        self._lock = threading.Lock()

    @contextmanager
    def session(self, where: str = "") -> Iterator[Session]:
        """What fails inside leaves as a `SourceError`, with `where` before its words."""
        session = self._take(where)
        try:
            yield session
        except FOREIGN as error:
            raise explain(error, where) from None
        finally:
            self._give_back(session)

    def _take(self, where: str) -> Session:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        connection = self._entrance.open()
        try:
            return Session(connection, self.settings)
        except BaseException as error:
            connection.close()
            if isinstance(error, FOREIGN):
                raise explain(error, where) from None
            raise

    def _give_back(self, session: Session) -> None:
        if session.connection.broken:
            session.connection.close()
            return
        with self._lock:
            self._idle.append(session)

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for session in idle:
            session.connection.close()
