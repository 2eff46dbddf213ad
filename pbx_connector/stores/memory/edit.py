"""An edit of a phone book in memory: the steps of `pbx_connector.stores.edit` on a copy of its state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from pbx_connector.model import Account, Counts
from pbx_connector.plan import Action, Content
from pbx_connector.stores.contract import Entry, JournalLine, Origin
from pbx_connector.stores.memory.state import BookState, Held, Line, Profile, Source, State


class MemoryEdit:
    def __init__(self, state: State, number: int) -> None:
        self._state = state
        self._number = number
        self._lines: list[Line] = []
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

    def account_entries(self, account: str) -> Iterator[Entry]:
        return self._entries(self._state.of_account(account))

    def profile_entries(self, profile: str) -> Iterator[Entry]:
        return self._entries([number for number, _, _ in self._state.owned(profile)])

    def _entries(self, numbers: list[int]) -> Iterator[Entry]:
        return (entry for number in numbers if (entry := self._state.entry(number)))

    def put_entry(self, entry: Entry) -> Entry:
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

    def drop_entry(self, entry: Entry) -> None:
        del self._state.entries[entry.id]
        self._unsettle(entry)
        self._journal_entry(entry, None)

    def taken(self, origin: Origin) -> bool:
        wanted = (self._book(origin), origin.row, origin.record)
        sources = [held.source for held in self._state.entries.values() if held.source]
        return any((source.book, source.row, source.record) == wanted for source in sources)

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
        self._state.profiles.pop(profile, None)

    def journal_backwards(self, run: str) -> Iterator[JournalLine]:
        return (line.line for line in reversed(self._state.journal.get(int(run), ())))

    def touched_after(self, run: str, line: JournalLine) -> str | None:
        return self._later(run, lambda other: _same(other, line) and other.action is not Action.MOVE)

    def added_after(self, run: str, account: str) -> str | None:
        return self._later(run, lambda other: other.account == account and other.action is Action.ADD)

    def _later(self, run: str, wanted: Callable[[JournalLine], bool]) -> str | None:
        undos = {run.record.undone_by for run in self._state.runs.values()}
        later = [
            number
            for number, lines in self._state.journal.items()
            if number > int(run) and self._state.runs[number].record.undone_by is None and str(number) not in undos
            if any(wanted(other.line) for other in lines)
        ]
        return str(max(later)) if later else None

    def mark_undone(self, run: str) -> None:
        for number, known in self._state.runs.items():
            if known.record.undone_by == run:
                self._set_undone(number, None)
        self._set_undone(int(run), self.run)

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


def _same(one: JournalLine, other: JournalLine) -> bool:
    return (one.entry, one.account) == (other.entry, other.account)
