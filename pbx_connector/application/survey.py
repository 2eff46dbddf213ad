"""What the store knows of profiles beside their runs: which wait for a person, and which have entries but no file."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from pbx_connector.stores import Profiles, ProfileState


@dataclass(frozen=True, slots=True)
class Orphan:
    """Entries of a profile whose file is gone: nobody keeps them up to date."""

    id: str
    title: str
    entries: int


@dataclass(frozen=True, slots=True)
class Survey:
    held: dict[str, str] = field(default_factory=dict)
    """The command that lets a profile run again, by its id."""
    orphans: tuple[Orphan, ...] = ()
    states: tuple[ProfileState, ...] = ()
    """All profiles that the store knows."""


def survey(store: Profiles, present: Collection[str]) -> Survey:
    """`present`: the ids that the profiles folder has. Raises `StoreError`."""
    states = store.profiles()
    return Survey(
        {state.id: f"pbx-connector profiles resume {state.id}" for state in states if state.held is not None},
        tuple(
            Orphan(state.id, state.title, state.entries)
            for state in states
            if _is_orphan(state) and state.id not in present
        ),
        tuple(states),
    )


def _is_orphan(state: ProfileState) -> bool:
    return state.entries > 0 and (state.file is None or not Path(state.file).exists())
