"""The files of a tenant as somebody sends them: a zip archive of its folder, or texts by path. Nothing of what is sent
is trusted: not its sizes, not its paths, not how much it unpacks to."""

from __future__ import annotations

import base64
import binascii
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import IO, Any

from pbx_connector.errors import UsageError
from pbx_connector.tenants.published import MOST_BYTES, MOST_FILES, FileSet, WrongTree, checked_path
from pbx_connector.tenants.published import require_profile as require_profile_in

LARGEST_ARCHIVE = MOST_BYTES + 2**20
LARGEST_DIRECTORY = 2**20
"""Bytes of the table of contents of an archive, which is read whole before anything else."""
_END = b"PK\x05\x06"
_END_SIZE = 22
_LONGEST_COMMENT = 2**16
_END_OF_LARGE = b"PK\x06\x07"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_IS_ENCRYPTED = 1
_FOREIGN = ("__MACOSX",)
"""What programs add by themselves."""


def files_of_zip(archive: IO[bytes]) -> FileSet:
    """Of an archive of the folder, or of what is in it. Raises `UsageError`."""
    try:
        _require_small(archive)
        with zipfile.ZipFile(archive) as opened:
            found = FileSet(_without_folder(dict(_unpacked(opened))))
        require_profile_in(found)
        return found
    except WrongTree as wrong:
        raise _refused(wrong) from None
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError, RuntimeError):
        raise UsageError("that is no zip archive that can be read", hint="pack the folder of the tenant") from None


def files_of_texts(said: Any) -> FileSet:
    """Of an object in JSON: by path, a text or `{"base64": …}`. Raises `UsageError`."""
    if not isinstance(said, Mapping):
        raise UsageError("the files are no object of texts by path", hint='such as {"profiles/staff.yaml": "title: …"}')
    contents: dict[str, bytes] = {}
    try:
        for path, content in said.items():
            contents[checked_path(str(path))] = _content(str(path), content)
            _require_room(contents, str(path))
        found = FileSet(contents)
        require_profile_in(found)
        return found
    except WrongTree as wrong:
        raise _refused(wrong) from None


def _content(path: str, said: Any) -> bytes:
    if isinstance(said, str):
        try:
            return said.encode()
        except UnicodeEncodeError:
            raise WrongTree(path, "it is no text", 'give it as {"base64": "…"}') from None
    try:
        return base64.b64decode(said["base64"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise WrongTree(path, "it is neither a text nor base64", 'give a text, or {"base64": "…"}') from None


def _unpacked(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    """What is hidden stays out, as when a folder is published."""
    contents: dict[str, bytes] = {}
    for entry in archive.infolist():
        path = entry.filename
        if entry.is_dir() or _is_hidden(path):
            continue
        _require_plain(entry)
        if checked_path(path) in contents:
            raise WrongTree(path, "it is there twice", "pack the folder anew")
        room = MOST_BYTES - sum(map(len, contents.values()))
        with archive.open(entry) as packed:  # what it says of its size may be a lie
            contents[path] = packed.read(room + 1)
        _require_room(contents, path)
        yield path, contents[path]


def _require_plain(entry: zipfile.ZipInfo) -> None:
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise WrongTree(entry.filename, "it is a link, or no plain file", "pack the file itself")
    if entry.flag_bits & _IS_ENCRYPTED:
        raise WrongTree(entry.filename, "it is encrypted", "pack the folder without a password")
    if entry.compress_type not in _METHODS:
        raise WrongTree(entry.filename, "it is packed in an unusual way", "pack the folder as zip does by itself")


def _require_room(contents: Mapping[str, bytes], path: str) -> None:
    if len(contents) > MOST_FILES or sum(map(len, contents.values())) > MOST_BYTES:
        limits = f"{MOST_FILES} files and {MOST_BYTES // 1_000_000} MB"
        raise WrongTree(path, f"a tenant has no more than {limits}", "publish only what profiles need")


def _require_small(archive: IO[bytes]) -> None:
    """Before it is opened: each entry of the table of contents takes half a kilobyte of memory, whatever it is."""
    size = archive.seek(0, 2)
    if size > LARGEST_ARCHIVE:
        raise WrongTree("", f"the archive has more than {LARGEST_ARCHIVE // 2**20} MB", "pack only what profiles need")
    archive.seek(max(0, size - _END_SIZE - _LONGEST_COMMENT))
    tail = archive.read()
    end = tail.rfind(_END)
    directory = int.from_bytes(tail[end + 12 : end + 16], "little") if end >= 0 else 0
    if directory > LARGEST_DIRECTORY or _END_OF_LARGE in tail:
        raise WrongTree("", "the archive has too many entries", f"a tenant has no more than {MOST_FILES} files")
    archive.seek(0)


def _is_hidden(path: str) -> bool:
    """What could lead out is none of it: that is told."""
    return any(part in _FOREIGN or (part[:1] == "." and part[1:2] not in ("", ".", "\\")) for part in path.split("/"))


def _without_folder(contents: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Of an archive that has the folder itself, what is in the folder."""
    tops = {path.partition("/")[0] for path in contents}
    if len(tops) != 1 or any("/" not in path for path in contents) or "profiles" in tops:
        return contents
    return {path.partition("/")[2]: content for path, content in contents.items()}


def _refused(wrong: WrongTree) -> UsageError:
    message = f"{wrong.path}: {wrong}" if wrong.path else str(wrong)
    return UsageError(message, hint=wrong.hint)
