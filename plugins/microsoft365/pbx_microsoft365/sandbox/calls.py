"""One call as its handler sees it: the office, the caller, what stands in the address, and how links are written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlencode

from pbx_connector.testing.office.directory import DirectoryEntry
from pbx_connector.testing.office.entities import Folder, Item, Mailbox
from pbx_connector.testing.office.identifiers import MalformedId
from pbx_connector.testing.office.server_state import ServerState
from pbx_microsoft365.sandbox import identifiers
from pbx_microsoft365.sandbox.messages import Caller, GraphError, GraphRequest, Json, bad_request, not_found
from pbx_microsoft365.sandbox.options import Preferences, read_preferences

_SAFE: Final = "$,()'= /:{}"


@dataclass
class Call:
    state: ServerState
    caller: Caller
    request: GraphRequest
    params: Mapping[str, str]
    base: str
    """What links begin with: `https://127.0.0.1:8443/v1.0`."""

    @property
    def options(self) -> Mapping[str, str]:
        return self.request.options

    @cached_property
    def preferences(self) -> Preferences:
        return read_preferences(self.request.headers.get("prefer", ""))

    # --- links ---------------------------------------------------------------------------------------------------

    def link(self, changes: Mapping[str, str], without: Collection[str] = ()) -> str:
        """The address of this call with other options."""
        kept = {name: value for name, value in self.options.items() if name not in without} | dict(changes)
        return f"{self.base}{self.request.path}?{urlencode(kept, safe=_SAFE, quote_via=quote).replace(' ', '%20')}"

    def token_link(self, name: str, token: str) -> str:
        return f"{self.base}{self.request.path}?{name}={token}"

    def context(self, what: str) -> Json:
        return {"@odata.context": f"{self.base}/$metadata#{what}"}

    # --- what the address names ----------------------------------------------------------------------------------

    def user(self) -> DirectoryEntry:
        """Raises GraphError."""
        name = self.params["user"]
        entry = self.state.directory.find(name)
        if entry is None:
            said = f"Resource '{name}' does not exist or one of its queried reference-property objects are not present."
            raise not_found("Request_ResourceNotFound", said)
        return entry

    @cached_property
    def mailbox(self) -> Mailbox:
        """The mailbox of the user in the address, if the caller may open it. Raises GraphError."""
        name = self.params["user"]
        entry = self.state.directory.find(name)
        if entry is None:
            raise not_found("ErrorInvalidUser", f"The requested user '{name}' is invalid.")
        mailbox = self.state.mailboxes.get(entry.name.lower())
        if mailbox is None:
            said = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
            raise not_found("MailboxNotEnabledForRESTAPI", said)
        if not self.state.may_impersonate(self.caller.application, mailbox):
            raise access_denied()
        return mailbox

    def folder(self, code: str = "ErrorItemNotFound") -> Folder:
        try:
            folder = identifiers.find_folder(self.state, self.mailbox, self.params["folder"])
        except MalformedId as error:
            raise bad_request("Id is malformed.", "ErrorInvalidIdMalformed") from error
        if folder is None:
            raise not_found(code)
        return folder

    def item(self) -> Item:
        """The contact in the address, in whichever folder it is: the service does not mind a wrong one."""
        try:
            item = identifiers.find_item(self.state, self.mailbox, self.params["contact"])
        except MalformedId as error:
            raise bad_request("Id is malformed.", "ErrorInvalidIdMalformed") from error
        if item is None or item.kind != "Contact":
            raise not_found()
        return item

    def name_of(self, address: str) -> str | None:
        """How the directory calls somebody of the organisation."""
        entry = self.state.directory.find(address)
        return str(entry.values["displayName"]) if entry else None


def access_denied() -> GraphError:
    said = "Access is denied. Check credentials and try again."
    return GraphError(HTTPStatus.FORBIDDEN, "ErrorAccessDenied", said)
