"""The rows that a profile's source has, as files of rows have them: to try rules on what is really there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from pbx_connector.application import views
from pbx_connector.errors import ProtocolViolation, SourceError
from pbx_connector.model import Account, Book, BookUnknown, End, Problem, Row, Unreadable
from pbx_connector.profile import Profile
from pbx_connector.rows import ACCOUNT_FIELD
from pbx_connector.run.book_reading import plugin_faults
from pbx_connector.run.problems import book_failed
from pbx_connector.source import Source, SourceContext

Values = dict[str, Any]


@dataclass
class SourceRows:
    """Go through it once; then `problems` says what could not be read."""

    profile: Profile
    accounts: Sequence[Account]
    """Whose personal contacts are read."""
    all_fields: bool = False
    """Not only those that the profile uses, and those that contacts are known by."""
    limit: int | None = None
    problems: list[Problem] = field(default_factory=list)

    def __iter__(self) -> Iterator[Values]:
        """Fields with a value, by name, as JSON has them. Raises `SourceError` if the source cannot be read at all."""
        context = SourceContext(self.accounts, self._fields())
        with self.profile.source.open(self.profile.settings, context) as source:
            with plugin_faults():
                books = list(source.books())
            yield from islice(chain.from_iterable(self._of(source, book) for book in books), self.limit)

    def _fields(self) -> frozenset[str]:
        known = self.profile.source.fields
        return self.profile.fields.union(*known.known_by, known.names() if self.all_fields else ())

    def _of(self, source: Source, found: Book | BookUnknown | Problem) -> Iterator[Values]:
        if not isinstance(found, Book):
            self.problems.append(found.problem if isinstance(found, BookUnknown) else found)
            return
        try:
            with plugin_faults():
                yield from self._read(source, found)
        except SourceError as error:
            self.problems.append(book_failed(found, error))

    def _read(self, source: Source, book: Book) -> Iterator[Values]:
        for item in source.changes(book, None, iter(())):
            if isinstance(item, Row):
                yield self._values(item, book)
            elif isinstance(item, Unreadable):
                self.problems.append(item.problem)
            elif isinstance(item, End):
                return
        raise ProtocolViolation("the source stopped before the end of the address book", code="S102")

    def _values(self, row: Row, book: Book) -> Values:
        values = {name: views.plain(value) for name, value in row.values.items() if value not in (None, "", (), [], {})}
        fields = self.profile.source.fields
        if book.account is not None and (not fields.closed or ACCOUNT_FIELD in fields.names()):
            values.setdefault(ACCOUNT_FIELD, book.account)
        return values
