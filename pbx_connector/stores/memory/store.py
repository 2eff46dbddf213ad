"""A phone book in memory. Writers come one after the other; each works on a copy that counts once it is whole."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from pbx_connector.counting import counted
from pbx_connector.errors import ProfileBusy, ProfileHeld, UsageError
from pbx_connector.model import Account, Merge, Problem, Report, RunStatus
from pbx_connector.plan import Action, Change, PlanSummary
from pbx_connector.stores import adoption, retention
from pbx_connector.stores.changeset import ChangeSet
from pbx_connector.stores.checking import (
    LARGEST,
    check_successor,
    checked_label,
    checked_number,
    checked_search,
    checked_text,
    claim_file,
)
from pbx_connector.stores.contract import (
    ALL,
    AccountScope,
    Entry,
    KeptPlan,
    Label,
    Left,
    Match,
    ProfileState,
    RunKind,
    RunRecord,
)
from pbx_connector.stores.devices import Device, Sighting
from pbx_connector.stores.matching import ordered_matches
from pbx_connector.stores.memory import users
from pbx_connector.stores.memory.changeset import MemoryChangeSet
from pbx_connector.stores.memory.state import Line, Persons, Profile, Run, State
from pbx_connector.stores.memory.users import MemoryUsers
from pbx_connector.stores.memory.workspace import MemoryWorkspace
from pbx_connector.stores.operations import Operations
from pbx_connector.stores.persons import Duplicates, one_each
from pbx_connector.stores.persons import duplicates as find_duplicates
from pbx_connector.stores.selection import Condition, Order, Position, holds, position, says, sorted_entries
from pbx_connector.stores.undo import take_back
from pbx_connector.stores.undo_preview import UndoPreview


class MemoryStore(Operations, MemoryUsers):
    def __init__(self) -> None:
        self._state = State()
        self._writing = threading.Lock()
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

    @contextmanager
    def _write(self) -> Iterator[State]:
        with self._writing:
            state = self._state.copy()
            yield state
            self._state = state

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

    # entries

    def entries(
        self, *, account: AccountScope = ALL, limit: int | None = None, after: int = 0, apart: bool = False
    ) -> Iterator[Entry]:
        found = self._all(account) if apart else self._shown(account)
        return islice((entry for entry in found if entry.id > after), limit)

    def _shown(self, account: AccountScope) -> Iterator[Entry]:
        state = self._state
        persons = state.persons()
        return (persons.shown(entry.id) for entry in self._all(account, state) if entry.id not in persons.towards)

    def _all(self, account: AccountScope, state: State | None = None) -> Iterator[Entry]:
        if isinstance(account, str):
            checked_text(account)
        state = state or self._state
        for number in sorted(state.entries):
            entry = state.entry(number)
            if entry and (account is ALL or entry.content.account == account):
                yield entry

    def count_entries(self, *, account: AccountScope = ALL) -> int:
        return sum(1 for _ in self._shown(account))

    def count_account_entries(self, account: str) -> int:
        return len(self._state.of_account(account))

    def entry(self, entry: int) -> Entry:
        persons = self._state.persons()
        if found := self._state.entry(entry):
            towards = persons.towards.get(entry)
            return replace(found, gives_way_to=towards) if towards else persons.shown(entry)
        raise UsageError(f"there is no entry {entry}", hint="see: pbx-connector phonebook list")

    def search(self, text: str, *, account: AccountScope = ALL, limit: int | None = None) -> Iterator[Entry]:
        wanted, persons = checked_search(text), self._state.persons()

        def found(entry: Entry) -> bool:
            return any(says(one, wanted) for one in persons.apart(entry.id))

        return islice(filter(found, self._shown(account)), limit)

    def lookup(self, number: str, *, account: str | None = None) -> list[Match]:
        checked_text(account or "")
        visible = (entry for entry in self._all(ALL) if entry.content.account in (None, account))
        regions = {id: profile.region for id, profile in self._state.profiles.items() if profile.region}
        matches, persons = ordered_matches(number, visible, regions), self._state.persons()
        return one_each(matches, {match.entry.id: persons.shown(match.entry.id) for match in matches})

    def duplicates(self) -> Duplicates:
        return find_duplicates(self._state.candidates(), self._state.merges())

    def find(
        self,
        condition: Condition,
        *,
        owners: Collection[str | None],
        order: Sequence[Order] = (),
        limit: int | None = None,
        after: Position | None = None,
    ) -> Iterator[Entry]:
        persons = self._state.persons()
        own = (persons.apart(entry.id)[0] for entry in self._fitting(condition, owners, persons))
        found = map(persons.shown, (entry.id for entry in sorted_entries(own, order)))
        behind = (entry for entry in found if after is None or _is_after(position(entry), after))
        return islice(behind, limit)

    def find_ids(
        self,
        condition: Condition,
        *,
        owners: Collection[str | None],
        order: Sequence[Order] = (),
        limit: int | None = None,
    ) -> Sequence[int]:
        return [entry.id for entry in self.find(condition, owners=owners, order=order, limit=limit)]

    def count_found(self, condition: Condition, *, owners: Collection[str | None]) -> int:
        return sum(1 for _ in self._fitting(condition, owners, self._state.persons()))

    def _fitting(self, condition: Condition, owners: Collection[str | None], persons: Persons) -> Iterator[Entry]:
        for entry in self._shown(ALL):
            if entry.content.account in owners and holds(condition, entry, persons.apart(entry.id)):
                yield entry

    def revision(self) -> str:
        return str(self._state.counters.get("revision", 0))

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

    # history and plans

    def runs(
        self, profile: str | None = None, *, limit: int | None = None, before: str | None = None
    ) -> Iterator[RunRecord]:
        end = None if before is None else checked_number(before, "run")
        found = sorted(self._state.runs.items(), reverse=True)
        records = [run.record for number, run in found if end is None or number < end]
        return islice((record for record in records if profile in (None, record.report.profile)), limit)

    def run(self, run: str) -> RunRecord:
        found = self._state.runs.get(checked_number(run, "run"))
        if found is None:
            raise UsageError(f"there is no run {run}", hint="see: pbx-connector history")
        return found.record

    def changes(
        self, run: str, *, skip: int = 0, limit: int | None = None, leaving: Collection[Left] | None = None
    ) -> Iterator[Change]:
        lines: Iterable[Line] = self._state.journal.get(int(self.run(run).id), ())
        if leaving is not None:
            left = {(one.entry, one.account) for one in leaving}
            lines = (line for line in lines if line.line.action is not Action.MOVE and _about(line) not in left)
        return map(_change, islice(lines, skip, None if limit is None else skip + limit))

    def entry_history(self, entry: int, *, limit: int | None = None) -> Iterator[tuple[str, Change]]:
        journal = sorted(self._state.journal.items(), reverse=True)
        lines = ((str(number), _change(line)) for number, lines in journal for line in reversed(lines))
        return islice(((number, change) for number, change in lines if change.entry == entry), limit)

    def prune(self, keep: timedelta) -> int:
        retention.check(keep)
        with self._write() as state:
            believed = retention.believed(state.shared_state.get(retention.KEY, ""), time.time())
            state.shared_state[retention.KEY] = str(believed)
            before = believed - keep.total_seconds()
            users.prune(state, before, believed)
            last = {run.record.report.profile: number for number, run in sorted(state.runs.items())}
            last.pop("", None)
            old = {number for number, run in state.runs.items() if run.finished < before} - set(last.values())
            state.runs = {number: run for number, run in state.runs.items() if number not in old}
            state.journal = {number: lines for number, lines in state.journal.items() if number not in old}
            state.plans = {number: plan for number, plan in state.plans.items() if plan[0].made.timestamp() >= before}
        return len(old)

    def plans(self, profile: str | None = None) -> Iterator[KeptPlan]:
        kept = [plan for _, (plan, _) in sorted(self._state.plans.items(), reverse=True)]
        return (plan for plan in kept if profile in (None, plan.profile))

    def plan(self, plan: str) -> KeptPlan:
        found = self._state.plans.get(checked_number(plan, "plan"))
        if found is None:
            raise UsageError(f"there is no plan {plan}", hint="see: pbx-connector history")
        return found[0]

    def plan_changes(self, plan: str, *, skip: int = 0, limit: int | None = None) -> Iterator[Change]:
        changes = self._state.plans[int(self.plan(plan).id)][1]
        return islice(changes, skip, None if limit is None else skip + limit)

    def keep_plan(
        self, profile: str, summary: PlanSummary, digest: str, reasons: Sequence[str], changes: Iterable[Change]
    ) -> str:
        with self._write() as state:
            number = state.take("run") + 1
            plan = KeptPlan(str(number), checked_text(profile), datetime.now(UTC), digest, summary, tuple(reasons))
            state.plans[number] = (plan, tuple(replace(change, row=None) for change in changes))
            return str(number)

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
            _merge_books(state, old, new)
            left = state.profiles.pop(old)
            known = state.profiles.get(new, replace(left, file=None))
            state.profiles[new] = replace(known, held=left.held or known.held)
            state.books = {
                number: replace(book, profile=new) if book.profile == old else book
                for number, book in state.books.items()
            }
            state.runs = {number: _handed_over(run, old, new) for number, run in state.runs.items()}
            state.journal = {
                number: tuple(_renamed(line, old, new) for line in lines) for number, lines in state.journal.items()
            }
            state.plans = {
                number: (replace(kept, profile=new if kept.profile == old else kept.profile), changes)
                for number, (kept, changes) in state.plans.items()
            }
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


def _about(line: Line) -> tuple[int | None, str | None]:
    return line.line.entry, line.line.account


def _is_after(place: Position, other: Position) -> bool:
    return (place.name, place.id) > (other.name, other.id)


def _labels(state: State) -> list[Label]:
    contents = [held.content for held in state.entries.values()]
    return [Label(name, sum(name in content.labels for content in contents)) for name in sorted(state.labels)]


def _demand(state: State, profile: str) -> None:
    if profile not in state.profiles:
        raise UsageError(f"no profile {profile} has run on this store", hint="see: pbx-connector profiles list")


def _change(line: Line) -> Change:
    change = line.line
    what = "entry" if change.account is None else "account"
    return Change(change.action, change.entry, line.book, change.before, change.after, what)  # type: ignore[arg-type]


def _merge_books(state: State, old: str, new: str) -> None:
    """What both have read is one book, with the rows of both, and read anew."""
    for dropped, mine in list(state.books.items()):
        kept = state.book(old, mine.book.id) if mine.profile == new else None
        if kept is None:
            continue
        for entry, held in list(state.entries.items()):
            if held.source and held.source.book in (kept, dropped):
                state.entries[entry] = replace(held, source=replace(held.source, book=kept, version=""))
        for place, note in list(state.notes.items()):
            if place[0] == kept:
                state.notes[place] = replace(note, version="")
        state.forget_books({dropped})
        state.books[kept] = replace(state.books[kept], checkpoint=None)


def _handed_over(run: Run, old: str, new: str) -> Run:
    report = run.record.report
    if report.profile != old:
        return run
    return replace(run, record=replace(run.record, report=replace(report, profile=new)))


def _renamed(line: Line, old: str, new: str) -> Line:
    """What was removed comes back to who took over."""
    origin = line.line.origin
    if origin is None or origin.profile != old:
        return line
    return replace(line, line=replace(line.line, origin=replace(origin, profile=new)))
