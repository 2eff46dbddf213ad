"""A phone book in memory. Writers come one after the other; each works on a copy that counts once it is whole."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from pbx_connector.counting import counted
from pbx_connector.errors import ProfileBusy, ProfileHeld, UsageError
from pbx_connector.model import Account, Merge, Problem, Report, RunStatus
from pbx_connector.stores import adoption
from pbx_connector.stores.changeset import ChangeSet
from pbx_connector.stores.checking import LARGEST, check_successor, checked_label, checked_text, claim_file
from pbx_connector.stores.devices import Device, Sighting
from pbx_connector.stores.memory.adoption import hand_over
from pbx_connector.stores.memory.changeset import MemoryChangeSet
from pbx_connector.stores.memory.entries import MemoryEntries
from pbx_connector.stores.memory.history import MemoryHistory
from pbx_connector.stores.memory.state import Profile, Run, State
from pbx_connector.stores.memory.users import MemoryUsers
from pbx_connector.stores.memory.workspace import MemoryWorkspace
from pbx_connector.stores.operations import Operations
from pbx_connector.stores.undo import take_back
from pbx_connector.stores.undo_preview import UndoPreview
from pbx_connector.stores.values import Label, Left, ProfileState, RunKind, RunRecord


class MemoryStore(Operations, MemoryUsers, MemoryEntries, MemoryHistory):
    def __init__(self) -> None:
        super().__init__()
        self._running: dict[str, int] = {}

    place = "a phone book in memory"
    read_only = False

    def faults(self) -> tuple[str, ...]:
        return ()

    def backup(self, file: Path) -> None:
        raise UsageError("a phone book in memory ends with its process", hint="keep it in a file")

    def close(self) -> None:
        """It ends with its last reference."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # accounts and labels

    def accounts(self) -> list[Account]:
        return [account for _, account in sorted(self._state.accounts.items())]

    def labels(self) -> list[Label]:
        return _labels(self._state)

    def add_label(self, name: str) -> None:
        name = checked_label(name)
        with self._write() as state:
            if name in state.labels:
                raise UsageError(f"there is a label {name} already", hint="see: pbx-connector labels list")
            state.labels[name] = None

    def remove_label(self, name: str) -> None:
        with self._write() as state:
            carried = {label.name: label.entries for label in _labels(state)}
            if name not in carried:
                raise UsageError(f"there is no label {name}", hint="see: pbx-connector labels list")
            if many := carried[name]:
                raise UsageError(
                    f"{counted(many, 'entry')} {'carries' if many == 1 else 'carry'} the label {name}",
                    hint="take it out of the profile that assigns it first",
                )
            del state.labels[name]

    # devices

    def devices(self) -> list[Device]:
        return [device for _, device in sorted(self._state.devices.items())]

    def device(self, device: str) -> Device | None:
        return self._state.devices.get(device)

    def put_device(self, device: Device) -> None:
        with self._write() as state:
            known = state.devices.get(device.id, replace(device, made=datetime.now(UTC), seen=None))
            state.devices[device.id] = replace(device, made=known.made, seen=known.seen)

    def remove_device(self, device: str) -> bool:
        with self._write() as state:
            return state.devices.pop(checked_text(device), None) is not None

    def note_seen(self, sightings: Sequence[Sighting]) -> None:
        with self._write() as state:
            for sighting in sightings:
                if device := state.devices.get(sighting.device):
                    state.devices[device.id] = replace(device, seen=sighting)

    # profiles

    def profiles(self) -> list[ProfileState]:
        state = self._state
        return [self._profile_state(state, name, profile) for name, profile in sorted(state.profiles.items())]

    def _profile_state(self, state: State, name: str, profile: Profile) -> ProfileState:
        books = sum(book.profile == name for book in state.books.values())
        last = next(self.runs(name), None)
        return ProfileState(name, profile.title, len(state.owned(name)), books, profile.held, last, profile.file)

    def adopt_profile(self, old: str, new: str) -> int:
        with self._edited(RunKind.ADOPT, f"profile {new} took over what {old} owned", new) as (state, changeset):
            _demand(state, old)
            check_successor(old, checked_text(new))
            self._ensure_free(old)
            adoption.merge(changeset, old, new)
            hand_over(state, old, new)
            return len(state.owned(new))

    def resume_profile(self, profile: str) -> None:
        with self._write() as state:
            _demand(state, profile)
            state.profiles[profile] = replace(state.profiles[profile], held=None)

    # runs

    def problems(self, profile: str) -> Iterator[Problem]:
        state = self._state
        noted = {
            (state.books[number].book.id, key): note.problems
            for (number, key), note in state.notes.items()
            if state.books[number].profile == profile
        }
        return (problem for _, problems in sorted(noted.items(), key=lambda item: item[0]) for problem in problems)

    @contextmanager
    def open_workspace(
        self,
        profile: str,
        title: str,
        *,
        simulate: bool,
        file: Path | None = None,
        region: str | None = None,
        merge: Merge | None = None,
    ) -> Iterator[MemoryWorkspace]:
        number = None if simulate else self._start_run(profile, title, file, region)
        try:
            yield MemoryWorkspace(lambda: self._state, self._write, profile, number, region=region, merge=merge)
        finally:
            if number is not None:
                del self._running[profile]

    def _start_run(self, profile: str, title: str, file: Path | None, region: str | None) -> int:
        with self._write() as state:
            known = state.profiles.get(profile)
            path = claim_file(profile, known.file if known else None, file)
            if known and known.held is not None:
                raise ProfileHeld(
                    f"profile {profile} waits since undo {known.held}: a run would do again what was taken back",
                    hint=f"when its source or rules are right: pbx-connector profiles resume {profile}",
                    command=f"pbx-connector profiles resume {profile}",
                )
            self._ensure_free(profile)
            for name, other in state.profiles.items():
                if path and other.file == path:
                    state.profiles[name] = replace(other, file=None)
            state.profiles[profile] = Profile(title, file=path, region=region, merge=known.merge if known else None)
            self._running[profile] = number = state.take("run") + 1
            return number

    def _ensure_free(self, profile: str) -> None:
        if profile in self._running:
            raise ProfileBusy(
                f"a run of profile {profile} is going on: run {self._running[profile]} of this process",
                hint="wait for its end",
            )

    @contextmanager
    def changeset(self, kind: RunKind, note: str, profile: str = "") -> Iterator[ChangeSet]:
        with self._edited(kind, note, profile) as (_, changeset):
            yield changeset

    def undo_outcomes(self, run: str, profile: str) -> Iterator[Left | None]:
        if profile:
            self._ensure_free(profile)
        return take_back(UndoPreview(MemoryChangeSet(self._state.copy(), LARGEST)), run)

    @contextmanager
    def _edited(self, kind: RunKind, note: str, profile: str) -> Iterator[tuple[State, MemoryChangeSet]]:
        with self._write() as state:
            if profile:
                self._ensure_free(profile)
            number = state.take("run") + 1
            state.take("revision")
            changeset = MemoryChangeSet(state, number)
            started = datetime.now(UTC)
            yield state, changeset
            report = Report(str(number), profile, RunStatus.DONE, changeset.counts, started=started)
            state.runs[number] = Run(
                RunRecord(kind, report, note), time.time(), merge=changeset.merge, undoes=changeset.undoes
            )
            state.journal[number] = changeset.lines

    # shared state

    def shared_state(self, key: str) -> str:
        return self._state.shared_state.get(key, "")

    def shared_states(self, prefix: str) -> dict[str, str]:
        return {key: text for key, text in self._state.shared_state.items() if key.startswith(prefix)}

    def compare_and_set(self, key: str, old: str, new: str) -> bool:
        with self._write() as state:
            if state.shared_state.get(key, "") != old:
                return False
            state.shared_state.pop(key, None)
            if new:
                state.shared_state[key] = new
            return True


def _labels(state: State) -> list[Label]:
    contents = [held.content for held in state.entries.values()]
    return [Label(name, sum(name in content.labels for content in contents)) for name in sorted(state.labels)]


def _demand(state: State, profile: str) -> None:
    if profile not in state.profiles:
        raise UsageError(f"no profile {profile} has run on this store", hint="see: pbx-connector profiles list")
