"""Bytes of an answer to an XML tree, or an error: never a tree of less than the server sent.

exchangelib parses with `recover=True`, which turns an answer that was cut in the middle into a shorter, whole-looking
one. Here, characters that XML forbids (contacts do contain them) are taken out first, then the parser is strict. SOAP
forbids document types, so entities of any kind, and with them XML bombs, are refused at the door; so is what would take
more memory as a tree than there is for one answer.
"""

from __future__ import annotations

import re
import threading

from lxml import etree
from lxml.builder import ElementMaker

from pbx_exchange.wire.adapter import COPIES, LARGEST_ANSWER
from pbx_exchange.wire.charset import UnknownCharset, to_utf8

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
MESSAGES = "{http://schemas.microsoft.com/exchange/services/2006/messages}"
ERRORS = "{http://schemas.microsoft.com/exchange/services/2006/errors}"
TYPES = "{http://schemas.microsoft.com/exchange/services/2006/types}"

NAMESPACES = {"m": MESSAGES[1:-1], "t": TYPES[1:-1]}
M = ElementMaker(namespace=NAMESPACES["m"], nsmap=NAMESPACES)
T = ElementMaker(namespace=NAMESPACES["t"], nsmap=NAMESPACES)

_CONTROLS = bytes(code for code in range(0x20) if code not in (0x09, 0x0A, 0x0D))
# U+FFFE and U+FFFF, and surrogates that were encoded one by one; all forbidden in XML.
_FORBIDDEN_UTF8 = re.compile(rb"\xef\xbf[\xbe\xbf]|\xed[\xa0-\xbf][\x80-\xbf]")
_END = re.compile(rb"</(?:\w+:)?Envelope\s*>")
_REFERENCE = re.compile(rb"&#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,10}));")
_SURROGATES = re.compile(
    rb"&#(?:x[dD][89abAB][0-9a-fA-F]{2}|5[56][0-9]{3});&#(?:x[dD][c-fC-F][0-9a-fA-F]{2}|5[67][0-9]{3});"
)


class AnswerRefused(Exception):
    """The answer is no whole, harmless XML document. Its text says why and carries nothing of the answer."""


class AnswerTooLarge(AnswerRefused):
    """The answer has too many elements, one text of more than ten million characters, or its elements lie too deep."""


_ELEMENT, _ATTRIBUTE = 400, 250
"""Bytes that lxml takes for each, texts around an element and what Python sees of it included."""


def parse(body: bytes, content_type: str = "", memory: int = LARGEST_ANSWER) -> etree._Element:
    """The root element of an answer. Raises `AnswerRefused`.

    `content_type`: what HTTP says the bytes are. `memory`: bytes that the answer may take, its own among them.
    """
    if not body.strip():
        raise AnswerRefused("the answer is empty")
    try:
        body = to_utf8(body, content_type)
    except UnknownCharset as error:
        raise AnswerRefused(str(error)) from None
    if weight(body) > memory:
        raise AnswerTooLarge("the answer would take more memory than any answer should")
    root = _in_its_own_thread(_legal(_without_trailer(body)))
    if root.getroottree().docinfo.internalDTD is not None:
        raise AnswerRefused("the answer declares a document type, which SOAP forbids")
    return root


def weight(body: bytes) -> int:
    """Bytes of memory that a document takes at most while and after it is parsed, told from its signs alone."""
    elements = body.count(b"<") - body.count(b"</")
    return COPIES * len(body) + _ELEMENT * elements + _ATTRIBUTE * body.count(b"=")


def _in_its_own_thread(body: bytes) -> etree._Element:
    """lxml keeps every name that a thread has ever parsed until the thread ends: a server that makes up names would
    fill the memory, one small answer after the other."""
    found: list[etree._Element | Exception] = []
    parser = threading.Thread(target=lambda: found.append(_attempt(body)), name="parser")
    parser.start()
    parser.join()
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def _attempt(body: bytes) -> etree._Element | Exception:
    try:
        return _strictly(body)
    except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the thread that waits for it
        return error


def _strictly(body: bytes) -> etree._Element:
    try:
        return etree.fromstring(body, _parser())
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from None
        if error.code == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
            raise AnswerTooLarge("the answer holds a text or a depth beyond all measure") from None
        raise AnswerRefused(f"the answer is cut short or no XML (parser error {error.code})") from None


def _without_trailer(body: bytes) -> bytes:
    """Exchange Online has been seen to send an error page behind a whole answer, which stays whole without it."""
    if b"<html" not in body[-4096:].lower():
        return body
    end = _END.search(body)
    return body[: end.end()] if end else body


def _parser() -> etree.XMLParser:
    """One for each answer: a parser that threads share makes them wait for each other."""
    return etree.XMLParser(
        encoding="utf-8",
        recover=False,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _legal(body: bytes) -> bytes:
    if b"<!DOCTYPE" in body[:2048]:
        raise AnswerRefused("the answer declares a document type, which SOAP forbids")
    body = body.translate(None, _CONTROLS)
    if b"\xef\xbf" in body or b"\xed" in body:
        body = _FORBIDDEN_UTF8.sub(b"", body)
    return _REFERENCE.sub(_legal_reference, _SURROGATES.sub(_joined, body)) if b"&#" in body else body


def _code(reference: bytes) -> int:
    match = _REFERENCE.match(reference)
    if match is None:
        raise AnswerRefused("the answer holds a broken character reference")
    return int(match[1], 16) if match[1] else int(match[2])


def _joined(pair: re.Match[bytes]) -> bytes:
    """Some writers send a character beyond U+FFFF as two references; together they are that character."""
    first, second = (_code(reference + b";") for reference in pair[0].split(b";")[:2])
    if not (0xD800 <= first < 0xDC00 <= second < 0xE000):
        return pair[0]
    return b"&#%d;" % (0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))


def _legal_reference(reference: re.Match[bytes]) -> bytes:
    code = _code(reference[0])
    legal = code in (0x09, 0x0A, 0x0D) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000
    return reference[0] if legal else b""
