"""The lines of a family's configuration that make a telephone use the directory, for `devices add --provision`.

Only of families whose keys are known for certain; the pages in docs/phones say what to type elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pbx_directory.settings import DirectorySettings

FAMILIES: Mapping[str, str] = {"yealink": "yealink"}
"""By family: the format that its telephones read."""


def provisioning(family: str, shown: Mapping[str, Any], settings: DirectorySettings) -> str:
    """Of one of `FAMILIES`; `shown` is what `devices add` shows."""
    lines = {
        "features.remote_phonebook.enable": "1",
        "remote_phonebook.data.1.url": shown["url"],
        "remote_phonebook.data.1.name": settings.title,
    }
    return "\n".join(f"{key} = {value}" for key, value in lines.items())
