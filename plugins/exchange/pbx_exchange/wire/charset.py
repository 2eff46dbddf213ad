"""Bytes of an answer as UTF-8: in one of three encodings whose meaning nobody disputes, or not at all.

A parser that does not know a declared encoding guesses, and mangled names look like names. Next: xml_parser.py.
"""

from __future__ import annotations

import codecs
import re

_KNOWN = {"utf-8", "ascii", "utf-16", "utf-16-le", "utf-16-be", "iso8859-1"}
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_WIDE = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
_WIDER = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, b"<\0\0\0", b"\0\0\0<")
"""UTF-32, which starts like UTF-16."""
_OTHER = "the answer is in an encoding other than UTF-8, UTF-16 and Latin-1"
_ERRORS = "surrogatepass"
_PARAMETER = re.compile(r"""charset\s*=\s*["']?([^\s"';]+)""", re.IGNORECASE)
_DECLARATION = re.compile(r"""<\?xml\s[^>]*?encoding\s*=\s*["']([^"']*)""")


class UnknownCharset(Exception):
    """The answer is in none of the three, or not in the one that it claims. Its text carries nothing of the answer."""


def to_utf8(body: bytes, content_type: str = "") -> bytes:
    """Raises `UnknownCharset`. A mark at the start of the bytes counts before HTTP's word, that before the document's;
    none of the three may be of another encoding."""
    if body.startswith(_WIDER):
        raise UnknownCharset(_OTHER)
    declared = [_codec(name) for name in _declared(body, content_type)]
    codec = next((codec for mark, codec in _MARKS if body.startswith(mark)), None)
    codec = codec or next(iter(declared), None) or "utf-8"
    if codec in ("utf-8", "ascii"):
        return body
    try:
        # Halves of characters, each by itself, are what the parser's door takes out.
        text = body.decode("utf-16" if body[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else codec, _ERRORS)
    except UnicodeError:
        raise UnknownCharset("the answer is not in the encoding that it claims") from None
    return text.encode("utf-8", _ERRORS)


def _declared(body: bytes, content_type: str) -> list[str]:
    wide = next((codec for start, codec in _WIDE if body.startswith(start)), "")
    start = body[:400].decode(wide or "latin-1", "ignore").replace("\0", "")
    found = [*_PARAMETER.findall(content_type), *_DECLARATION.findall(start)]
    return [wide, *found] if wide else found


def _codec(name: str) -> str:
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        codec = ""
    if codec not in _KNOWN:
        raise UnknownCharset(_OTHER)
    return codec
