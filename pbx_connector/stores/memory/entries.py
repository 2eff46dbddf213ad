"""Entries in memory: listed, searched, looked up by number, found by what they are like."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from pbx_connector.errors import UsageError
from pbx_connector.stores.checking import checked_search, checked_text
from pbx_connector.stores.matching import ordered_matches
from pbx_connector.stores.memory.state import Persons, State, StateHolder
from pbx_connector.stores.persons import Duplicates, one_each
from pbx_connector.stores.persons import duplicates as find_duplicates
from pbx_connector.stores.selection import Condition, Order, Position, holds, position, says, sorted_entries
from pbx_connector.stores.values import ALL, AccountScope, Entry, Match


class MemoryEntries(StateHolder):
    """A part of the store."""

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


def _is_after(place: Position, other: Position) -> bool:
    return (place.name, place.id) > (other.name, other.id)
