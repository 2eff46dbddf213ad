"""Entries in a database: listed, searched, looked up by number, found by what they are like."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import func, select

from pbx_connector.errors import UsageError
from pbx_connector.stores.checking import checked_search, checked_text
from pbx_connector.stores.matching import ordered_matches
from pbx_connector.stores.normalization import tails
from pbx_connector.stores.persons import Duplicates, one_each
from pbx_connector.stores.persons import duplicates as find_duplicates
from pbx_connector.stores.selection import Condition, Order, Position
from pbx_connector.stores.sql import entry_queries, persons, profiles, selecting
from pbx_connector.stores.sql.dialects.database import Database
from pbx_connector.stores.sql.schema.tables import counter
from pbx_connector.stores.values import ALL, AccountScope, Entry, Match


class SqlEntries:
    """A mixin for the store."""

    _database: Database

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
