"""Answers of status 207 as they arrive: each response on its own, strictly read, within a bound on memory.

Document types are refused, so there are no entities and no XML bombs. Characters that XML forbids, which some servers
pass on from contacts, are taken out first: one of them would make the whole answer unreadable.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from xml.parsers import expat

from pbx_connector.api import quoted, whole_number

DAV = "DAV: "
CARDDAV = "urn:ietf:params:xml:ns:carddav "
"""Names as the parser gives them: the namespace, a blank, the name."""
_MULTISTATUS, _RESPONSE, _PROPSTAT, _PROP = (DAV + name for name in ("multistatus", "response", "propstat", "prop"))
_HREF, _STATUS, _SYNC_TOKEN, _ERROR = (DAV + name for name in ("href", "status", "sync-token", "error"))
_DEEPEST = 32
_MOST_ELEMENTS = 3_000_000
"""Of one answer; a list of 100,000 contacts has some 800,000."""
_RESPONSE_BYTES, _PROPERTY_BYTES, _NAME_BYTES = 500, 700, 150
_LONGEST_ERROR = 64 * 1024

_CONTROLS = bytes(code for code in range(0x20) if code not in (0x09, 0x0A, 0x0D))
_FORBIDDEN = re.compile(rb"\xef\xbf[\xbe\xbf]|\xed[\xa0-\xbf][\x80-\xbf]")
"""U+FFFE and U+FFFF, and surrogates that were encoded one by one."""
_FORBIDDEN_REFERENCE = re.compile(
    rb"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]|[dD][89a-fA-F][0-9a-fA-F]{2}"
    rb"|[fF]{3}[eEfF]));"
)
_LONGEST_SIGN = 16
"""Bytes of what may be cut in two where a piece ends."""
_OTHER_ENCODING = re.compile(rb"""^\s*<\?xml[^>]*encoding\s*=\s*["'](?!utf-8)""", re.IGNORECASE)


class DamagedAnswer(Exception):
    """The answer is no whole XML document of the expected shape. Its text carries nothing of the answer."""


class OversizedAnswer(Exception):
    """The answer takes more memory than there is for one."""


@dataclass(slots=True)
class Property:
    text: str = ""
    names: list[str] = field(default_factory=list)
    """Of all elements in it."""
    hrefs: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Response:
    """What the server says of one resource."""

    href: str = ""
    status: int = 0
    """Of the resource as a whole; 0: only its properties have one."""
    properties: dict[str, Property] = field(default_factory=dict)
    """Those that the server gives."""
    refused: dict[str, int] = field(default_factory=dict)
    """The others, with their status."""
    conditions: list[str] = field(default_factory=list)
    """What the server names as reasons."""


class Multistatus:
    """`feed` it with an answer's bytes, then `close` it; `sink` gets each response. Both raise `DamagedAnswer` and
    `OversizedAnswer`.

    `memory`: bytes that responses may take, all together if the sink `keeps` them, otherwise each of them.
    """

    def __init__(self, sink: Callable[[Response], None], memory: int, *, keeps: bool = True) -> None:
        self.sync_token = ""
        self._sink = sink
        self._memory = memory
        self._keeps = keeps
        self._used = 0
        self._elements = 0
        self._path: list[str] = []
        self._text: list[str] = []
        self._width = 1
        self._response = Response()
        self._hrefs: list[str] = []
        """Several share one status, at times."""
        self._found: dict[str, Property] = {}
        self._property = Property()
        self._status = 0
        self._cleaner = _Cleaner()
        self._parser = expat.ParserCreate(namespace_separator=" ", intern={})
        self._parser.buffer_text = True
        self._parser.buffer_size = 64 * 1024
        self._parser.StartDoctypeDeclHandler = _refuse_document_type
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._add_text

    def feed(self, piece: bytes) -> None:
        self._parse(self._cleaner.clean(piece), last=False)

    def close(self) -> None:
        self._parse(self._cleaner.rest(), last=True)

    def _parse(self, piece: bytes, *, last: bool) -> None:
        try:
            self._parser.Parse(piece, last)
        except (expat.ExpatError, ValueError, LookupError):
            raise DamagedAnswer("the answer is cut short or no XML") from None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        self._text, self._width = [], 1
        self._elements += 1
        depth = len(self._path)
        if self._elements > _MOST_ELEMENTS:
            raise OversizedAnswer("the answer has more elements than any answer has")
        if depth > 5:
            self._take(_NAME_BYTES)
            self._property.names.append(name)
            if depth > _DEEPEST:
                raise DamagedAnswer("the answer's elements lie too deep")
        elif depth == 5:
            self._take(_PROPERTY_BYTES)
            self._property = Property()
        elif depth == 3 and name == _PROPSTAT:
            self._found, self._status = {}, 0
        elif depth == 2 and name == _RESPONSE:
            self._take(_RESPONSE_BYTES)
            self._response, self._hrefs = Response(), []
        elif depth == 1 and name != _MULTISTATUS:
            raise DamagedAnswer("the answer is no multistatus")

    def _end(self, name: str) -> None:
        depth = len(self._path)
        text = "".join(self._text)
        self._text = []
        if depth > 5:
            if name == _HREF:
                self._property.hrefs.append(text.strip())
        elif depth == 5:
            self._end_of_property(name, text)
        elif depth == 4:
            self._end_in_part(name, text)
        elif depth == 3:
            self._end_in_response(name, text.strip())
        elif depth == 2:
            self._end_in_answer(name, text)
        self._path.pop()

    def _end_of_property(self, name: str, text: str) -> None:
        if self._path[3] == _PROP:
            self._property.text = text
            self._found[name] = self._property

    def _end_in_part(self, name: str, text: str) -> None:
        if self._path[2] == _ERROR:
            self._take(_NAME_BYTES)
            self._response.conditions.append(name)
        elif name == _STATUS:
            self._status = status_of(text)

    def _end_in_response(self, name: str, text: str) -> None:
        response = self._response
        if name == _HREF:
            self._hrefs.append(text)
        elif name == _STATUS:
            response.status = status_of(text)
        elif name == _PROPSTAT and self._status == 200:
            response.properties.update(self._found)
        elif name == _PROPSTAT:
            response.refused.update(dict.fromkeys(self._found, self._status))

    def _end_in_answer(self, name: str, text: str) -> None:
        if name == _SYNC_TOKEN:
            self.sync_token = text.strip()
        elif name == _RESPONSE:
            for href in self._hrefs:
                self._sink(replace(self._response, href=href))
            self._response, self._hrefs = Response(), []
            if not self._keeps:
                self._used = 0

    def _add_text(self, text: str) -> None:
        if not text.isascii():
            self._width = max(self._width, _width(text))
        self._take(self._width * len(text) + 64)
        self._text.append(text)

    def _take(self, count: int) -> None:
        self._used += count
        if self._used > self._memory:
            raise OversizedAnswer("the answer takes more memory than there is for one")


