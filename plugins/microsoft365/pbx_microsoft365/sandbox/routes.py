"""Which addresses there are, what each takes, and which permission it needs: one table, read from top to bottom.

Neighbours: service.py (who asks), mailboxes.py, people.py, deltas.py and writers.py (who answers).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import unquote

from pbx_microsoft365.sandbox import deltas, mailboxes, people, writers
from pbx_microsoft365.sandbox.calls import Call
from pbx_microsoft365.sandbox.messages import GraphAnswer, Json

Handler = Callable[[Call], Json | GraphAnswer]
Side = Literal["outlook", "directory"]

_OUTLOOK_LIST: Final = frozenset(
    ("$top", "$skip", "$filter", "$search", "$count", "$orderby", "$select", "$expand", "$skiptoken")
)
_OUTLOOK_ITEM: Final = frozenset(("$select", "$expand"))
_OUTLOOK_DELTA: Final = frozenset(("$select", "$skiptoken", "$deltatoken"))
_PEOPLE_LIST: Final = frozenset(
    ("$top", "$filter", "$search", "$count", "$orderby", "$select", "$expand", "$skiptoken")
)
_MIXED_LIST: Final = _PEOPLE_LIST - {"$select"}
_PEOPLE_DELTA: Final = frozenset(("$select", "$filter", "$skiptoken", "$deltatoken"))
_NONE: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Route:
    operation: str
    """A short name for logs and faults."""
    method: str
    template: str
    handle: Handler
    options: frozenset[str] = _NONE
    permissions: tuple[str, ...] = ()
    """One of them is needed; none for addresses that tell everybody the same."""
    side: Side = "outlook"

    @property
    def takes_prefer(self) -> bool:
        return self.side == "outlook" or "$deltatoken" in self.options

    @property
    def takes_consistency(self) -> bool:
        return self.side == "directory"


def _outlook() -> Iterator[Route]:
    read, write, user = ("Contacts.Read", "Contacts.ReadWrite"), ("Contacts.ReadWrite",), "/users/{user}"
    folders, folder = f"{user}/contactFolders", f"{user}/contactFolders/{{folder}}"
    yield Route("foldersDelta", "GET", f"{folders}/delta", deltas.folders_delta, _OUTLOOK_DELTA, read)
    yield Route("contactFolders", "GET", folders, mailboxes.list_folders, _OUTLOOK_LIST, read)
    yield Route("createFolder", "POST", folders, writers.create_folder, _NONE, write)
    yield Route("contactFolder", "GET", folder, mailboxes.read_folder, _OUTLOOK_ITEM, read)
    yield Route("updateFolder", "PATCH", folder, writers.update_folder, _NONE, write)
    yield Route("deleteFolder", "DELETE", folder, writers.delete_folder, _NONE, write)
    children = f"{folder}/childFolders"
    yield Route("childFolders", "GET", children, mailboxes.list_child_folders, _OUTLOOK_LIST, read)
    yield Route("createFolder", "POST", children, writers.create_folder, _NONE, write)
    for contacts in (f"{folder}/contacts", f"{user}/contacts"):
        one = f"{contacts}/{{contact}}"
        yield Route("contactsDelta", "GET", f"{contacts}/delta", deltas.contacts_delta, _OUTLOOK_DELTA, read)
        yield Route("contacts", "GET", contacts, mailboxes.list_contacts, _OUTLOOK_LIST, read)
        yield Route("createContact", "POST", contacts, writers.create_contact, _NONE, write)
        yield Route("contact", "GET", one, mailboxes.read_contact, _OUTLOOK_ITEM, read)
        yield Route("updateContact", "PATCH", one, writers.update_contact, _NONE, write)
        yield Route("deleteContact", "DELETE", one, writers.delete_contact, _NONE, write)
        yield Route("photo", "GET", f"{one}/photo", mailboxes.no_photo, _NONE, read)
        yield Route("photo", "GET", f"{one}/photo/$value", mailboxes.no_photo, _NONE, read)
    settings = ("MailboxSettings.Read",)
    yield Route("mailboxSettings", "GET", f"{user}/mailboxSettings", mailboxes.read_settings, _OUTLOOK_ITEM, settings)
    yield Route("translateIds", "POST", f"{user}/translateExchangeIds", mailboxes.translate_ids, _NONE, ())


def _directory() -> Iterator[Route]:
    users, contacts, groups = ("User.Read.All",), ("OrgContact.Read.All",), ("GroupMember.Read.All",)

    def route(operation: str, template: str, handle: Handler, options: frozenset[str], needs: tuple[str, ...]) -> Route:
        return Route(operation, "GET", template, handle, options, needs, "directory")

    yield route("usersDelta", "/users/delta", deltas.users_delta, _PEOPLE_DELTA, users)
    yield route("usersCount", "/users/$count", people.count_users, frozenset(("$filter", "$search")), users)
    yield route("users", "/users", people.list_users, _PEOPLE_LIST, users)
    yield route("user", "/users/{user}", people.read_user, _OUTLOOK_ITEM, users)
    yield route("manager", "/users/{user}/manager", people.read_manager, _OUTLOOK_ITEM, users)
    yield route("userPhoto", "/users/{user}/photo", mailboxes.no_user_photo, _NONE, users)
    yield route("userPhoto", "/users/{user}/photo/$value", mailboxes.no_user_photo, _NONE, users)
    deleted = "/directory/deletedItems/microsoft.graph.user"
    yield route("deletedUsers", deleted, people.list_deleted_users, _PEOPLE_LIST, users)
    yield route("orgContactsDelta", "/contacts/delta", deltas.org_contacts_delta, _PEOPLE_DELTA, contacts)
    yield route("orgContacts", "/contacts", people.list_org_contacts, _PEOPLE_LIST, contacts)
    yield route("orgContact", "/contacts/{orgContact}", people.read_org_contact, _OUTLOOK_ITEM, contacts)
    yield route("groups", "/groups", people.list_groups, _PEOPLE_LIST, groups)
    group = "/groups/{group}"
    yield route("members", f"{group}/members", people.list_members, _MIXED_LIST, groups)
    every = f"{group}/transitiveMembers"
    yield route("transitiveMembers", every, people.list_transitive_members, _MIXED_LIST, groups)
    cast = f"{every}/microsoft.graph.user"
    yield route("transitiveMembers", cast, people.list_transitive_users, _PEOPLE_LIST, groups)


ROUTES: Final = (*_directory(), *_outlook())
OPERATIONS: Final = frozenset(route.operation for route in ROUTES) | {"batch"}
_KEY: Final = re.compile(r"^(\w+)\('([^']*)'\)$")
_DELTA: Final = ("delta()", "microsoft.graph.delta()", "microsoft.graph.delta")


def split_path(path: str) -> list[str]:
    """The segments, unquoted, with keys and functions in the form that the table has."""
    found: list[str] = []
    for raw in path.strip("/").split("/"):
        segment = unquote(raw)
        key = _KEY.match(segment)
        found.extend(key.groups() if key else ["delta" if segment in _DELTA else segment])
    return found


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route and what stands in the address for its `{...}`."""
    segments = split_path(path)
    for route in ROUTES:
        if route.method == method and (params := _match(route.template, segments)) is not None:
            return route, params
    return None


def has_path(path: str) -> bool:
    """Whether some other method would do."""
    segments = split_path(path)
    return any(_match(route.template, segments) is not None for route in ROUTES)


def _match(template: str, segments: list[str]) -> dict[str, str] | None:
    parts = template[1:].split("/")
    if len(parts) != len(segments):
        return None
    params: dict[str, str] = {}
    for part, segment in zip(parts, segments, strict=True):
        if part.startswith("{") and segment and segment != "$count":
            params[part[1:-1]] = segment
        elif part != segment:
            return None
    return params
