"""Who is asking, and what they get to see: ids in requests become folders and items, or Exchange's own errors.

Neighbour: operations/ (every operation looks up here what it needs); rights are in the state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lxml import etree

from pbx_connector.testing.office.entities import Folder, Item, Mailbox, Principal, Right, User
from pbx_connector.testing.office.identifiers import MalformedId
from pbx_connector.testing.office.server_state import ServerState
from pbx_exchange.sandbox.soap import NS, EwsError, SoapFault

NOT_FOUND: Final = EwsError("ErrorItemNotFound", "The specified object was not found in the store.")


def _denied() -> EwsError:
    return EwsError("ErrorAccessDenied", "Access is denied. Check credentials and try again.")


@dataclass(frozen=True, slots=True)
class Session:
    """The state as one caller sees it."""

    state: ServerState
    email: str
    """Lower-case address of the mailbox that acts: the caller's own, or the one it impersonates."""
    public_mailbox: str = ""
    """Lower-case address of the public folder mailbox that the request was routed to."""

    # --- folders -------------------------------------------------------------------------------------------------

    def see_folder(self, element: etree._Element) -> Folder:
        """The folder that a FolderId or DistinguishedFolderId names, if the caller may know of it."""
        if etree.QName(element).localname == "DistinguishedFolderId":
            folder = self._find_distinguished(element)
        else:
            folder = self._find_folder(element.get("Id", ""))
        if self.right_of(folder) < Right.VISIBLE:
            raise _denied()
        return folder

    def right_of(self, folder: Folder) -> Right:
        return folder.right_of(self.email)

    def visible_children(self, folder: Folder) -> list[Folder]:
        return [child for child in folder.children.values() if self.right_of(child) >= Right.VISIBLE]

    def require(self, folder: Folder, right: Right) -> Folder:
        if self.right_of(folder) < right:
            raise _denied()
        return folder

    def see_content(self, folder: Folder, right: Right) -> Folder:
        """The folder, if the caller has that right and came to the mailbox that holds what is in it."""
        self.require(folder, right)
        if folder.content_mailbox not in ("", self.public_mailbox):
            raise EwsError(
                "ErrorNoPublicFolderReplicaAvailable", "No replica of the public folder is available in this mailbox."
            )
        return folder

    def _find_folder(self, folder_id: str) -> Folder:
        try:
            folder = self.state.find_folder(folder_id)
        except MalformedId as error:
            raise EwsError("ErrorInvalidIdMalformed", "Id is malformed.") from error
        if folder is None:
            raise NOT_FOUND
        return folder

    def _find_distinguished(self, element: etree._Element) -> Folder:
        name = element.get("Id", "")
        if name == "publicfoldersroot":
            return self.state.public
        address = element.findtext("t:Mailbox/t:EmailAddress", self.email, NS)
        mailbox = self.state.find_mailbox(address)
        if mailbox is None:
            raise EwsError(*_no_mailbox(self.state, address))
        folder = mailbox.distinguished.get(name)
        if folder is None:
            raise EwsError("ErrorFolderNotFound", "The specified folder could not be found in the store.")
        return folder

    # --- items ---------------------------------------------------------------------------------------------------

    def see_item(self, element: etree._Element, right: Right = Right.READ) -> Item:
        """The item that an ItemId names, if the caller has that right in its folder."""
        try:
            item = self.state.find_item(element.get("Id", ""))
        except MalformedId as error:
            raise EwsError("ErrorInvalidIdMalformed", "Id is malformed.") from error
        if item is None:
            raise NOT_FOUND
        self.see_content(item.folder, right)
        return item


def open_session(state: ServerState, user: Principal, impersonate: str | None, public_mailbox: str = "") -> Session:
    """Raises SoapFault if the caller may not be whom it wants to be."""
    if impersonate is None and isinstance(user, User):
        return Session(state, user.email.lower(), public_mailbox.lower())
    if impersonate is None:
        raise SoapFault(
            "ErrorInvalidExchangeImpersonationHeaderData",
            "ExchangeImpersonation SOAP header must be present for this type of OAuth token.",
        )
    mailbox = _find_impersonated(state, impersonate)
    if not state.may_impersonate(user, mailbox):
        raise SoapFault(
            "ErrorImpersonateUserDenied", "The account does not have permission to impersonate the requested user."
        )
    return Session(state, mailbox.email.lower(), public_mailbox.lower())


def _find_impersonated(state: ServerState, name: str) -> Mailbox:
    if not name:
        raise SoapFault(
            "ErrorInvalidExchangeImpersonationHeaderData", "ExchangeImpersonation SOAP header contains invalid data."
        )
    mailbox = state.find_mailbox(name)
    if mailbox is None:
        raise SoapFault(*_no_mailbox(state, name))
    return mailbox


def _no_mailbox(state: ServerState, name: str) -> tuple[str, str, dict[str, str]]:
    """Code, text and values of the error for an address that no mailbox goes by."""
    known = state.find_by_alias(name)
    if known is None:
        return state.habits.unknown_mailbox, "The SMTP address has no mailbox associated with it.", {}
    text = "The primary SMTP address must be specified when referencing a mailbox."
    return "ErrorNonPrimarySmtpAddress", text, {"Primary": known.email}
