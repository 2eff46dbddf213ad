"""The five requests that the source makes, as exchangelib's services with strict answers and no objects.

Each method sends one request (and its retries) and returns elements; a failure that concerns one folder or item comes
back as an exception *value* in its place, a failure of the whole request is raised. `pbx_exchange.folders` and
`pbx_exchange.folder_reader` call them.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from exchangelib import errors
from exchangelib.services import common, find_folder, find_item, get_folder, get_item, sync_folder_items
from exchangelib.version import Version
from lxml.etree import _Element
from requests import Response

from pbx_connector.api import quoted, whole_number
from pbx_exchange.wire.endpoint import BUSY, ONCE_MORE, Attempts
from pbx_exchange.wire.xml_parser import ERRORS, MESSAGES, SOAP, TYPES, AnswerRefused, M, T, parse

_WRONG_VERSION = (
    errors.ErrorInvalidServerVersion,
    errors.ErrorIncorrectSchemaVersion,
    errors.ErrorInvalidSchemaVersionForMailboxVersion,
)
_BUILD = ("MajorVersion", "MinorVersion", "MajorBuildNumber", "MinorBuildNumber")
_TRUE = ("true", "1")
_NO_MAILBOX = frozenset(
    (
        "ErrorCannotFindUser",
        "ErrorRecipientNotFound",
        "ErrorMissingExchangePrincipal",
        "ErrorTeamMailboxNotFound",
        "ErrorUnifiedGroupMailboxNotFound",
    )
)
_UNSENDABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Quoted(Protocol):
    """What a failure of the server's has beside its type."""

    said: str
    """Code and text as the server tells them, in short and without secrets."""


class UnheardOf(errors.ResponseMessageError):
    """A response code that exchangelib does not know. `name`: the code."""

    def __init__(self, name: str) -> None:
        super().__init__("a response code that is not in the list")
        self.name = name
        self.said = ""


class MailboxNotFound(UnheardOf):
    """No mailbox goes by this name, in a code that exchangelib does not know."""


class AliasUsed(errors.ErrorNonPrimarySmtpAddress):
    """The mailbox goes by another address. `primary`: which one; empty if the server does not tell."""

    def __init__(self, primary: str) -> None:
        super().__init__("an address that is not the primary one")
        self.primary = primary


class MiscountedAnswer(AnswerRefused):
    """The answer holds fewer items than it says."""


@dataclass(frozen=True, slots=True)
class Page:
    elements: Sequence[_Element]
    next_offset: int | None
    """None: this was the last page."""
    total: int | None = None
    """Of all pages, as the server says."""


@dataclass(frozen=True, slots=True)
class Changes:
    elements: Sequence[_Element]
    state: str
    last: bool


class _Service(common.EWSAccountService):
    def ask(self, payload: _Element) -> list[_Element]:
        """The response messages. Raises what concerns all of them: connection, server, or a damaged answer."""
        attempts = Attempts(self.protocol.retry_policy)
        while True:
            try:
                messages = self._answer(payload)
                self.protocol.retry_policy.answered()
                return messages
            except (*BUSY, *ONCE_MORE) as error:
                attempts.again(error)

    def ask_each(self, payload: _Element, expected: int) -> list[_Element | Exception]:
        """One message, or the failure that it tells of, for each thing asked about, in that order."""
        messages = self.ask(payload)
        if len(messages) != expected:
            raise MiscountedAnswer(f"the answer speaks of {len(messages)} things, {expected} were asked for")
        return [failure or message for message in messages for failure in [self._failure(message)]]

    def ask_one(self, payload: _Element) -> _Element:
        (message,) = self.ask_each(payload, 1)
        if isinstance(message, Exception):
            raise message
        return message

    def _answer(self, payload: _Element) -> list[_Element]:
        for api_version in self._api_versions_to_try():
            with self.account.request():
                self.timeout = self.protocol.retry_policy.seconds_for_one()
                response = self._get_response(payload=payload, api_version=api_version)
            try:
                messages = self._messages(response)
            except _WRONG_VERSION:
                continue
            if api_version != self.account.version.api_version:
                self.account.version = Version(build=self.account.version.build, api_version=api_version)
            return messages
        raise errors.ErrorInvalidServerVersion("the server takes none of the versions that we speak")

    def _messages(self, response: Response) -> list[_Element]:
        kind = response.headers.get("Content-Type", "")
        envelope = parse(response.content, kind, self.protocol.memory)
        body = envelope.find(f"{SOAP}Body")
        if body is None:
            raise AnswerRefused("the answer is no SOAP message")
        if not self.account.server:
            self.account.server = _server(envelope)
        fault = body.find(f"{SOAP}Fault")
        if fault is not None:
            raise self._fault(fault)
        messages: list[_Element] = self._get_soap_messages(body=body)
        for message in messages:
            failure = self._failure(message)
            if isinstance(failure, BUSY):
                raise failure
        return messages

    def _failure(self, message: _Element) -> Exception | None:
        code = message.findtext(f"{MESSAGES}ResponseCode")
        if message.get("ResponseClass") == "Success" and code == "NoError":
            return None
        text = message.findtext(f"{MESSAGES}MessageText")
        return self._error(code or "", text or "", message, message.find(f"{MESSAGES}MessageXml"))

    def _fault(self, fault: _Element) -> Exception:
        """Of the whole request. exchangelib takes a code that it does not know for a damaged answer."""
        code = fault.findtext(f"detail/{ERRORS}ResponseCode") or fault.findtext("faultcode") or ""
        text = fault.findtext(f"detail/{ERRORS}Message") or fault.findtext("faultstring") or ""
        return self._error(code.strip().rpartition(":")[2], text, fault, fault.find(f"detail/{TYPES}MessageXml"))

    def _error(self, code: str, text: str, element: _Element, detail: _Element | None) -> Exception:
        failure: Exception = self._get_exception(code=code, text=text, msg_xml=detail)
        if not isinstance(failure, errors.ResponseMessageError):
            name = code if code.isalnum() else "no code"
            failure = MailboxNotFound(name) if name in _NO_MAILBOX else UnheardOf(name)
        elif isinstance(failure, errors.ErrorNonPrimarySmtpAddress):
            failure = AliasUsed(_told(element, "Primary"))
        elif isinstance(failure, errors.ErrorServerBusy):
            failure.back_off = _back_off(element)
        cast(Quoted, failure).said = quote(code, text, self.protocol.credentials)
        return failure

    def _extra_headers(self) -> dict[str, str]:
        headers: dict[str, str] = super()._extra_headers()
        if self.account.public:
            headers["X-PublicFolderMailbox"] = self.account.public
            headers["X-AnchorMailbox"] = self.account.public
        # They only show the way to the right server; what HTTP cannot carry must not keep the request from being sent.
        return {name: value for name, value in headers.items() if value.isascii() and value.isprintable()}


