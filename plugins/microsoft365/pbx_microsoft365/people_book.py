"""The directory and the organisational contacts as address books: listed in full, with the settings' choice of people.

Who belongs is judged here and not by the server, as Graph refuses most conditions on the directory or answers them from
an index that is behind. Groups tell their members, at any depth, by id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pbx_connector.api import End, KnownRows, Row, StreamItem, Unchanged
from pbx_microsoft365.error_catalog import NO_SUCH_OBJECT
from pbx_microsoft365.error_mapping import Meaning, meaning
from pbx_microsoft365.rows import RowReader, digest, key_of
from pbx_microsoft365.settings import Directory
from pbx_microsoft365.wire.answers import GraphError, Json
from pbx_microsoft365.wire.batch import BatchRequest
from pbx_microsoft365.wire.client import GraphClient
from pbx_microsoft365.wire.targets import path

PAGE = 999
PAGE_EXPANDED = 100
"""Graph's limit where other objects are asked for along with users."""
_NUMBERS = ("businessPhones", "mobilePhone", "faxNumber")
JUDGED_BY = ("accountEnabled", "userType", "showInAddressList", *_NUMBERS)
"""Properties that tell whether a user is wanted."""


@dataclass(frozen=True, slots=True)
class Population:
    """Whom a book is about."""

    root: str
    """The collection of Graph that they are in: `users` or `contacts`."""
    wants: Callable[[Json], bool]
    groups: Sequence[str] = ()
    """Only who belongs to one of them; none: everybody."""


def wants_user(settings: Directory, user: Json) -> bool:
    """Guests are hidden from address lists unless somebody shows them, so that says nothing about them."""
    guest = user.get("userType") == "Guest"
    return (
        (settings.guests or not guest)
        and (settings.disabled or user.get("accountEnabled") is not False)
        and (settings.hidden or guest or user.get("showInAddressList") is not False)
        and (settings.without_numbers or any(user.get(of) for of in _NUMBERS))
    )


class PeopleBook:
    def __init__(
        self, client: GraphClient, people: Population, rows: RowReader, extra: Mapping[str, str], title: str
    ) -> None:
        self._client = client
        self._people = people
        self._rows = rows
        self._extra = extra
        self._title = title

    def changes(self, since: str | None, known: Iterable[tuple[str, str]]) -> Iterator[StreamItem]:
        """The directory has versions of nobody: what is unchanged shows by comparing values."""
        held = KnownRows(known)
        chosen = self._chosen()
        seen: set[str] = set()
        for person in self._list_all():
            key = key_of(person)
            if key in seen or not chosen(person):
                continue
            seen.add(key)
            row = self._row(key, person)
            yield Unchanged(key) if held.has(key, row.version) else row
        yield End(None, full=True)

    def confirm_gone(self, keys: Sequence[str]) -> Iterator[str]:
        """Who is there, and by the settings belongs to the book no more, is gone from it as well."""
        chosen = self._chosen()
        by_target = {path(self._people.root, key): key for key in keys}
        requests = [BatchRequest(target, {"$select": self._rows.select}) for target in by_target]
        for request, answer in self._client.batch(requests):
            gone = _is_absent(answer) if isinstance(answer, GraphError) else not chosen(answer)
            if gone:
                yield by_target[request.target]

    def _list_all(self) -> Iterator[Json]:
        size = PAGE_EXPANDED if self._rows.expand else PAGE
        for page in self._client.pages(path(self._people.root), {"$top": str(size), **self._rows.options}):
            yield from page.items

    def _row(self, key: str, person: Json) -> Row:
        values = self._rows.read(person)
        values.update(self._extra)
        return Row(key, digest(values), values)

    def _chosen(self) -> Callable[[Json], bool]:
        if not self._people.groups:
            return self._people.wants
        members = {member for group in self._people.groups for member in self._members(group)}
        return lambda person: person.get("id") in members and self._people.wants(person)

    def _members(self, group: str) -> Iterator[str]:
        try:
            for page in self._client.pages(members_of(self._client, group), {"$top": str(PAGE)}):
                yield from map(key_of, page.items)
        except GraphError as error:
            if _is_absent(error):
                raise NO_SUCH_OBJECT.error(f"{self._title}: {group}") from None
            raise


def members_of(client: GraphClient, group: str) -> str:
    """Where the members of a group are listed, at any depth. Graph selects none of their properties there."""
    return path("groups", _group_id(client, group) if "@" in group else group, "transitiveMembers")


def _group_id(client: GraphClient, address: str) -> str:
    """By its e-mail address."""
    quoted = address.replace("'", "''")
    found = client.get("/groups", {"$filter": f"mail eq '{quoted}'", "$select": "id"}).get("value")
    if not isinstance(found, list) or len(found) != 1:
        raise NO_SUCH_OBJECT.error(address)
    return key_of(found[0])


def _is_absent(error: GraphError) -> bool:
    return meaning(error) is Meaning.NO_OBJECT
