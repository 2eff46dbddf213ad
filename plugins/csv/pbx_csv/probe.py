"""The connection test: each list is read as a run would read it, and what was detected in it is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing

from pbx_connector.api import Check, ConnectorError, Problem, Row, Skipped, SourceContext, Unreadable, counted
from pbx_csv import error_catalog as errors
from pbx_csv.copies import Copy
from pbx_csv.lines import dialect_of, header_of
from pbx_csv.lists import Lists
from pbx_csv.origins import Origin
from pbx_csv.seen import SeenKeys
from pbx_csv.settings import CsvSettings
from pbx_csv.source import accounts_by_name, read_rows
from pbx_csv.survey import Survey, survey
from pbx_csv.table import column_names

_SHOWN = 5
"""Lines with a problem."""


def test_connection(settings: CsvSettings, context: SourceContext) -> Iterator[Check]:
    step = "folder" if settings.folder else "address" if settings.url else "file"
    try:
        with Lists(settings) as lists:
            found = lists.find()
            yield Check(step, detail=counted(len(found), "list"))
            for origin in found.values():
                yield from _Probe(settings, context, origin).checks()
    except ConnectorError as error:
        yield Check(step, _told(error, step))


class _Probe:
    def __init__(self, settings: CsvSettings, context: SourceContext, origin: Origin) -> None:
        self._settings = settings
        self._context = context
        self._origin = origin
        self._step = origin.title

    def checks(self) -> Iterator[Check]:
        """Ends with the first step that fails."""
        try:
            yield from self._steps()
        except ConnectorError as error:
            yield Check(self._step, _told(error, self._origin.title))

    def _steps(self) -> Iterator[Check]:
        copy = self._origin.obtain()
        if copy is None:  # nothing is unchanged where no state was named
            return
        with copy.lasting():
            found = survey(copy, self._settings)
            yield self._encoding(found)
            dialect = dialect_of(copy, found.encoding, self._settings)
            yield Check(f"layout of {self._origin.title}", detail=str(dialect))
            header = header_of(copy, found, dialect, self._settings)
            named = ", ".join(column_names(header, self._settings))
            yield Check(f"columns of {self._origin.title}", detail=named)
            yield from self._rows(copy, found)

    def _encoding(self, found: Survey) -> Check:
        step = f"encoding of {self._origin.title}"
        if found.guessed:
            return Check(step, errors.GUESSED.of(found.encoding).warning(self._origin.title))
        return Check(step, detail=found.encoding)

    def _rows(self, copy: Copy, found: Survey) -> Iterator[Check]:
        accounts = accounts_by_name(self._context)
        counts: Counter[type] = Counter()
        seen = SeenKeys()
        with closing(seen):
            for item in read_rows(copy, found, self._settings, self._context.fields, accounts, seen):
                counts[type(item)] += 1
                if isinstance(item, Unreadable) and counts[Unreadable] <= _SHOWN:
                    yield Check(f"rows of {self._origin.title}", item.problem)
        yield Check(f"rows of {self._origin.title}", detail=_summary(counts))


def _summary(counts: Counter[type]) -> str:
    """`3 contacts, 1 that cannot be read`."""
    left = [(counts[Unreadable], "that cannot be read"), (counts[Skipped], "passed over")]
    return ", ".join([counted(counts[Row], "contact"), *(f"{count} {what}" for count, what in left if count)])


def _told(error: ConnectorError, where: str) -> Problem:
    return Problem(error.code, error.message, where, error.hint)
