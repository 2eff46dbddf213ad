"""A change set of a phone book in memory: the steps of `pbx_connector.stores.changeset` on a copy of its state."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from pbx_connector.model import Account, Counts, Merge
from pbx_connector.plan import Action, Content
from pbx_connector.stores.changeset import BATCH
from pbx_connector.stores.memory.state import BookState, Held, Line, Profile, Run, Source, State
from pbx_connector.stores.values import Entry, JournalLine, Origin

T = TypeVar("T")


class MemoryChangeSet:
    def __init__(self, state: State, number: int) -> None:
        self._state = state
        self._number = number
        self._lines: list[Line] = []
        self.undoes: int | None = None
        self.merge: tuple[Merge | None, Merge | None] | None = None
        self.counts = Counts()

    @property
    def run(self) -> str:
        return str(self._number)

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(self._lines)

    # accounts

    def accounts(self) -> list[Account]:
        return [account for _, account in sorted(self._state.accounts.items())]

    def put_account(self, account: Account) -> None:
        self._journal_account(account.id, self._state.accounts.get(account.id), account)
        self._state.accounts[account.id] = account

    def drop_account(self, account: str) -> None:
        self._state.forget_books({number for number, held in self._state.books.items() if held.book.account == account})
        self._journal_account(account, self._state.accounts.pop(account), None)

    # entries

    def entry(self, entry: int) -> Entry | None:
        return self._state.entry(entry)

    def entries(self, wanted: Collection[int]) -> dict[int, Entry]:
        return {number: entry for number in wanted if (entry := self.entry(number))}

    def account_entries(self, account: str) -> Iterator[Sequence[Entry]]:
        return self._entries(self._state.of_account(account))

    def profile_entries(self, profile: str) -> Iterator[Sequence[Entry]]:
        return self._entries([number for number, _, _ in self._state.owned(profile)])

    def _entries(self, numbers: list[int]) -> Iterator[Sequence[Entry]]:
        return _batches(list(self.entries(numbers).values()))

    def put_entries(self, entries: Sequence[Entry]) -> list[Entry]:
        return [self._put_entry(entry) for entry in entries]

    def _put_entry(self, entry: Entry) -> Entry:
        before = self.entry(entry.id) if entry.id else None
        written = entry if entry.id else replace(entry, id=self._state.take("entry") + 1)
        source = None
        if written.origin:
            number = self._book(written.origin) or self._add_book(written.origin)
            source = Source(number, written.origin.row, written.origin.record, "")
        self._state.entries[written.id] = Held(written.content, source)
        self._state.labels |= dict.fromkeys(written.content.labels)
        self._unsettle(written)
        self._journal_entry(before, written)
        return written

    def drop_entries(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            del self._state.entries[entry.id]
            self._unsettle(entry)
            self._journal_entry(entry, None)

    def taken(self, origins: Collection[Origin]) -> set[Origin]:
        sources = [held.source for held in self._state.entries.values() if held.source]
        places = {(source.book, source.row, source.record) for source in sources}
        return {origin for origin in origins if (self._book(origin), origin.row, origin.record) in places}

    def _book(self, origin: Origin) -> int | None:
        return self._state.book(origin.profile, origin.book.id)

    def _add_book(self, origin: Origin) -> int:
        self._state.profiles.setdefault(origin.profile, Profile(origin.profile))
        number = self._state.take("book") + 1
        self._state.books[number] = BookState(origin.profile, origin.book)
        return number

    def _unsettle(self, changed: Entry) -> None:
        """The row is read again by the next run."""
        number = self._book(changed.origin) if changed.origin else None
        if changed.origin is None or number is None:
            return
        self._state.books[number] = replace(self._state.books[number], checkpoint=None)
        for entry, held in list(self._state.entries.items()):
            if held.source and (held.source.book, held.source.row) == (number, changed.origin.row):
                self._state.entries[entry] = replace(held, source=replace(held.source, version=""))
        if note := self._state.notes.get((number, changed.origin.row)):
            self._state.notes[number, changed.origin.row] = replace(note, version="")

    # profiles and history

    def hold(self, profile: str) -> None:
        if known := self._state.profiles.get(profile):
            self._state.profiles[profile] = replace(known, held=self.run)

    def forget_profile(self, profile: str) -> None:
        self._state.forget_books({number for number, held in self._state.books.items() if held.profile == profile})
        self._change_merge(profile, None)
        self._state.profiles.pop(profile, None)

    def journal_backwards(self, run: str) -> Iterator[Sequence[JournalLine]]:
        return _batches([line.line for line in reversed(self._state.journal.get(int(run), ()))])

    def touched_after(self, run: str, entries: Collection[int]) -> dict[int, str]:
        later = self._changes_after(run)
        return {line.entry: number for number, line in later if line.entry is not None and line.entry in entries}

    def account_touched_after(self, run: str, account: str) -> str | None:
        return _last(number for number, line in self._changes_after(run) if line.account == account)

    def added_after(self, run: str, account: str) -> str | None:
        later = self._changes_after(run)
        return _last(number for number, line in later if line.account == account and line.action is Action.ADD)

    def _changes_after(self, run: str) -> Iterator[tuple[str, JournalLine]]:
        """Of later runs, the earliest first, but for those that were undone and their undos."""
        undos = {run.record.undone_by for run in self._state.runs.values()}
        for number, lines in sorted(self._state.journal.items()):
            if number > int(run) and self._state.runs[number].record.undone_by is None and str(number) not in undos:
                yield from ((str(number), line.line) for line in lines if line.line.action is not Action.MOVE)

    def mark_undone(self, run: str) -> None:
        self._set_undone(int(run), self.run)
        self.undoes = int(run)
        self._take_merge_back(self._state.runs[int(run)])
        counts, undo = True, int(run)
        while (target := self._state.runs[undo].undoes) in self._state.runs:
            known = self._state.runs[target].record.undone_by
            if known == (str(undo) if counts else None):
                self._set_undone(target, None if counts else str(undo))
            counts, undo = not counts, target

    def _take_merge_back(self, run: Run) -> None:
        """Unless a later run has changed it again."""
        profile = self._state.profiles.get(run.record.report.profile)
        if profile and run.merge and run.merge[1] == profile.merge:
            self._change_merge(run.record.report.profile, run.merge[0])

    def _change_merge(self, profile: str, after: Merge | None) -> None:
        before = self._state.profiles[profile]
        if before.merge != after:
            self._state.profiles[profile] = replace(before, merge=after)
            self.merge = (before.merge, after)

    def _set_undone(self, number: int, by: str | None) -> None:
        known = self._state.runs[number]
        self._state.runs[number] = replace(known, record=replace(known.record, undone_by=by))

    # the journal

    def _journal_entry(self, before: Entry | None, after: Entry | None) -> None:
        shown = after or before
        assert shown is not None  # noqa: S101 - a change has at least one side
        action = _action(before, after)
        name = {Action.ADD: "added", Action.UPDATE: "updated", Action.REMOVE: "removed"}[action]
        self.counts = replace(self.counts, **{name: getattr(self.counts, name) + 1})
        said, says = before.content if before else None, after.content if after else None
        origin = before.origin if before and not after else None
        line = JournalLine(action, shown.id, None, said, says, origin)
        self._lines.append(Line(line, shown.origin.book.title if shown.origin else ""))

    def _journal_account(self, account: str, before: Account | None, after: Account | None) -> None:
        was, is_now = _content(before) if before else None, _content(after) if after else None
        line = JournalLine(_action(before, after), None, account, was, is_now, None)
        self._lines.append(Line(line, ""))


def _action(before: object | None, after: object | None) -> Action:
    return Action.ADD if before is None else Action.REMOVE if after is None else Action.UPDATE


def _content(account: Account) -> Content:
    return Content(account.id, {"username": account.username, "email": account.email})


def _last(numbers: Iterable[str]) -> str | None:
    return max(numbers, key=int, default=None)


def _batches(found: list[T]) -> Iterator[list[T]]:
    return (found[start : start + BATCH] for start in range(0, len(found), BATCH))
