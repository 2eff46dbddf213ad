"""The first pass over a list: its bytes, from beginning to end, before a single line counts.

It finds the encoding, and that the list is whole as far as bytes tell; its digest proves later that what was read line
by line is what was looked at here.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from pbx_csv import error_catalog as errors
from pbx_csv.copies import Copy
from pbx_csv.packing import Readable
from pbx_csv.settings import CsvSettings

CHUNK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNPLAIN = re.compile(rb"[^\r\n]*[\x80-\xff][^\r\n]*")
_SAMPLE = 1 << 16
_LIKELY = ("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "cp850", "cp852", "mac_roman")
"""What programs write that do not write Unicode, the likeliest first."""
_WIDE = ("utf_16", "utf_32")


@dataclass(frozen=True, slots=True)
class Survey:
    digest: str
    size: int
    encoding: str
    """Of Python; with `-sig` or without an order of bytes where a mark at the beginning tells."""
    guessed: bool
    """Neither said in the profile, nor told by a mark, nor proven: text that is UTF-8 throughout is."""


def survey(copy: Copy, settings: CsvSettings) -> Survey:
    """Raises `SourceError` for what is no whole text."""
    most = int(settings.largest * 1e9)
    with copy.open() as stream:
        look = _Look(copy.title, settings.encoding)
        for chunk in _chunks(stream):
            look.at(chunk)
            if look.size > most:
                raise errors.TOO_LARGE.of(f"{settings.largest:g}").error(copy.title)
    return look.result(open_end=settings.last_line == "open")


def first_look(copy: Copy, settings: CsvSettings) -> str:
    """The encoding of the beginning, if it is a guess."""
    with copy.open() as stream:
        look = _Look(copy.title, settings.encoding)
        look.at(stream.read(CHUNK) or b"\n")
    return look.guessed()


def _chunks(stream: Readable) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk


class _Look:
    def __init__(self, title: str, encoding: str | None) -> None:
        self._title = title
        self._given = encoding
        self._encoding = encoding or ""
        self._digest = blake2b(digest_size=16)
        self._decoder: codecs.IncrementalDecoder | None = None
        self._unplain = bytearray()
        self._guess = False
        self._lines = 1
        self._tail = b""
        self.size = 0

    def at(self, chunk: bytes) -> None:
        if not self.size:
            self._begin(chunk)
        self.size += len(chunk)
        self._digest.update(chunk)
        self._require_text(chunk)
        self._decode(chunk)
        self._lines += _ends(chunk)
        self._tail = (self._tail + chunk[-8:])[-8:]

    def result(self, *, open_end: bool) -> Survey:
        if not self.size:
            raise errors.EMPTY.error(self._title)
        self._decode(b"", final=True)
        self._encoding = self.guessed() or self._encoding
        if not (open_end or self._has_end()):
            raise errors.CUT.of(self._lines).error(self._title)
        return Survey(self._digest.hexdigest(), self.size, self._encoding, self._guess)

    def guessed(self) -> str:
        return _guessed(bytes(self._unplain), self._title) if self._guess else ""

    def _begin(self, chunk: bytes) -> None:
        marked = next((name for mark, name in _MARKS if chunk.startswith(mark)), "")
        if self._given is None or (marked and _family(marked) == _family(self._given)):
            self._encoding = marked or self._given or _without_mark(chunk)
        self._decoder = codecs.getincrementaldecoder(self._encoding)()

    def _decode(self, chunk: bytes, *, final: bool = False) -> None:
        if self._decoder is None:
            self._note_unplain(chunk)
            return
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            if self._given is not None or self._encoding != "utf-8":
                line = self._lines + _ends(error.object[: error.start])
                raise errors.WRONG_ENCODING.of(line, self._encoding).error(self._title) from None
            self._decoder, self._guess = None, True
            self._note_unplain(error.object)

    def _note_unplain(self, chunk: bytes) -> None:
        for match in _UNPLAIN.finditer(chunk):
            if len(self._unplain) > _SAMPLE:
                return
            self._unplain += match[0][:1000] + b"\n"

    def _require_text(self, chunk: bytes) -> None:
        if len(chunk) == CHUNK and b"\n" not in chunk and b"\r" not in chunk:
            raise errors.LONG_LINE.of(self._lines).error(self._title)
        if b"\0" in chunk and not _family(self._encoding).startswith(_WIDE):
            raise errors.BINARY.of(self._lines + _ends(chunk[: chunk.index(b"\0")])).error(self._title)

    def _has_end(self) -> bool:
        return self._tail.rstrip(b"\0").endswith((b"\n", b"\r"))


def _family(encoding: str) -> str:
    """Without what tells of a mark or an order of bytes."""
    name = codecs.lookup(encoding).name.replace("-", "_")
    return re.sub(r"_(sig|le|be)$", "", name)


def _without_mark(chunk: bytes) -> str:
    """UTF-16 of a western language has a NUL beside each letter."""
    start = chunk[:200]
    if len(start) > 3 and start[1::2].count(0) > len(start) // 3:
        return "utf-16-le"
    if len(start) > 3 and start[::2].count(0) > len(start) // 3:
        return "utf-16-be"
    return "utf-8"


def _ends(chunk: bytes) -> int:
    return chunk.count(b"\n") or chunk.count(b"\r")


def _guessed(sample: bytes, title: str) -> str:
    """Of encodings that make the same text of it, or one that is as good, the likeliest."""
    from charset_normalizer import from_bytes

    found = from_bytes(sample, cp_isolation=list(_LIKELY), preemptive_behaviour=False)
    best = found.best()
    if best is None:
        raise errors.NO_GUESS.error(title)
    good = {match.encoding for match in found if (match.chaos, -match.coherence) <= (best.chaos, -best.coherence)}
    good |= set(best.could_be_from_charset)
    return next(name for name in (*_LIKELY, best.encoding) if name in good).replace("cp12", "windows-12")
