"""Reads one book: all of it, what is new of it, or single entries by their keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b

from pbx_connector.api import Gone, KnownRows, Row, Unchanged, Unreadable
from pbx_ldap.books import BookLocation
from pbx_ldap.directory import Session, key_limit
from pbx_ldap.error_catalog import BASE_LEFT, NO_KEY, NO_TEXT
from pbx_ldap.keys import in_pages, key_filter, locate
from pbx_ldap.rows import RowPlan
from pbx_ldap.settings import LdapSettings
from pbx_ldap.wire.entries import Entry, EntryReader, Wanted
from pbx_ldap.wire.filters import Filter
from pbx_ldap.wire.messages import NO_ATTRIBUTES, Search

Item = Row | Unchanged | Unreadable
_FEW = 1000
"""Changed entries that are read by their keys; more of them, and everything is listed once more."""
_PRESENT = Wanted({}, dn=True)


class BookReader:
    def __init__(
        self, session: Session, location: BookLocation, fields: frozenset[str], settings: LdapSettings
    ) -> None:
        """Raises `SourceError` if a group is not there."""
        self.session = session
        self.location = location
        self._members = location.members(session, settings.nested_groups)
        self._page = settings.page
        has_names = self._members.names is not None
        self.plan = RowPlan(fields, session.kind, location.extra, has_names)
        self.filter = location.filter & self._members.filter if self._members.filter else location.filter

    @property
    def mark(self) -> str:
        """What a checkpoint of this book depends on besides the settings."""
        text = repr((self.location.base, self.location.scope, self.filter.text, self.plan.attributes))
        return blake2b(text.encode(), digest_size=8).hexdigest()

    def list_all(self, known: KnownRows) -> Iterator[Item]:
        """Every entry once; what is known at its version as `Unchanged`."""
        if known and self.plan.is_stamped:
            changed: list[str] = []
            yield from self._unchanged(known, changed)
            yield from self._read(changed)
            return
        for item in self._whole_list():
            if isinstance(item, Row) and known.has(item.key, item.version):
                yield Unchanged(item.key)
            else:
                yield item

    def list_all_keys(self) -> Iterator[str]:
        """How much there is to read, without reading it."""
        search = self._search(self.filter, self.plan.identity_attributes)
        return (self._key(entry) for entry in self._once(search, self.plan.identity_wanted, set()))

    def read_keys(self, keys: Sequence[str]) -> Iterator[Item]:
        """Those of them that are in the book."""
        for some in in_pages(keys):
            if asked := key_filter(self.session.kind, some):
                yield from self._items(self.filter & asked)

    def tell_gone(self, keys: set[str], known: Iterable[tuple[str, str]]) -> Iterator[Gone]:
        """Of keys that are not in the book now, those that were."""
        if keys:
            yield from (Gone(key) for key, _ in known if key in keys)

    def confirm_absent(self, keys: Sequence[str]) -> Iterator[str]:
        """Those that the server, asked for each of them directly, does not have in this book."""
        if not self.session.has(self.location.base):
            raise BASE_LEFT.error(self.location.book.title)
        for some in in_pages(keys):
            present = self._present(some)
            yield from (key for key in some if key not in present and self._is_absent(key))

    def _present(self, keys: Sequence[str]) -> set[str]:
        asked = key_filter(self.session.kind, keys)
        if asked is None:
            return set()
        wanted = replace(self.plan.identity_wanted, dn=True)
        search = self._search(self.filter & asked, (self.session.kind.key,))
        return {
            self._key(entry) for entry in list(self.session.entries(search, wanted)) if self._members.includes(entry.dn)
        }

    def _is_absent(self, key: str) -> bool:
        """Gone, moved out of the base, or no longer what the filter asks for: by a search of that entry alone."""
        name = locate(self.session, self.location.base, key)
        if name is None or not self.location.holds(name) or not self._members.includes(name):
            return True
        return self.session.find(name, (NO_ATTRIBUTES,), _PRESENT, self.filter) is None

    def _unchanged(self, known: KnownRows, changed: list[str]) -> Iterator[Item]:
        """`changed` is given the keys of all others."""
        seen: set[str] = set()
        search = self._search(self.filter, self.plan.identity_attributes)
        for entry in self._once(search, self.plan.identity_wanted, seen):
            key, version = self._key(entry), self.plan.stamp(entry)
            if version and known.has(key, version):
                yield Unchanged(key)
            else:
                changed.append(key)

    def _read(self, keys: Sequence[str]) -> Iterator[Item]:
        if len(keys) <= _FEW:
            yield from self.read_keys(keys)
            return
        some = set(keys)
        yield from (item for item in self._whole_list() if item.key in some)

    def _whole_list(self) -> Iterator[Item]:
        return self._items(self.filter)

    def _items(self, asked: Filter) -> Iterator[Item]:
        search = self._search(asked, self.plan.attributes)
        row, key_of = self.plan.row, self._key
        for entry in self._once(search, self.plan.wanted, set()):
            key = key_of(entry)
            yield self._unreadable(key, entry) if entry.unreadable else row(key, entry)

    def _once(self, search: Search, wanted: Wanted, seen: set[str]) -> Iterator[Entry]:
        """Each entry of a list once, though one that moves meanwhile may come twice; members alone where a group
        asks."""
        key_name = self.plan.key_name
        limit, reader = key_limit(self._page), EntryReader(wanted)
        everybody = self._members.names is None
        parted: list[Entry] = []
        for chunk in self.session.pages(search):
            fresh: list[str] = []
            for entry in reader.read(chunk):
                key = entry.values.get(key_name, "")
                if key in seen:
                    continue
                seen.add(key)
                fresh.append(key)
                if entry.parts:
                    parted.append(entry)
                elif everybody or self._members.includes(entry.dn):
                    yield entry
            if chunk.entries:
                limit.page(fresh)
        for entry in parted:
            self.session.complete(entry, wanted)
            if self._members.includes(entry.dn):
                yield entry

    def _search(self, asked: Filter, attributes: tuple[str, ...]) -> Search:
        return Search(self.location.base, self.location.scope, asked, attributes)

    def _key(self, entry: Entry) -> str:
        try:
            return self.plan.key(entry)
        except (KeyError, ValueError):
            raise NO_KEY.error(self.location.book.title, self.session.kind.shown_key) from None

    def _unreadable(self, key: str, entry: Entry) -> Unreadable:
        where = f"{self.location.book.title}, entry {key}"
        return Unreadable(key, NO_TEXT.problem(where, entry.unreadable))
