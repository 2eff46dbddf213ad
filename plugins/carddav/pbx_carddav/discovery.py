"""From the address that somebody typed to the address books: well-known address, principal, home.

RFC 6764, 5397 and 6352. A server is asked for no more than leads on, and what it names is followed on hosts alone that
may have the password.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit

from pbx_carddav.error_catalog import NO_BOOKS
from pbx_carddav.wire.bodies import CALENDAR_SERVER
from pbx_carddav.wire.client import DavClient, address_in
from pbx_carddav.wire.errors import DavError, NotDav
from pbx_carddav.wire.multistatus import CARDDAV, DAV, DamagedAnswer, Property, Response

_PRINCIPAL, _HOME = DAV + "current-user-principal", CARDDAV + "addressbook-home-set"
_KIND, _NAME, _REPORTS = DAV + "resourcetype", DAV + "displayname", DAV + "supported-report-set"
CTAG, SYNC_TOKEN, ETAG = CALENDAR_SERVER + "getctag", DAV + "sync-token", DAV + "getetag"
_OF_A_BOOK = (_KIND, _NAME, _REPORTS, SYNC_TOKEN, CTAG)
_WELL_KNOWN = "/.well-known/carddav"
_ELSEWHERE = (404, 405, 501)
"""Answers of an address where nothing speaks WebDAV."""
_MOST_HOMES = 20
_LONGEST_NAME = 200
_NOTHING = Property()


@dataclass(frozen=True, slots=True)
class AddressBook:
    url: str
    name: str
    """As its owner calls it."""
    tells_changes: bool = False
    """By sync-collection."""
    ctag: str = ""
    """The server's mark of its present state; empty: it has none."""

    @property
    def path(self) -> str:
        """Decoded, with a slash at its end: what tells it apart from all others of the server."""
        return decoded_path(self.url).rstrip("/") + "/"

    @property
    def slug(self) -> str:
        """The last part of its path."""
        return self.path.rstrip("/").rpartition("/")[2]


class Discovery:
    """`url`: what somebody typed. `own`: whether the log-in's own books are looked for, should none be there.

    `places`: where address books were found, or looked for.
    """

    def __init__(self, client: DavClient, url: str, *, own: bool = True) -> None:
        self.client = client
        self._url = url
        self._own = own
        self._has_path = bool(urlsplit(url).path.strip("/"))
        self.places = [url]

    def find(self) -> list[AddressBook]:
        """Raises `SourceError` if nothing leads to address books."""
        base, found = self._entrance()
        first = member(base, found, base)
        if first is not None and is_book(first):
            self.places = [base]
            return [_book(base, first)]
        listed = self._books_in(base) if self._has_path else None
        homes = [] if listed or first is None else self._homes(base, first)
        if homes:
            self.places = homes
            return [book for home in homes for book in self._books_in(home, strict=True) or ()]
        if listed is None:
            raise NO_BOOKS.error(urlsplit(base).hostname or "")
        self.places = [base]
        return listed

    def look(self, url: str) -> AddressBook | None:
        """A book, asked for directly; None: it is there, and no address book."""
        base, found = self.client.properties(url, _OF_A_BOOK)
        itself = member(base, found, base)
        return _book(base, itself) if itself is not None and is_book(itself) else None

    def _entrance(self) -> tuple[str, list[Response]]:
        """The first address that speaks WebDAV, with what it says of itself."""
        well_known = urljoin(self._url, _WELL_KNOWN)
        root = urljoin(self._url, "/")
        addresses = [self._url] if not self._own else [self._url, well_known] if self._has_path else [well_known, root]
        failure: Exception | None = None
        for address in addresses:
            try:
                return self.client.properties(address, (*_OF_A_BOOK, _PRINCIPAL, _HOME))
            except (DavError, NotDav, DamagedAnswer) as error:
                if isinstance(error, DavError) and error.status not in _ELSEWHERE:
                    raise
                failure = failure if failure is not None and self._has_path else error
        raise failure or NO_BOOKS.error(self._url)

    def _homes(self, base: str, first: Response) -> list[str]:
        homes = _hrefs(base, first, _HOME)
        if homes or not self._own:
            return homes
        for principal in _hrefs(base, first, _PRINCIPAL):
            found_at, found = self.client.properties(principal, (_HOME,))
            itself = member(found_at, found, found_at)
            homes += _hrefs(found_at, itself, _HOME) if itself is not None else []
        return homes[:_MOST_HOMES]

    def _books_in(self, url: str, *, strict: bool = False) -> list[AddressBook] | None:
        """The address books that lie right in a folder; None: it cannot be listed, which is no failure unless it is
        `strict`."""
        try:
            base, found = self.client.properties(url, _OF_A_BOOK, depth="1")
        except DavError as error:
            if strict or error.status == 401:
                raise
            return None
        itself = member(base, found, base)
        if itself is not None and itself.status >= 400:
            raise DavError(itself.status)
        return [_book(address_in(base, one.href), one) for one in found if is_book(one)]


def member(base: str, found: Iterable[Response], url: str) -> Response | None:
    """What is said of the resource at `url` itself."""
    wanted = decoded_path(url).rstrip("/")
    return next((one for one in found if decoded_path(address_in(base, one.href)).rstrip("/") == wanted), None)


def is_book(response: Response) -> bool:
    return CARDDAV + "addressbook" in response.properties.get(_KIND, _NOTHING).names


def decoded_path(url: str) -> str:
    return unquote(urlsplit(url).path)


def _book(url: str, response: Response) -> AddressBook:
    properties = response.properties
    url = url if url.endswith("/") else url + "/"
    slug = decoded_path(url).rstrip("/").rpartition("/")[2]
    name = " ".join(properties.get(_NAME, _NOTHING).text.split())[:_LONGEST_NAME]
    return AddressBook(
        url,
        name or slug,
        DAV + "sync-collection" in properties.get(_REPORTS, _NOTHING).names or bool(_text(properties, SYNC_TOKEN)),
        _text(properties, CTAG),
    )


def _text(properties: dict[str, Property], name: str) -> str:
    return properties.get(name, _NOTHING).text.strip()


def _hrefs(base: str, response: Response, name: str) -> list[str]:
    return [address_in(base, href) for href in response.properties.get(name, _NOTHING).hrefs if href]
