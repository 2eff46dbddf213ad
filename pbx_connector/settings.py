"""Types for the settings models of profiles and plugins that need to know which profile they stand in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo


def _from_the_profile(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder")
    expanded = path.expanduser()
    return Path(folder) / expanded if folder else expanded


ProfilePath = Annotated[Path, AfterValidator(_from_the_profile)]
"""A path; a relative one counts from the folder that the profile is in, wherever the command was typed."""
