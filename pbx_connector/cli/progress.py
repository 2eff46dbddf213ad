"""A progress bar on stderr while books are read: on a terminal only, so that pipes and log files stay clean."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pbx_connector.application import runs
from pbx_connector.model import BookReport

if TYPE_CHECKING:
    from rich.progress import Progress


class _Bar:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("reading address books", total=None, rows=0)
        self._rows = 0

    def books(self, total: int) -> None:
        self._progress.update(self._task, total=total)

    def rows(self, count: int) -> None:
        self._rows += count
        self._progress.update(self._task, rows=self._rows)

    def book_done(self, report: BookReport) -> None:
        self._progress.advance(self._task)


@contextmanager
def progress_bar(*, wanted: bool) -> Iterator[runs.Progress]:
    """Shows how far a run is, if `wanted` and if somebody is watching."""
    if not wanted or not sys.stderr.isatty():
        yield runs.Silent()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rows]} rows"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _Bar(progress)
