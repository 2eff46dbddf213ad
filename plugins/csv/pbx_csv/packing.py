"""The bytes of a list, whether it lies there plain or in a zip file."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from typing import IO, BinaryIO, Protocol

from pbx_csv.error_catalog import BAD_ZIP, NOT_ONE_MEMBER, WORKBOOK

_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_WORKBOOK = "[Content_Types].xml"
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SUFFIXES = (".csv", ".txt", ".tsv")
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""`RuntimeError` is what an encrypted member is answered with."""


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


@contextmanager
def unpacked(file: BinaryIO, title: str, member: str | None) -> Iterator[Readable]:
    """A zip file is told by its content, not by its name."""
    start = file.read(8)
    file.seek(0)
    if start == _OLD_WORKBOOK:
        raise WORKBOOK.error(title)
    if not start.startswith(_MAGIC):
        yield file
        return
    with _translated(title):
        packed = zipfile.ZipFile(file)
    with packed:
        name = _member(packed, title, member)
        with _translated(title):
            stream = packed.open(name)
        with stream:
            yield _Member(stream, title)


class _Member(io.BufferedIOBase):
    """Its checksum is compared where it ends."""

    def __init__(self, stream: IO[bytes], title: str) -> None:
        self._stream = stream
        self._title = title

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        with _translated(self._title):
            return self._stream.read(-1 if size is None else size)

    read1 = read


@contextmanager
def _translated(title: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise BAD_ZIP.of(type(error).__name__).error(title) from None


def _member(packed: zipfile.ZipFile, title: str, wanted: str | None) -> str:
    names = [info.filename for info in packed.infolist() if not info.is_dir()]
    if _WORKBOOK in names:
        raise WORKBOOK.error(title)
    found = [name for name in names if (fnmatch(name, wanted) if wanted else name.lower().endswith(_SUFFIXES))]
    if len(found) != 1:
        raise NOT_ONE_MEMBER.of(len(found)).error(title)
    return found[0]
