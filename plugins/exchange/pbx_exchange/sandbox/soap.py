"""SOAP as Exchange speaks it: requests read from bytes, answers and faults written to text.

Answers are written as text because that is several times faster than building elements; that they are well-formed and
follow the schema is what the tests check of every one. Neighbours: service.py (what is asked and answered), operations/
(what is inside).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape as _escape
from xml.sax.saxutils import quoteattr

from lxml import etree

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
TYPES: Final = "http://schemas.microsoft.com/exchange/services/2006/types"
MESSAGES: Final = "http://schemas.microsoft.com/exchange/services/2006/messages"
ERRORS: Final = "http://schemas.microsoft.com/exchange/services/2006/errors"
NS: Final = {"s": SOAP, "t": TYPES, "m": MESSAGES}

_VERSION = (
    f'<h:ServerVersionInfo MajorVersion="15" MinorVersion="2" MajorBuildNumber="1748" MinorBuildNumber="10" '
    f'Version="V2017_07_11" xmlns:h="{TYPES}"/>'
)


class EwsError(Exception):
    """An error about one part of a request: it becomes an error message in the answer."""

    def __init__(self, code: str, text: str, values: dict[str, str] | None = None) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.values = values or {}


class SoapFault(EwsError):
    """An error about the whole request: it becomes the whole answer."""


@dataclass(frozen=True, slots=True)
class Request:
    operation: str
    """Name of the operation, such as `FindItem`."""
    body: etree._Element
    impersonate: str | None
    """Whom the caller wants to be: an address or principal name."""


def escape(text: str) -> str:
    return _escape(text, {"\r": "&#xD;"})


def attribute(text: str) -> str:
    """Text as the value of an attribute, in its quotes."""
    return quoteattr(text)


def read_request(data: bytes) -> Request:
    """Raises SoapFault for whatever is no SOAP request."""
    envelope = parse_xml(data)
    body = envelope.find("s:Body", NS)
    if envelope.tag != f"{{{SOAP}}}Envelope" or body is None or not len(body):
        raise SoapFault("ErrorSchemaValidation", "The request failed schema validation: no SOAP body.")
    operation = etree.QName(body[0])
    if operation.namespace != MESSAGES:
        raise SoapFault("ErrorInvalidRequest", "The request is invalid.")
    return Request(operation.localname, body[0], _read_impersonation(envelope))


def parse_xml(data: bytes) -> etree._Element:
    """Without entities, types or anything from elsewhere. Raises SoapFault."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        envelope = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise SoapFault("ErrorSchemaValidation", f"The request failed schema validation: {error.msg}") from error
    if envelope.getroottree().docinfo.doctype:
        raise SoapFault("ErrorSchemaValidation", "For security reasons DTD is prohibited in this XML document.")
    return envelope


def _read_impersonation(envelope: etree._Element) -> str | None:
    found = envelope.find("s:Header/t:ExchangeImpersonation/t:ConnectingSID", NS)
    if found is None:
        return None
    return (found[0].text or "").strip() if len(found) else ""


def write_answer(content: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<s:Envelope xmlns:s="{SOAP}"><s:Header>{_VERSION}</s:Header>'
        f'<s:Body xmlns:m="{MESSAGES}" xmlns:t="{TYPES}">{content}</s:Body></s:Envelope>'
    ).encode()


def write_fault(fault: EwsError) -> bytes:
    text = escape(fault.text)
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault>'
        f'<faultcode xmlns:a="{TYPES}">a:{fault.code}</faultcode><faultstring xml:lang="en-US">{text}</faultstring>'
        f'<detail><e:ResponseCode xmlns:e="{ERRORS}">{fault.code}</e:ResponseCode>'
        f'<e:Message xmlns:e="{ERRORS}">{text}</e:Message>{_write_values("t", fault.values)}</detail>'
        "</s:Fault></s:Body></s:Envelope>"
    ).encode()


def write_response(operation: str, messages: list[str]) -> str:
    return (
        f"<m:{operation}Response><m:ResponseMessages>{''.join(messages)}</m:ResponseMessages></m:{operation}Response>"
    )


def write_success(operation: str, content: str = "") -> str:
    return (
        f'<m:{operation}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
        f"{content}</m:{operation}ResponseMessage>"
    )


def write_error(operation: str, error: EwsError, content: str = "") -> str:
    return (
        f'<m:{operation}ResponseMessage ResponseClass="Error"><m:MessageText>{escape(error.text)}</m:MessageText>'
        f"<m:ResponseCode>{error.code}</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>"
        f"{_write_values('m', error.values)}{content}</m:{operation}ResponseMessage>"
    )


def _write_values(prefix: str, values: dict[str, str]) -> str:
    """Faults carry MessageXml in the types namespace, messages in their own: so does Exchange."""
    if not values:
        return ""
    inner = "".join(f"<t:Value Name={attribute(name)}>{escape(value)}</t:Value>" for name, value in values.items())
    return f'<{prefix}:MessageXml xmlns:t="{TYPES}">{inner}</{prefix}:MessageXml>'
