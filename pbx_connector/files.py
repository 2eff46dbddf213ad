"""Reads the files that people name, whatever stands there: regular ones alone, up to a limit, without ever waiting."""

from __future__ import annotations

import codecs
import os
import stat
import unicodedata
from pathlib import Path
from typing import BinaryIO

from pbx_connector.machine import machine_error

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}
MAX_CERTIFICATES = 10_000_000
"""Bytes; all authorities that a system trusts are some 200 kB."""
_HIDDEN = ("Cc", "Cs", "Zl", "Zp")
"""Unicode classes of what no name shows as it is: control characters, bytes that are no UTF-8, separators of lines."""


class UnreadableFile(Exception):
    """`str` says why, for people, without the file's name."""

    def __init__(self, reason: str, *, missing: bool = False, hint: str = "") -> None:
        super().__init__(reason)
        self.missing = missing
        """Nothing has that name."""
        self.hint = hint


def read_text(path: Path, *, at_most: int, keep_mark: bool = False) -> str:
    """UTF-8; a byte-order mark belongs to the text only with `keep_mark`. Without it a mark of UTF-16 is believed, too:
    so PowerShell writes what `>` sends to a file.

    Raises `UnreadableFile`, and `MachineError` for what no file is to blame for.
    """
    content = read_bytes(path, at_most=at_most)
    try:
        return content.decode("utf-8" if keep_mark else _marked(content))
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"it is not UTF-8 text (byte {error.start})", hint="save it as UTF-8") from None


def _marked(content: bytes) -> str:
    """The encoding that a mark at the beginning tells of."""
    return "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"


def read_bytes(path: Path, *, at_most: int) -> bytes:
    """No more than `at_most` bytes are read: a file that is larger is refused, also one that grows meanwhile."""
    with open_regular(path) as file:
        try:
            content = file.read(at_most + 1)
        except OSError as error:
            raise _translated(error) from None
    if len(content) > at_most:
        raise UnreadableFile(f"it is larger than {_size(at_most)}")
    return content


def read_certificates(path: Path) -> bytes:
    """Its contents. Before a library opens it by name: OpenSSL and others wait for pipes, and take any size.

    Raises `UnreadableFile`.
    """
    return read_bytes(path, at_most=MAX_CERTIFICATES)


def open_regular(path: Path) -> BinaryIO:
    """A pipe or a device is opened without waiting for it, and refused."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except ValueError:  # a NUL in it
        raise UnreadableFile("no file can have that name") from None
    except OSError as error:
        raise _translated(error) from None
    try:
        if kind := special(os.fstat(descriptor).st_mode):
            raise UnreadableFile(f"it is {kind}, not a file")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def special(mode: int) -> str:
    """What it is, in words; empty for a regular file."""
    return "" if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "something else")


def expanded(path: Path) -> Path:
    """With the home folder in place of `~`; as it is where there is no such user, so that nothing stands there."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def nearest_folder(path: Path) -> Path:
    """The deepest folder on the way to it that is there."""
    return next((folder for folder in path.absolute().parents if exists(folder)), Path("/"))


def is_open_to_others(path: Path) -> bool:
    """Whether every user of this machine may read it; False where nobody can tell."""
    try:
        whole = path.resolve()
        readable = whole.stat().st_mode & stat.S_IROTH
        return bool(readable) and all(folder.stat().st_mode & stat.S_IXOTH for folder in whole.parents)
    except (OSError, ValueError):
        return False


def fault_of_name(name: str) -> str:
    """Why nobody could read or write a file's name as it is; empty for a good one."""
    if _is_plain(name):
        return ""
    is_text = not any(unicodedata.category(character) == "Cs" for character in name)
    return "its name has control characters" if is_text else "its name is not UTF-8 text"


def shown(path: Path | str) -> str:
    """A path as text that every screen, log and protocol takes: what it cannot show as it is, escaped."""
    text = str(path)
    if _is_plain(text):
        return text
    return "".join(character if _is_plain(character) else _escaped(character) for character in text)


def _is_plain(text: str) -> bool:
    return text.isprintable() or not any(unicodedata.category(character) in _HIDDEN for character in text)


def _escaped(character: str) -> str:
    """A byte that is no UTF-8 stands as half of a surrogate pair in Python."""
    code = ord(character)
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else character.encode("unicode_escape").decode()


def _translated(error: OSError) -> Exception:
    lacking = machine_error(error)
    if lacking:
        return lacking
    reason = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror or type(error).__name__
    return UnreadableFile(reason, missing=isinstance(error, FileNotFoundError))


def _size(size: int) -> str:
    return f"{size // 1_000_000} MB" if size >= 1_000_000 else f"{size // 1000} kB"
