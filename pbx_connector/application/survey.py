"""What the store knows of profiles beside their runs: which wait for a person, and which have entries but no file."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from pbx_connector.model import RunStatus
from pbx_connector.stores import Profiles, ProfileState, RunKind, RunRecord


@dataclass(frozen=True, slots=True)
class Orphan:
    """Entries of a profile whose file is gone: nobody keeps them up to date."""

    id: str
    title: str
    entries: int


@dataclass(frozen=True)
class Survey:
    held: dict[str, str] = field(default_factory=dict)
    """The command that lets a profile run again, by its id."""
    orphans: tuple[Orphan, ...] = ()
    states: tuple[ProfileState, ...] = ()
    """All profiles that the store knows."""

    def last_run(self, profile: str) -> RunRecord | None:
        """As `history.last_run` says it, where the newest line of the history tells it; None: ask the history."""
        record = self._newest.get(profile)
        return record if record and record.kind is RunKind.RUN and record.report.started else None

    def has_made(self, profile: str) -> bool:
        """Whether its last run was done, at least in part: it owns what it made."""
        record = self.last_run(profile)
        return record is not None and record.report.status in (RunStatus.DONE, RunStatus.PARTIAL)

    @cached_property
    def _newest(self) -> dict[str, RunRecord]:
        return {state.id: state.last for state in self.states if state.last}


@dataclass(frozen=True, slots=True)
class Remedy:
    """What a person can say of a profile whose runs wait for a word."""

    kind: Literal["resume", "adopt"]
    profile: str
    old: str = ""
    """Whose entries it would take over; with `adopt` alone."""


def remedy(held: str) -> Remedy | None:
    """Which command a profile waits for, see `ProfileStatus.held`; None for one that is not known."""
    match held.split()[1:]:
        case ["profiles", "resume", profile]:
            return Remedy("resume", profile)
        case ["profiles", "adopt", old, profile]:
            return Remedy("adopt", profile, old)
        case ["fleet", "release", _, profile]:
            return Remedy("resume", profile)
    return None


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
