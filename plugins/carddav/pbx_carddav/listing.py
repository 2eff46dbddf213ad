"""The members of a book with their ETags: all of them, or those that changed. Nothing of the cards themselves.

Keys are decoded paths within the book, as servers encode them one way or another; hrefs are kept as the server writes
them, to ask by.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from pbx_carddav.checkpoint import By
from pbx_carddav.discovery import CTAG, ETAG, AddressBook, decoded_path
from pbx_carddav.error_mapping import is_absent
from pbx_carddav.wire.client import DavClient, address_in
from pbx_carddav.wire.errors import DavError
from pbx_carddav.wire.multistatus import DAV, OversizedAnswer, Property, Response
from pbx_connector.api import EndlessList

_MOST_ROUNDS = 1000
_ENTRY_BYTES = 300
_NOTHING = Property()
_SAFE = "/@:!$&'()*+,;=~"
_KIND = DAV + "resourcetype"
_LISTED = (ETAG, _KIND, CTAG)


@dataclass(slots=True)
class Member:
    href: str
    """An absolute path, encoded as the server does it."""
    etag: str


@dataclass(slots=True)
class Listing:
    """What a list says; `mark` is the server's for the state that it shows."""

    members: dict[str, Member] = field(default_factory=dict)
    """By key."""
    removed: dict[str, None] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    """Members that the server says something else of than where they are, with their status."""
    mark: str = ""
    by: By = "ctag"


class Lister:
    """Lists one book. Raises what `DavClient` raises, and `DavError` 507 for a list that ends before its end."""

    def __init__(self, client: DavClient, book: AddressBook) -> None:
        self._client = client
        self._book = book
        self._memory = client.memory

    def all_by_sync(self) -> Listing:
        return self.changes_since("")

    def changes_since(self, token: str) -> Listing:
        """A server that tells changes in portions is asked until it has told all."""
        listing = Listing(by="sync", mark=token)
        collector = _Collector(self._book, listing, self._memory)
        for _ in range(_MOST_ROUNDS):
            before = listing.mark
            listing.mark = self._client.changes(self._book.url, before, collector.take, collector.begin)
            if not collector.cut:
                return listing
            if listing.mark in ("", before):
                raise DavError(507)
            collector.settle()
        raise EndlessList("changes do not end")

    def all_by_listing(self) -> Listing:
        """With the ctag of the very answer, so that no change between two requests is lost."""
        listing = Listing(by="ctag")
        collector = _Collector(self._book, listing, self._memory)
        self._client.members(self._book.url, _LISTED, collector.take, collector.begin)
        if collector.cut:
            raise DavError(507)
        if collector.itself is None:
            raise DavError(404)
        listing.mark = collector.itself.properties.get(CTAG, _NOTHING).text.strip()
        return listing


class _Collector:
    """Sorts what a list has; `begin` forgets what a try that failed has brought."""

    def __init__(self, book: AddressBook, listing: Listing, memory: int) -> None:
        self._book = book
        self._listing = listing
        self._left = memory
        self._settled = (0, dict(listing.members), dict(listing.removed), dict(listing.refused))
        self.cut = False
        self.itself: Response | None = None
        self._used = 0

    def begin(self) -> None:
        self._used, members, removed, refused = self._settled
        listing = self._listing
        listing.members, listing.removed, listing.refused = dict(members), dict(removed), dict(refused)
        self.cut, self.itself = False, None

    def settle(self) -> None:
        """What came so far stays."""
        listing = self._listing
        self._settled = (self._used, listing.members, listing.removed, listing.refused)

    def take(self, response: Response) -> None:
        url = address_in(self._book.url, response.href)
        key = key_of(self._book, url)
        if not key:
            self.cut = self.cut or response.status == 507
            self.itself = response
            return
        etag = response.properties.get(ETAG, _NOTHING).text.strip()
        self._charge(sys.getsizeof(key) + sys.getsizeof(url) + sys.getsizeof(etag) + _ENTRY_BYTES)
        self._sort(key, response, Member(path_of(url), etag))

    def _sort(self, key: str, response: Response, member: Member) -> None:
        listing = self._listing
        for known in (listing.members, listing.removed, listing.refused):
            known.pop(key, None)  # what came last holds
        if is_absent(response.status):
            listing.removed[key] = None
        elif response.status and not 200 <= response.status < 300:
            listing.refused[key] = response.status
        elif DAV + "collection" not in response.properties.get(_KIND, _NOTHING).names:
            listing.members[key] = member

    def _charge(self, count: int) -> None:
        self._used += count
        if self._used > self._left:
            raise OversizedAnswer("the list takes more memory than there is for one")


def key_of(book: AddressBook, url: str) -> str:
    """The decoded path within the book, or the whole one if it lies elsewhere; empty: it is the book itself."""
    path = decoded_path(url)
    return path.removeprefix(book.path) if path.rstrip("/") + "/" != book.path else ""


def path_of(url: str) -> str:
    """As the server encodes it."""
    return urlsplit(url).path


def spellings(book: AddressBook, key: str) -> list[str]:
    """The path of a member in each way that it may be encoded: a server that compares letters finds it by one."""
    if key.startswith("/"):
        folder, name = "", key
    else:
        folder, name = path_of(book.url), key
    return list(dict.fromkeys(folder + quote(name, safe=safe) for safe in (_SAFE, "/", "")))


def keys_of_answers(book: AddressBook, found: list[Response]) -> Iterator[tuple[str, Response]]:
    for response in found:
        yield key_of(book, address_in(book.url, response.href)), response