class _Cleaner:
    """Takes out what XML forbids, also where it is cut in two between pieces."""

    def __init__(self) -> None:
        self._held = b""
        self._begun = False
        self._is_utf8 = True

    def clean(self, piece: bytes) -> bytes:
        piece = self._held + piece
        if not self._begun and len(piece) >= 200:
            self._begin(piece)
        if not self._begun:
            self._held = piece
            return b""
        legal = self._legal(piece)
        self._held = legal[-_LONGEST_SIGN:]
        return legal[:-_LONGEST_SIGN]

    def rest(self) -> bytes:
        if not self._begun:
            self._begin(self._held)
        return self._legal(self._held)

    def _begin(self, piece: bytes) -> None:
        self._begun = True
        self._is_utf8 = not piece.startswith((b"\xff\xfe", b"\xfe\xff")) and not _OTHER_ENCODING.match(piece)

    def _legal(self, piece: bytes) -> bytes:
        if not self._is_utf8:
            return piece
        piece = piece.translate(None, _CONTROLS)
        if b"\xef\xbf" in piece or b"\xed" in piece:
            piece = _FORBIDDEN.sub(b"", piece)
        return _FORBIDDEN_REFERENCE.sub(b"", piece) if b"&#" in piece else piece


def status_of(line: str) -> int:
    """Of a line such as `HTTP/1.1 404 Not Found`; 0: it is none."""
    words = line.split(None, 2)
    return (whole_number(words[1]) or 0) if len(words) > 1 and words[0].upper().startswith("HTTP/") else 0


def conditions_of(body: bytes) -> tuple[frozenset[str], str]:
    """The reasons that an error's body names, and the server's own words. Empty if it is no `DAV:error`."""
    names: list[str] = []
    said: list[str] = []
    path: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        path.append(name)
        names.append(name)
        if len(path) > _DEEPEST:
            raise ValueError

    def text(data: str) -> None:
        if path[-1].rpartition(" ")[2] in ("message", "responsedescription"):
            said.append(data)

    parser = expat.ParserCreate(namespace_separator=" ", intern={})
    parser.StartDoctypeDeclHandler = _refuse_document_type
    parser.StartElementHandler, parser.CharacterDataHandler = start, text
    parser.EndElementHandler = lambda name: path.pop()
    try:
        parser.Parse(body[:_LONGEST_ERROR], True)
    except (expat.ExpatError, ValueError, LookupError, DamagedAnswer):
        return frozenset(), ""
    if not names or names[0] != _ERROR:
        return frozenset(), ""
    return frozenset(names[1:]), quoted("", "".join(said)).strip()


def _width(text: str) -> int:
    """Bytes that Python takes for each character."""
    highest = max(text)
    return 1 if highest < "\u0100" else 2 if highest < "\U00010000" else 4


def _refuse_document_type(*_: object) -> None:
    raise DamagedAnswer("the answer declares a document type")
