"""Types for the settings models of profiles and plugins that need to know which profile they stand in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ValidationInfo


@dataclass(frozen=True, slots=True)
class OutsideRows:
    """Marks a setting that no row depends on: how a source is reached, or which address books are read. A profile that
    differs in nothing else keeps its checkpoints: `timeout: Annotated[float, OutsideRows()] = 60`."""


def outside_rows(model: type[BaseModel]) -> frozenset[str]:
    """The settings of a model that are marked so."""
    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if any(isinstance(one, OutsideRows) for one in field.metadata))


def _from_the_profile(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder")
    expanded = path.expanduser()
    return Path(folder) / expanded if folder else expanded


ProfilePath = Annotated[Path, AfterValidator(_from_the_profile)]
"""A path; a relative one counts from the folder that the profile is in, wherever the command was typed."""
