"""The phone book in a database, as the user interfaces and the run pipeline see it."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, delete, func, insert, select, update

from pbx_connector.counting import counted
from pbx_connector.errors import ProfileHeld, StoreError, UsageError
from pbx_connector.model import Account, Counts, Merge, Problem, Report, RunStatus
from pbx_connector.plan import Change, PlanSummary, storable
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
from pbx_connector.stores.normalization import tails
from pbx_connector.stores.operations import Operations
from pbx_connector.stores.persons import Duplicates, one_each
from pbx_connector.stores.persons import duplicates as find_duplicates
from pbx_connector.stores.selection import Condition, Order, Position
from pbx_connector.stores.sql import devices, entry_queries, persons, profiles, selecting, shared_state, upkeep, users
from pbx_connector.stores.sql.counters import take
from pbx_connector.stores.sql.dialects.database import Database
from pbx_connector.stores.sql.history import leases, records
from pbx_connector.stores.sql.history.changeset import SqlChangeSet
from pbx_connector.stores.sql.history.undo_outcomes import is_taken_back, undo_outcomes
from pbx_connector.stores.sql.plan import plan_queries
from pbx_connector.stores.sql.plan.workspace import SqlWorkspace
from pbx_connector.stores.sql.schema.migrating import bring_up_to_date, require_current
from pbx_connector.stores.sql.schema.tables import (
    account,
    book,
    counter,
    entry_label,
    journal,
    label,
    plan,
    plan_change,
    row_note,
    run,
)
from pbx_connector.stores.sql.schema.tables import profile as profile_table
from pbx_connector.stores.sql.users import SqlUsers

LOG = logging.getLogger(__name__)


class SqlStore(Operations, SqlUsers):
    def __init__(self, database: Database, *, migrate: bool = True) -> None:
        """Without `migrate` raises `OtherVersion` for a phone book that is not of this version."""
        (bring_up_to_date if migrate else require_current)(database)
        self._database = database

    @property
    def place(self) -> str:
        return self._database.place

    @property
    def read_only(self) -> bool:
        return self._database.read_only

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def faults(self) -> tuple[str, ...]:
        return upkeep.faults(self._database)

    def backup(self, file: Path) -> None:
        with self._database.read() as connection:
            self._database.dialect.copy(connection, file)

    # accounts and labels

    def accounts(self) -> list[Account]:
        with self._database.read() as connection:
            return [Account(*row) for row in connection.execute(select(account).order_by(account.c.id))]

    def labels(self) -> list[Label]:
        carried = func.count(entry_label.c.entry)
        query = select(label.c.name, carried).outerjoin(entry_label, entry_label.c.label == label.c.id)
        with self._database.read() as connection:
            return [Label(*row) for row in connection.execute(query.group_by(label.c.name).order_by(label.c.name))]

    def add_label(self, name: str) -> None:
        name = checked_label(name)
        with self._database.write() as connection:
            if connection.execute(select(label.c.id).where(label.c.name == name)).first():
                raise UsageError(f"there is a label {name} already", hint="see: pbx-connector labels list")
            connection.execute(insert(label).values(id=take(connection, "label") + 1, name=name))

    def remove_label(self, name: str) -> None:
        name = checked_text(name)
        with self._database.write() as connection:
            number = connection.execute(select(label.c.id).where(label.c.name == name)).scalar()
            if number is None:
                raise UsageError(f"there is no label {name}", hint="see: pbx-connector labels list")
            carriers = select(func.count()).where(entry_label.c.label == number)
            if many := connection.execute(carriers).scalar_one():
                raise UsageError(
                    f"{counted(many, 'entry')} {'carries' if many == 1 else 'carry'} the label {name}",
                    hint="take it out of the profile that assigns it first",
                )
            connection.execute(delete(label).where(label.c.id == number))

    # entries

    def entries(
        self, *, account: AccountScope = ALL, limit: int | None = None, after: int = 0, apart: bool = False
    ) -> Iterator[Entry]:
        scope = entry_queries.in_scope(account)
        return entry_queries.pages(self._database, limit, after, lambda query: query.where(scope), apart=apart)

    def count_entries(self, *, account: AccountScope = ALL) -> int:
        with self._database.read() as connection:
            return entry_queries.count(connection, entry_queries.in_scope(account), entry_queries.is_shown())

    def count_account_entries(self, account: str) -> int:
        owned = (
            entry_queries.entry_query(self._database.dialect)
            .where(entry_queries.of_account(checked_text(account)))
            .subquery()
        )
        with self._database.read() as connection:
            return connection.execute(select(func.count()).select_from(owned)).scalar_one()

    def entry(self, entry: int) -> Entry:
        with self._database.read() as connection:
            found = entry_queries.one_shown(connection, self._database.dialect, entry)
        if found is None:
            raise UsageError(f"there is no entry {entry}", hint="see: pbx-connector phonebook list")
        return found

    def search(self, text: str, *, account: AccountScope = ALL, limit: int | None = None) -> Iterator[Entry]:
        scope, match = entry_queries.in_scope(account), entry_queries.matching(checked_search(text))
        return entry_queries.pages(self._database, limit, 0, lambda query: query.where(scope, match))

    def lookup(self, number: str, *, account: str | None = None) -> list[Match]:
        found = entry_queries.with_tail(tails(number), account)
        query = entry_queries.entry_query(self._database.dialect).where(found)
        with self._database.read() as connection:
            candidates = list(map(entry_queries.to_entry, connection.execute(query)))
            sources = {entry.origin.profile for entry in candidates if entry.origin}
            matches = ordered_matches(number, candidates, profiles.regions(connection, sources))
            ids = [match.entry.id for match in matches]
            return one_each(matches, entry_queries.shown_for(connection, self._database.dialect, ids))

    def duplicates(self) -> Duplicates:
        with self._database.read() as connection:
            return find_duplicates(persons.candidates(connection), persons.merges(connection))

    def find(
        self,
        condition: Condition,
        *,
        owners: Collection[str | None],
        order: Sequence[Order] = (),
        limit: int | None = None,
        after: Position | None = None,
    ) -> Iterator[Entry]:
        return selecting.selected(self._database, condition, owners, order, limit, after)

    def find_ids(
        self,
        condition: Condition,
        *,
        owners: Collection[str | None],
        order: Sequence[Order] = (),
        limit: int | None = None,
    ) -> Sequence[int]:
        with self._database.read() as connection:
            return selecting.Selection(connection, owners).ids(condition, order, limit, None)

    def count_found(self, condition: Condition, *, owners: Collection[str | None]) -> int:
        with self._database.read() as connection:
            return selecting.Selection(connection, owners).count(condition)

    def revision(self) -> str:
        query = select(counter.c.value).where(counter.c.name == "revision")
        with self._database.read() as connection:
            return str(connection.execute(query).scalar() or 0)

    # devices

    def devices(self) -> list[Device]:
        with self._database.read() as connection:
            return devices.read(connection)

    def device(self, device: str) -> Device | None:
        if not storable(device):
            return None
        with self._database.read() as connection:
            return devices.find(connection, device)

    def put_device(self, device: Device) -> None:
        with self._database.write() as connection:
            devices.put(connection, self._database.dialect, device)

    def remove_device(self, device: str) -> bool:
        with self._database.write() as connection:
            return devices.remove(connection, checked_text(device))

    def note_seen(self, sightings: Sequence[Sighting]) -> None:
        with self._database.write() as connection:
            devices.note_seen(connection, sightings)

    # history and plans

    def runs(
        self, profile: str | None = None, *, limit: int | None = None, before: str | None = None
    ) -> Iterator[RunRecord]:
        query = select(run).order_by(run.c.no.desc()).limit(limit)
        if before is not None:
            query = query.where(run.c.no < checked_number(before, "run"))
        if profile is not None:
            query = query.where(run.c.profile == checked_text(profile))
        with self._database.read() as connection:
            yield from map(records.to_run, connection.execute(query, execution_options=plan_queries.STREAMED))

    def run(self, run_id: str) -> RunRecord:
        with self._database.read() as connection:
            row = connection.execute(select(run).where(run.c.no == checked_number(run_id, "run"))).first()
        if row is None:
            raise UsageError(f"there is no run {run_id}", hint="see: pbx-connector history")
        return records.to_run(row)

    def changes(
        self, run_id: str, *, skip: int = 0, limit: int | None = None, leaving: Collection[Left] | None = None
    ) -> Iterator[Change]:
        of_run = select(journal).where(journal.c.run == int(self.run(run_id).id))
        if leaving is not None:
            of_run = of_run.where(is_taken_back(self._database.dialect, leaving))
        query = of_run.order_by(journal.c.seq).offset(skip).limit(limit)
        with self._database.read() as connection:
            yield from map(records.to_history, connection.execute(query, execution_options=plan_queries.STREAMED))

    def entry_history(self, entry: int, *, limit: int | None = None) -> Iterator[tuple[str, Change]]:
        query = select(journal).where(journal.c.entry == entry).order_by(journal.c.run.desc(), journal.c.seq.desc())
        with self._database.read() as connection:
            for row in connection.execute(query.limit(limit)).all() if 0 < entry <= LARGEST else ():
                yield str(row.run), records.to_history(row)

    def plans(self, profile: str | None = None) -> Iterator[KeptPlan]:
        query = select(plan).order_by(plan.c.no.desc())
        if profile is not None:
            query = query.where(plan.c.profile == checked_text(profile))
        with self._database.read() as connection:
            yield from map(records.to_plan, connection.execute(query, execution_options=plan_queries.STREAMED))

    def plan(self, plan_id: str) -> KeptPlan:
        with self._database.read() as connection:
            row = connection.execute(select(plan).where(plan.c.no == checked_number(plan_id, "plan"))).first()
        if row is None:
            raise UsageError(f"there is no plan {plan_id}", hint="see: pbx-connector history")
        return records.to_plan(row)

    def plan_changes(self, plan_id: str, *, skip: int = 0, limit: int | None = None) -> Iterator[Change]:
        number = int(self.plan(plan_id).id)
        of_plan = select(plan_change).where(plan_change.c.plan == number)
        query = of_plan.order_by(plan_change.c.seq).offset(skip).limit(limit)
        with self._database.read() as connection:
            yield from map(records.to_change, connection.execute(query, execution_options=plan_queries.STREAMED))

    def keep_plan(
        self, profile: str, summary: PlanSummary, digest: str, reasons: Sequence[str], changes: Iterable[Change]
    ) -> str:
        with self._database.write() as connection:
            number = take(connection, "run") + 1
            dialect = self._database.dialect
            records.keep_plan(connection, dialect, number, checked_text(profile), digest, summary, list(reasons))
            records.keep_changes(connection, number, changes)
            return str(number)

    def prune(self, keep: timedelta) -> int:
        retention.check(keep)
        with self._database.write() as connection:
            now = self._believed_time(connection)
            before = now - keep.total_seconds()
            users.prune(connection, before, now)
            connection.execute(delete(plan).where(plan.c.made < before))
            last = select(func.max(run.c.no)).where(run.c.profile.is_not(None)).group_by(run.c.profile)
            return connection.execute(delete(run).where(run.c.finished < before, run.c.no.not_in(last))).rowcount

    def _believed_time(self, connection: Connection) -> float:
        known = shared_state.read(connection, retention.KEY)
        time = retention.believed(known, connection.execute(select(self._database.dialect.now())).scalar_one())
        shared_state.swap(connection, retention.KEY, known, str(time))
        return time

    # profiles

    def profiles(self) -> list[ProfileState]:
        with self._database.read() as connection:
            return list(profiles.states(connection))

    def adopt_profile(self, old: str, new: str) -> int:
        with self._edited(RunKind.ADOPT, f"profile {new} took over what {old} owned", new) as (connection, changeset):
            leases.ensure_free(connection, self._database, old)
            profiles.demand(connection, old)
            check_successor(old, new)
            adoption.merge(changeset, old, new)
            return profiles.hand_over(connection, self._database.dialect, old, new)

    def resume_profile(self, profile: str) -> None:
        with self._database.write() as connection:
            profiles.demand(connection, profile)
            connection.execute(update(profile_table).where(profile_table.c.id == profile).values(held=None))

    # runs

    def problems(self, profile: str) -> Iterator[Problem]:
        noted = select(row_note.c.problems).join(book, book.c.no == row_note.c.book)
        query = noted.where(book.c.profile == profile, row_note.c.problems != "").order_by(
            book.c.id, row_note.c.row_key
        )
        with self._database.read() as connection:
            yield from plan_queries.problems(connection, query)

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
    ) -> Iterator[SqlWorkspace]:
        taken, number = (None, None) if simulate else self._start_run(profile, title, file, region)
        if taken is None:
            self._database.look_over()
            with self._database.private() as connection:
                yield SqlWorkspace(self._database, connection, profile, None, None, region=region, merge=merge)
            return
        try:
            with leases.Renewal(self._database, taken), self._database.private() as connection:
                yield SqlWorkspace(self._database, connection, profile, number, taken, region=region, merge=merge)
        finally:
            self._give_back(taken)

    def _give_back(self, taken: leases.Lease) -> None:
        """A lease that cannot be given back expires."""
        with suppress(StoreError), self._database.write() as connection:
            leases.give_back(connection, taken)

    def _start_run(self, wanted: str, title: str, file: Path | None, region: str | None) -> tuple[leases.Lease, int]:
        with self._database.write() as connection:
            held = connection.execute(select(profile_table).where(profile_table.c.id == wanted)).first()
            path = claim_file(wanted, held.file if held else None, file)
            values = {"title": title, "file": path, "region": region}
            if held is None:
                connection.execute(insert(profile_table).values(id=wanted, **values))
            elif held.held is not None:
                raise ProfileHeld(
                    f"profile {wanted} waits since undo {held.held}: a run would do again what was taken back",
                    hint=f"when its source or rules are right: pbx-connector profiles resume {wanted}",
                    command=f"pbx-connector profiles resume {wanted}",
                )
            else:
                connection.execute(update(profile_table).where(profile_table.c.id == wanted).values(**values))
            other = (profile_table.c.file == values["file"]) & (profile_table.c.id != wanted)
            connection.execute(update(profile_table).where(other).values(file=None))
            number = take(connection, "run") + 1
            taken = leases.acquire(connection, self._database, wanted, number)
            if taken.abandoned is not None and not records.is_recorded(connection, taken.abandoned):
                report = Report(str(taken.abandoned), wanted, RunStatus.FAILED, Counts())
                note = "it ended without a word: killed, or the machine stopped; it changed nothing"
                records.record_run(connection, self._database.dialect, report, note=note)
                LOG.warning("the earlier run %s ended without a word; it changed nothing", report.run)
            return taken, number

    @contextmanager
    def changeset(self, kind: RunKind, note: str, profile: str = "") -> Iterator[ChangeSet]:
        with self._edited(kind, note, profile) as (_, changeset):
            yield changeset

    def undo_outcomes(self, run: str, profile: str) -> Iterator[Left | None]:
        with self._database.read() as connection:
            if profile:
                leases.find_silent(connection, self._database, profile)
            yield from undo_outcomes(connection, self._database.dialect, run)

    @contextmanager
    def _edited(self, kind: RunKind, note: str, profile: str) -> Iterator[tuple[Connection, SqlChangeSet]]:
        with self._database.write() as connection:
            if profile:
                leases.ensure_free(connection, self._database, profile)
            number = take(connection, "run") + 1
            take(connection, "revision")
            report = Report(str(number), profile, RunStatus.DONE, Counts(), started=datetime.now(UTC))
            records.record_run(connection, self._database.dialect, report, kind=kind, note=note)
            changeset = SqlChangeSet(connection, self._database.dialect, number)
            yield connection, changeset
            if kind is not RunKind.HAND:  # what is made by hand gives way to nobody
                persons.settle(connection)
            records.update_counts(connection, report, changeset.counts)

    # shared state

    def shared_state(self, key: str) -> str:
        with self._database.read() as connection:
            return shared_state.read(connection, key)

    def shared_states(self, prefix: str) -> dict[str, str]:
        with self._database.read() as connection:
            return shared_state.read_all(connection, prefix)

    def compare_and_set(self, key: str, old: str, new: str) -> bool:
        with self._database.write() as connection:
            return shared_state.swap(connection, key, old, new)
