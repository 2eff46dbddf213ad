"""The rules of a profile, tried on rows of a file: needs no source and no store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pbx_connector import rows
from pbx_connector.application.row_files import WrittenRow, read_rows
from pbx_connector.counting import counted
from pbx_connector.errors import UsageError
from pbx_connector.model import Mapped
from pbx_connector.profile import LoadedProfile

if TYPE_CHECKING:
    from pbx_rules import Step


@dataclass(frozen=True, slots=True)
class TriedRow:
    written: WrittenRow
    mapped: Mapped
    steps: tuple[Step, ...] = ()
    """Each rule with what it read and gave, if that was asked for."""


class Trial:
    """Rows come one at a time, so that a file may be of any size. Go through them, then ask `require_usable`."""

    def __init__(self, loaded: LoadedProfile, file: Path) -> None:
        self._loaded = loaded
        self._file = file
        self._unusable = 0

    def mapped(self) -> Iterator[TriedRow]:
        """Raises `UsageError` for a file that cannot be read. So does `explained`."""
        return self._tried(explain=False)

    def explained(self) -> Iterator[TriedRow]:
        """With the steps of each."""
        return self._tried(explain=True)

    def require_usable(self) -> None:
        """Raises `UsageError` if there were lines that are no rows; the others were tried."""
        if self._unusable:
            raise UsageError(
                f"{counted(self._unusable, 'row')} of {self._file} cannot be used", hint="the others are shown"
            )

    def _tried(self, *, explain: bool) -> Iterator[TriedRow]:
        for written in read_rows(self._file, self._loaded.profile.source.fields):
            if written.problems:
                self._unusable += 1
                yield TriedRow(written, Mapped(problems=written.problems))
            else:
                yield self._try(written, explain=explain)

    def _try(self, written: WrittenRow, *, explain: bool) -> TriedRow:
        rules, row = self._loaded.rules, written.row
        steps = rules.trace(row).steps if explain else ()
        return TriedRow(written, rules.map(row, rows.book_of(row.values, self._file.name)), steps)
