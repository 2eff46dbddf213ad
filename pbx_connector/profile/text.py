"""Reads a profile file's text, before anything is known about what it says; `loading` and `fmt` start here."""

from __future__ import annotations

from pathlib import Path

from pbx_connector import files
from pbx_connector.documents import finding
from pbx_connector.errors import ProfileError

MAX_BYTES = 5_000_000
"""A profile larger than this is refused unread."""


def read_profile(path: Path, *, keep_mark: bool = False) -> str:
    """Without a byte-order mark, unless it is wanted. Raises `ProfileError` with one finding."""
    if fault := files.fault_of_name(path.name):
        raise _unreadable(path, fault, "rename it")
    try:
        return files.read_text(path, at_most=MAX_BYTES, keep_mark=keep_mark)
    except files.UnreadableFile as error:
        hint = "pbx-connector new exchange-contacts makes one" if error.missing else error.hint
        raise _unreadable(path, f"the file cannot be read: {error}", hint) from None


def _unreadable(path: Path, message: str, hint: str = "") -> ProfileError:
    found = finding("P0101", message, file=files.shown(path), hint=hint)
    return ProfileError(f"{files.shown(path)} cannot be used", (found,))
