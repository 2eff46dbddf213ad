"""ConvertId: the same id in another notation. Some clients ask just to learn whose mailbox an id belongs to."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote, unquote

from lxml import etree

from pbx_connector.testing.office.identifiers import MalformedId
from pbx_connector.testing.office.server_state import ServerState
from pbx_exchange.sandbox.access import Session
from pbx_exchange.sandbox.operations.messages import answer_each
from pbx_exchange.sandbox.soap import NS, EwsError, attribute, write_success

_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
_FROM: Final[Mapping[str, Callable[[str], str]]] = {
    "EwsId": str,
    "OwaId": unquote,
    "EntryId": str,
    "HexEntryId": lambda text: base64.b64encode(bytes.fromhex(text)).decode(),
}
_TO: Final[Mapping[str, Callable[[str], str]]] = {
    "EwsId": str,
    "OwaId": lambda text: quote(text, safe=""),
    "EntryId": str,
    "HexEntryId": lambda text: base64.b64decode(text).hex().upper(),
}


def convert_id(session: Session, body: etree._Element) -> list[str]:
    target = body.get("DestinationFormat", "EwsId")

    def answer(element: etree._Element) -> str:
        try:
            plain = _FROM[element.get("Format", "EwsId")](element.get("Id", ""))
            owner = _find_owner(session.state, plain)
            told = _TO[target](plain)
        except (KeyError, ValueError) as error:
            raise EwsError("ErrorInvalidIdMalformed", "Id is malformed.") from error
        inner = f'Format="{target}" Id={attribute(told)} Mailbox={attribute(owner)}'
        content = f'<m:AlternateId xmlns:i="{_INSTANCE}" i:type="t:AlternateIdType" {inner}/>'
        return write_success("ConvertId", content)

    return answer_each("ConvertId", body.iterfind("m:SourceIds/*", NS), answer)


def _find_owner(state: ServerState, plain: str) -> str:
    """Address of the mailbox that an id belongs to. Raises MalformedId, also for ids of nothing that is here."""
    folder = state.find_folder(plain)
    item = state.find_item(plain)
    found = folder or (item.folder if item else None)
    if found is None:
        raise MalformedId(plain)
    return found.mailbox.email if found.mailbox else "publicfolders@example.com"