def quote(code: str, text: str, credentials: Any = None) -> str:
    """What a server says, without a password that it gives back."""
    if credentials is None:
        return quoted(code, text)
    login = f"{credentials.username}:{credentials.password}".encode()
    return quoted(code, text, (credentials.password, b64encode(login).decode()))


def _server(envelope: _Element) -> str:
    info = envelope.find(f"{SOAP}Header/{TYPES}ServerVersionInfo")
    if info is None:
        return ""
    return ".".join(str(whole_number(info.get(part)) or 0) for part in _BUILD)


def _back_off(message: _Element) -> float | None:
    """Seconds; what exchangelib reads from SOAP faults only."""
    told = whole_number(_told(message, "BackOffMilliseconds"))
    return None if told is None else told / 1000


def _told(element: _Element, name: str) -> str:
    """What an error says beside its code, in MessageXml."""
    values = (value for value in element.iter(f"{TYPES}Value") if value.get("Name") == name)
    return next((value.text or "" for value in values), "").strip()


class FindFolder(_Service):
    SERVICE_NAME = find_folder.FindFolder.SERVICE_NAME

    def children(
        self, parents: Sequence[_Element], shape: _Element, *, deep: bool, offset: int = 0, size: int = 1000
    ) -> list[Page | Exception]:
        """A page of folders for each parent. Raises `EndlessList` after more folders than there can be."""
        view = M.IndexedPageFolderView(MaxEntriesReturned=str(size), Offset=str(offset), BasePoint="Beginning")
        payload = M.FindFolder(shape, view, M.ParentFolderIds(*parents), Traversal="Deep" if deep else "Shallow")
        pages = [
            answer if isinstance(answer, Exception) else _page(answer, "Folders", offset, optional=True)
            for answer in self.ask_each(payload, len(parents))
        ]
        self.protocol.folders.take(sum(len(page.elements) for page in pages if isinstance(page, Page)))
        return pages


class GetFolder(_Service):
    SERVICE_NAME = get_folder.GetFolder.SERVICE_NAME

    def each(self, folders: Sequence[_Element], shape: _Element) -> list[_Element | Exception]:
        payload = M.GetFolder(shape, M.FolderIds(*folders))
        return [_only(answer, "Folders") for answer in self.ask_each(payload, len(folders))]


