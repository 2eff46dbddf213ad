"""From what the mapping made of a row to what may be staged: the last check before the phone book.

The mapping has checked most of this already; here it is checked whatever mapping a profile brings along, because a
private contact in the company book cannot be taken back from those who saw it (safety rule 7).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from pbx_connector.model import Book, Mapped, Problem, Record, Row
from pbx_connector.plan import storable
from pbx_connector.profile import Profile
from pbx_connector.run import naming, problems
from pbx_connector.stores.workspace import Outcome, StagedRow


@dataclass(frozen=True, slots=True)
class Screen:
    profile: Profile
    accounts: Collection[str]
    labels: Collection[str] | None
    """Those that may be assigned; None if any may, because missing ones are created."""

    def stage(self, row: Row, book: Book) -> StagedRow:
        staged = self._stage(row, book)
        if not staged.problems:
            return staged
        return naming.named(staged, naming.of_row(row.values, self.profile.source.fields))

    def _stage(self, row: Row, book: Book) -> StagedRow:
        mapped = self.profile.map(row, book)
        if mapped.failed:
            return StagedRow(row.key, Outcome.FAILED, row.version, problems=mapped.problems)
        if mapped.skipped is not None:
            return StagedRow(row.key, Outcome.SKIPPED, row.version, (), mapped.skipped, mapped.problems)
        for problem, again in self._faults(mapped.records, row.key, book):
            version = "" if again else row.version
            return StagedRow(row.key, Outcome.FAILED, version, problems=(*mapped.problems, problem))
        if self.labels is None:
            return StagedRow(row.key, Outcome.MAPPED, row.version, mapped.records, "", mapped.problems)
        return self._with_known_labels(row, mapped, self.labels)

    def _faults(self, records: tuple[Record, ...], key: str, book: Book) -> Iterator[tuple[Problem, bool]]:
        """Each with whether the row must be read again, because the reason is not in the row."""
        if len(records) > 1 and len({record.key for record in records}) < len(records):
            yield problems.same_record_twice(book, key), False
        for record in records:
            account = record.account
            if book.account is not None and account != book.account and not self.profile.publish_personal:
                yield problems.not_private(book, key), False
            if account is not None and account not in self.accounts:
                yield problems.no_such_account(book, key, account), True
            if not record.fields.get("display_name", "").strip():
                yield problems.no_name(book, key), False
            if not _can_be_stored(record):
                yield problems.not_text(book, key), False

    def _with_known_labels(self, row: Row, mapped: Mapped, known: Collection[str]) -> StagedRow:
        records = tuple(
            replace(record, labels={name: value for name, value in record.labels.items() if name in known})
            for record in mapped.records
        )
        missing = {name for record in mapped.records for name in record.labels if name not in known}
        warnings = tuple(problems.no_such_label(name) for name in sorted(missing))
        return StagedRow(row.key, Outcome.MAPPED, row.version, records, "", (*mapped.problems, *warnings))


def _can_be_stored(record: Record) -> bool:
    texts = (record.key, *record.fields.values(), *record.labels, *record.labels.values())
    return storable("".join(texts))
