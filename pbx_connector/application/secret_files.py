"""Secrets that people type where a profile is edited: each in a new file of the profiles folder, its owner's alone.

The profile gets a reference; no secret is ever shown again, and none is overwritten while runs may need it.
"""

from __future__ import annotations

import os
import re
import stat
from itertools import count
from pathlib import Path

from pbx_connector.application.installation import Installation, SecretPlace
from pbx_connector.errors import ConnectorError, UsageError
from pbx_connector.machine import machine_error
from pbx_connector.secret import MAX_BYTES

ENDING = ".secret"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")


def keep(secret: str, *, name: str, folder: Path) -> Path:
    """Write it to `NAME.secret`, or with a number where that is taken. Raises `UsageError`."""
    if not secret or len(secret.encode(errors="replace")) > MAX_BYTES:
        raise UsageError("a secret has at least one character, and 100,000 bytes at most")
    for number in count(1):
        path = folder / f"{name}{f'-{number}' if number > 1 else ''}{ENDING}"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            continue
        except OSError as error:
            raise _unwritable(path, error) from None
        return _filled(descriptor, path, secret)
    raise AssertionError("never")


def keep_in(installation: Installation, secret: str, *, name: str, by: str = "") -> SecretPlace:
    """In a new file of the profiles folder, or where the installation keeps secrets otherwise; `by` is who typed it.
    Raises `ConnectorError`."""
    if not secret or len(secret.encode(errors="replace")) > MAX_BYTES:
        raise UsageError("a secret has at least one character, and 100,000 bytes at most")
    if installation.versions is not None:
        return installation.versions.keep_secret(secret, name, by)
    return SecretPlace("file", keep(secret, name=name, folder=installation.profiles_folder).name)


def kept_in(installation: Installation, name: str) -> SecretPlace | None:
    """Where a secret of this name is, if it is one that `keep_in` could have kept; None for any other."""
    if installation.versions is not None:
        return SecretPlace("vault", name) if name and installation.versions.is_kept(name) else None
    return SecretPlace("file", name) if is_kept(name, installation.profiles_folder) else None


def is_kept(name: str, folder: Path) -> bool:
    """Whether a file of this name is one that `keep` could have written: none elsewhere, and no link."""
    if not name.endswith(ENDING) or not _NAME.fullmatch(name):
        return False
    try:
        return stat.S_ISREG((folder / name).lstat().st_mode)
    except OSError:
        return False


def _filled(descriptor: int, path: Path, secret: str) -> Path:
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            os.fchmod(descriptor, 0o600)
            file.write(secret)
            file.flush()
            os.fsync(descriptor)
    except (OSError, UnicodeError) as error:
        path.unlink(missing_ok=True)
        raise _unwritable(path, error) from None
    return path


def _unwritable(path: Path, error: OSError | UnicodeError) -> ConnectorError:
    if isinstance(error, UnicodeError):
        return UsageError("the secret has characters that cannot be kept as text")
    return machine_error(error) or UsageError(f"the secret file {path} cannot be written: {error.strerror}")
