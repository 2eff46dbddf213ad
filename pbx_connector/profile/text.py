"""Reads a profile file's text, before anything is known about what it says; `loading` and `fmt` start here."""

from __future__ import annotations

from pathlib import Path

from pbx_connector.documents import finding
from pbx_connector.errors import ProfileError

MAX_BYTES = 5_000_000
"""A profile larger than this is refused unread."""


def read_profile(path: Path) -> str:
    """Without a byte order mark. Raises `ProfileError` with one finding."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _unreadable(path, f"the file is larger than {MAX_BYTES // 1_000_000} MB")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        hint = "pbx-connector new exchange-contacts makes one"
        raise _unreadable(path, "there is no such file", hint) from None
    except OSError as error:
        raise _unreadable(path, f"the file cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        message = f"the file is not UTF-8 text (byte {error.start})"
        raise _unreadable(path, message, "save it as UTF-8") from None


def _unreadable(path: Path, message: str, hint: str = "") -> ProfileError:
    found = finding("P0101", message, file=str(path), hint=hint)
    return ProfileError(f"{path} cannot be used", (found,))