class FindItem(_Service):
    SERVICE_NAME = find_item.FindItem.SERVICE_NAME

    def page(self, folder: _Element, shape: _Element, offset: int, size: int) -> Page:
        """Asks a second time if the count is wrong."""
        view = M.IndexedPageItemView(MaxEntriesReturned=str(size), Offset=str(offset), BasePoint="Beginning")
        payload = M.FindItem(shape, view, M.ParentFolderIds(folder), Traversal="Shallow")
        try:
            return _page(self.ask_one(payload), "Items", offset)
        except MiscountedAnswer:
            return _page(self.ask_one(payload), "Items", offset)

    def first(self, folders: Sequence[_Element]) -> list[Page | Exception]:
        """No more than one item of each folder: whether it can be read at all."""
        view = M.IndexedPageItemView(MaxEntriesReturned="1", Offset="0", BasePoint="Beginning")
        payload = M.FindItem(item_shape(), view, M.ParentFolderIds(*folders), Traversal="Shallow")
        return [
            answer if isinstance(answer, Exception) else _page(answer, "Items", 0)
            for answer in self.ask_each(payload, len(folders))
        ]


class GetItem(_Service):
    SERVICE_NAME = get_item.GetItem.SERVICE_NAME

    def each(self, keys: Sequence[str], shape: _Element) -> list[_Element | Exception]:
        payload = M.GetItem(shape, M.ItemIds(*(T.ItemId(Id=_sendable(key)) for key in keys)))
        return [_only(answer, "Items") for answer in self.ask_each(payload, len(keys))]


class SyncFolderItems(_Service):
    SERVICE_NAME = sync_folder_items.SyncFolderItems.SERVICE_NAME

    def changes(self, folder: _Element, shape: _Element, state: str | None, size: int) -> Changes:
        """The next changes after `state`. The response code is looked at first: errors come without a state."""
        payload = M.SyncFolderItems(
            shape,
            M.SyncFolderId(folder),
            *([M.SyncState(state)] if state else []),
            M.MaxChangesReturned(str(size)),
        )
        message = self.ask_one(payload)
        new_state = message.findtext(f"{MESSAGES}SyncState")
        changes = message.find(f"{MESSAGES}Changes")
        last = message.findtext(f"{MESSAGES}IncludesLastItemInRange")
        if not new_state or changes is None or last is None:
            raise AnswerRefused("the answer to SyncFolderItems lacks its state or its changes")
        return Changes(list(changes), new_state, last in _TRUE)


def _only(answer: _Element | Exception, container: str) -> _Element | Exception:
    if isinstance(answer, Exception):
        return answer
    found = answer.find(f"{MESSAGES}{container}")
    if found is None or len(found) != 1:
        raise MiscountedAnswer("the answer does not hold what it says it holds")
    return found[0]


def _page(message: _Element, container: str, offset: int, *, optional: bool = False) -> Page:
    """Checks the count: the elements must be as many as the offset moved on, or as many as there are in all."""
    root = message.find(f"{MESSAGES}RootFolder")
    if root is None:
        if optional:  # A parent without children can come back without it.
            return Page((), None)
        raise AnswerRefused("the answer lacks its list")
    found = root.find(f"{TYPES}{container}")
    elements: list[_Element] = [] if found is None else list(found)
    reached = offset + len(elements)
    total = whole_number(root.get("TotalItemsInView"))
    if root.get("IncludesLastItemInRange", "").lower() in _TRUE:
        if total is None or reached < total:
            raise MiscountedAnswer(f"the list ends after {reached} of {total}")
        return Page(elements, None, total)
    next_offset = whole_number(root.get("IndexedPagingOffset"))
    if not elements or next_offset != reached:
        raise MiscountedAnswer(f"the page goes from {offset} to {next_offset} with {len(elements)}")
    return Page(elements, reached, total)


def _sendable(text: str) -> str:
    """Raises `UnicodeError` for what XML cannot hold, where lxml would raise a bare ValueError."""
    if _UNSENDABLE.search(text):
        raise UnicodeError("characters that XML forbids")
    return text


def folder_id(identifier: str) -> _Element:
    return T.FolderId(Id=_sendable(identifier))


def distinguished(name: str, mailbox: str = "") -> _Element:
    """A well-known folder of the mailbox that the request sees with, or of another one by its address."""
    return T.DistinguishedFolderId(*([T.Mailbox(T.EmailAddress(_sendable(mailbox)))] if mailbox else []), Id=name)


def item_shape(properties: Iterable[_Element] = (), *, text_body: bool = False) -> _Element:
    return M.ItemShape(T.BaseShape("IdOnly"), *([T.BodyType("Text")] if text_body else []), *_additional(properties))


def folder_shape(properties: Iterable[_Element] = ()) -> _Element:
    return M.FolderShape(T.BaseShape("IdOnly"), *_additional(properties))


def _additional(properties: Iterable[_Element]) -> list[_Element]:
    wanted = list(properties)
    return [T.AdditionalProperties(*wanted)] if wanted else []


def field_uri(uri: str) -> _Element:
    return T.FieldURI(FieldURI=uri)


def extended_uri(tag: str, kind: str) -> _Element:
    return T.ExtendedFieldURI(PropertyTag=tag, PropertyType=kind)


def indexed_uri(uri: str, index: str) -> _Element:
    return T.IndexedFieldURI(FieldURI=uri, FieldIndex=index)
