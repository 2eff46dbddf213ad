"""Names of new files in the profiles folder: proposed from a title, and never a way out of the folder."""

from __future__ import annotations

import re
import unicodedata
from itertools import count
from pathlib import Path

ENDINGS = (".yaml", ".yml")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What a profile's id may be: the file is called by it."""
LONGEST = 60
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "o", "å": "a"})
_TAKEN = ("new",)
"""What has another meaning in an address of the pages."""


def proposed(title: str) -> str:
    """A file's name without its ending, from a title."""
    plain = unicodedata.normalize("NFKD", title.lower().translate(_SPELLED)).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].strip("-") or "profile"
    return f"{name}-profile" if name in _TAKEN else name


def stem(typed: str) -> str | None:
    """Without its ending; None for what cannot be the name of a profile's file."""
    name = typed.strip()
    for ending in ENDINGS:
        name = name.removesuffix(ending)
    return name if NAME.fullmatch(name) and name not in _TAKEN else None


def is_taken(name: str, folder: Path) -> bool:
    """Also by a link to nothing."""
    paths = (folder / f"{name}{ending}" for ending in ENDINGS)
    return any(path.exists() or path.is_symlink() for path in paths)


def free(name: str, folder: Path) -> str:
    """The name, or with a number where it is taken."""
    numbered = (f"{name}-{number}" if number > 1 else name for number in count(1))
    return next(name for name in numbered if not is_taken(name, folder))
