"""The directory, read: users, organisational contacts, groups and their members. Neighbours: routes.py, deltas.py."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from pbx_connector.testing.office.directory import DirectoryEntry, DirectoryKind
from pbx_microsoft365.sandbox.calls import Call
from pbx_microsoft365.sandbox.filters import read_filter, read_order
from pbx_microsoft365.sandbox.messages import GraphAnswer, GraphError, Json, bad_request, not_found
from pbx_microsoft365.sandbox.options import read_expand, read_flag, read_number, read_select

PAGE: Final = 100
PAGE_LIMIT: Final = 999
_USER_DEFAULT: Final = (
    *("businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone", "officeLocation"),
    *("preferredLanguage", "surname", "userPrincipalName", "id"),
)
_USER_MORE: Final = (
    *("accountEnabled", "ageGroup", "assignedLicenses", "city", "companyName", "country", "createdDateTime"),
    *("creationType", "deletedDateTime", "department", "employeeHireDate", "employeeId", "employeeOrgData"),
    *("employeeType", "externalUserState", "faxNumber", "imAddresses", "isResourceAccount", "mailNickname"),
    *("onPremisesDistinguishedName", "onPremisesDomainName", "onPremisesExtensionAttributes"),
    *("onPremisesImmutableId", "onPremisesLastSyncDateTime", "onPremisesSamAccountName"),
    *("onPremisesSecurityIdentifier", "onPremisesSyncEnabled", "onPremisesUserPrincipalName", "otherMails"),
    *("passwordPolicies", "postalCode", "preferredDataLocation", "proxyAddresses", "showInAddressList", "state"),
    *("streetAddress", "usageLocation", "userType"),
)
_SINGLE_ONLY: Final = ("aboutMe", "birthday", "hireDate", "interests", "mailboxSettings", "mySite", "pastProjects")
_SINGLE_LISTS: Final = ("responsibilities", "schools", "skills")
_CONTACT_DEFAULT: Final = (
    *("id", "deletedDateTime", "companyName", "department", "displayName", "givenName", "jobTitle", "mail"),
    *("mailNickname", "onPremisesLastSyncDateTime", "onPremisesSyncEnabled", "surname", "addresses", "phones"),
    *("proxyAddresses", "onPremisesProvisioningErrors", "serviceProvisioningErrors"),
)
_GROUP_DEFAULT: Final = (
    *("id", "deletedDateTime", "description", "displayName", "groupTypes", "mail", "mailEnabled", "mailNickname"),
    *("proxyAddresses", "securityEnabled", "visibility"),
)
_LISTS: Final = frozenset(
    (
        *("businessPhones", "assignedLicenses", "imAddresses", "otherMails", "proxyAddresses", "addresses", "phones"),
        *("onPremisesProvisioningErrors", "serviceProvisioningErrors", "groupTypes"),
    )
)
_DEFAULT: Final[Mapping[DirectoryKind, Sequence[str]]] = {
    "user": _USER_DEFAULT,
    "orgContact": _CONTACT_DEFAULT,
    "group": _GROUP_DEFAULT,
}
_KNOWN: Final[Mapping[DirectoryKind, frozenset[str]]] = {
    "user": frozenset((*_USER_DEFAULT, *_USER_MORE)),
    "orgContact": frozenset(_CONTACT_DEFAULT),
    "group": frozenset(_GROUP_DEFAULT),
}
_ATTRIBUTES: Final = {f"extensionAttribute{number}": None for number in range(1, 16)}

WriteEntry = Callable[[DirectoryEntry], Json]


def compile_entry(call: Call, kind: DirectoryKind, *, many: bool, sparse: bool = False) -> WriteEntry:
    """A function that writes entries of a kind; `sparse` leaves out what is not set, as delta does."""
    if many and kind == "user":
        _refuse_single_only(call.options.get("$select", ""))
    select = read_select(
        call.options, _KNOWN[kind] | {*_SINGLE_ONLY, *_SINGLE_LISTS}, f"Microsoft.DirectoryServices.{kind}"
    )
    names = [name for name in (select or _DEFAULT[kind]) if name in _KNOWN[kind]]
    manager = _read_expanded(call)

    def write(entry: DirectoryEntry) -> Json:
        told = {name: _member(call, entry, name) for name in names}
        if sparse:
            told = {"id": entry.id} | {name: value for name, value in told.items() if value not in (None, [])}
        if manager and entry.manager is not None:
            told["manager"] = {"@odata.type": "#microsoft.graph.user", **_write_plain(call, entry.manager)}
        return told

    return write


def _read_expanded(call: Call) -> bool:
    expand = read_expand(call.options)
    if expand.keys() - {"manager"}:
        raise bad_request(
            f"Could not find a property named '{min(expand.keys() - {'manager'})}'.", "Request_BadRequest"
        )
    return "manager" in expand


def _refuse_single_only(text: str) -> None:
    for name in text.split(","):
        if name.strip() in (*_SINGLE_ONLY, *_SINGLE_LISTS):
            raise GraphError(
                HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", f"'{name}' cannot be had for many users at once."
            )


def _member(call: Call, entry: DirectoryEntry, name: str) -> Any:
    if name == "id":
        return entry.id
    value = entry.values.get(name)
    if name == "proxyAddresses" and entry.kind == "user":
        mailbox = call.state.mailboxes.get(entry.name.lower())
        return [*(value or []), *(f"smtp:{alias}" for alias in sorted(mailbox.aliases if mailbox else ()))]
    if name == "onPremisesExtensionAttributes":
        return {**_ATTRIBUTES, **(value or {})}
    return [] if value is None and name in _LISTS else value


def _write_plain(call: Call, entry: DirectoryEntry) -> Json:
    return {name: _member(call, entry, name) for name in _DEFAULT[entry.kind]}


# --- lists --------------------------------------------------------------------------------------------------------


def list_users(call: Call) -> Json:
    return _list(call, "user", call.state.directory.all("user"), "users")


def list_deleted_users(call: Call) -> Json:
    return _list(call, "user", list(call.state.directory.deleted.values()), "directoryObjects")


def list_org_contacts(call: Call) -> Json:
    return _list(call, "orgContact", call.state.directory.all("orgContact"), "contacts")


def list_groups(call: Call) -> Json:
    return _list(call, "group", call.state.directory.all("group"), "groups")


def _list(call: Call, kind: DirectoryKind, entries: list[DirectoryEntry], what: str) -> Json:
    write = compile_entry(call, kind, many=True)
    chosen = _choose(call, entries, _KNOWN[kind])
    return call.context(what) | _page(call, chosen, write)


def list_members(call: Call) -> Json:
    """Of all kinds, each told with its own."""
    members = call.state.directory.entries.values()
    direct = {member.id for member in _group(call).members}
    return _list_mixed(call, [member for member in members if member.id in direct])


def list_transitive_members(call: Call) -> Json:
    return _list_mixed(call, list(call.state.directory.transitive_members(_group(call))))


def list_transitive_users(call: Call) -> Json:
    if not _is_advanced(call):
        raise _unsupported("Casting members needs the header ConsistencyLevel: eventual and $count=true.")
    members = call.state.directory.transitive_members(_group(call))
    return _list(call, "user", [member for member in members if member.kind == "user"], "users")


def _list_mixed(call: Call, members: list[DirectoryEntry]) -> Json:
    def write(entry: DirectoryEntry) -> Json:
        return {"@odata.type": f"#microsoft.graph.{entry.kind}", **_write_plain(call, entry)}

    known = frozenset().union(*_KNOWN.values())
    return call.context("directoryObjects") | _page(call, _choose(call, members, known), write)


def _group(call: Call) -> DirectoryEntry:
    group = call.state.directory.entries.get(call.params["group"].lower())
    if group is None or group.kind != "group":
        raise not_found("Request_ResourceNotFound", f"Resource '{call.params['group']}' does not exist.")
    return group


def _page(call: Call, entries: list[DirectoryEntry], write: WriteEntry) -> Json:
    limit = PAGE if "$expand" in call.options else PAGE_LIMIT
    size = min(read_number(call.options, "$top", 1, PAGE_LIMIT) or PAGE, limit)
    start = read_token(call.options.get("$skiptoken"))
    told: Json = {"@odata.count": len(entries)} if read_flag(call.options, "$count") and _is_eventual(call) else {}
    told["value"] = [write(entry) for entry in entries[start : start + size]]
    if start + size < len(entries):
        told["@odata.nextLink"] = call.link({"$skiptoken": write_token(start + size)})
    return told


def write_token(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def read_token(text: str | None) -> int:
    if text is None:
        return 0
    try:
        value = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        value = None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise bad_request("The specified page token value is invalid or has expired.", "Directory_ExpiredPageToken")
    return value


# --- what is chosen -----------------------------------------------------------------------------------------------


def _is_eventual(call: Call) -> bool:
    level = call.request.headers.get("consistencylevel", "")
    if level and level.lower() != "eventual":
        raise bad_request(f"The value '{level}' of the header ConsistencyLevel is not known.", "Request_BadRequest")
    return bool(level)


def _is_advanced(call: Call) -> bool:
    return _is_eventual(call) and read_flag(call.options, "$count")


def _unsupported(said: str) -> GraphError:
    return bad_request(said, "Request_UnsupportedQuery")


def _choose(call: Call, entries: list[DirectoryEntry], known: frozenset[str]) -> list[DirectoryEntry]:
    if _is_advanced(call) and "$expand" in call.options:
        raise _unsupported("$expand cannot be combined with advanced queries.")
    if "$search" in call.options:
        entries = _search(call, entries, known)
    if "$filter" in call.options:
        entries = _filter(call, entries, known)
    if "$orderby" in call.options:
        entries = _order(call, entries, known)
    return entries


def _filter(call: Call, entries: list[DirectoryEntry], known: frozenset[str]) -> list[DirectoryEntry]:
    found = read_filter(call.options["$filter"], known)
    if (found.advanced or "$orderby" in call.options) and not _is_advanced(call):
        raise _unsupported("Operator is not supported without ConsistencyLevel: eventual and $count=true.")
    return [entry for entry in entries if found.matches(_whole(call, entry))]


def _whole(call: Call, entry: DirectoryEntry) -> Json:
    return {name: _member(call, entry, name) for name in _KNOWN[entry.kind]}


def _order(call: Call, entries: list[DirectoryEntry], known: frozenset[str]) -> list[DirectoryEntry]:
    name, backwards = read_order(call.options["$orderby"], known)
    return sorted(entries, key=lambda entry: str(entry.values.get(name) or "").lower(), reverse=backwards)


def _search(call: Call, entries: list[DirectoryEntry], known: frozenset[str]) -> list[DirectoryEntry]:
    """`"displayName:berg"`: a word of the value begins so."""
    if not _is_eventual(call):
        raise _unsupported("Request with $search query parameter only works through ConsistencyLevel: eventual.")
    name, colon, wanted = call.options["$search"].strip('"').partition(":")
    if not colon or name not in known:
        raise bad_request('Syntax error: $search takes "property:value".', "Request_BadRequest")
    return [
        entry
        for entry in entries
        if any(word.startswith(wanted.lower()) for word in str(entry.values.get(name) or "").lower().split())
    ]


# --- single ones --------------------------------------------------------------------------------------------------


def count_users(call: Call) -> GraphAnswer:
    if not _is_eventual(call):
        raise _unsupported("$count is not currently supported.")
    chosen = _choose(call, call.state.directory.all("user"), _KNOWN["user"])
    return GraphAnswer(headers={"Content-Type": "text/plain"}, raw=str(len(chosen)).encode())


def read_user(call: Call) -> Json:
    return call.context("users/$entity") | compile_entry(call, "user", many=False)(call.user())


def read_manager(call: Call) -> Json:
    manager = call.user().manager
    if manager is None or manager.id not in call.state.directory.entries:
        raise not_found("Request_ResourceNotFound", "Resource 'manager' does not exist.")
    return call.context("directoryObjects/$entity") | compile_entry(call, "user", many=False)(manager)


def read_org_contact(call: Call) -> Json:
    entry = call.state.directory.find(call.params["orgContact"], "orgContact")
    if entry is None or entry.id != call.params["orgContact"].lower():
        raise not_found("Request_ResourceNotFound", f"Resource '{call.params['orgContact']}' does not exist.")
    return call.context("contacts/$entity") | compile_entry(call, "orgContact", many=False)(entry)
