"""Where a list comes from: a file, or an address. What is read is a copy that stands still, or is proven to have.

A copy has a mark, by which a later run sees without reading that nothing changed.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from pbx_connector.api import UnreadableFile, open_regular
from pbx_csv.copies import Copy
from pbx_csv.download import Download
from pbx_csv.error_catalog import MISSING, UNREADABLE, WRITING
from pbx_csv.settings import CsvSettings
from pbx_csv.survey import first_look


class Origin(Protocol):
    @property
    def title(self) -> str: ...

    def check(self) -> None:
        """Raises `SourceError` if it cannot be there."""
        ...

    def guess(self) -> str:
        """The encoding as far as a first look tells, if it is a guess. Raises `SourceError`."""
        ...

    def obtain(self, mark: str = "") -> Copy | None:
        """None: it is still what has that mark. Raises `SourceError`."""
        ...


@dataclass(frozen=True, slots=True)
class FileOrigin:
    path: Path
    title: str
    settings: CsvSettings

    def check(self) -> None:
        self._open().close()

    def guess(self) -> str:
        return first_look(self._copy(""), self.settings)

    def obtain(self, mark: str = "") -> Copy | None:
        found = self._settled()
        return None if mark and mark == found else self._copy(found)

    def _copy(self, mark: str) -> Copy:
        return Copy(self.title, mark, self._open, self.settings.member)

    def _settled(self) -> str:
        """The mark of a file that nobody writes to: what has just been written must rest first, so that a writer can
        go on, and so that a change within the same tick of the file system's clock is none."""
        before = self._mark()
        written = int(before.partition("/")[0]) / 1e9
        if abs(time.time() - written) >= self.settings.settle:
            return before
        time.sleep(self.settings.settle)
        if self._mark() != before:
            raise WRITING.error(self.title)
        return before

    def _mark(self) -> str:
        """With the time of its last change of any kind, which no program that copies files can set."""
        with self._open() as file:
            found = os.fstat(file.fileno())
        return f"{found.st_mtime_ns}/{found.st_ctime_ns}/{found.st_size}/{found.st_ino}"

    def _open(self) -> BinaryIO:
        try:
            return open_regular(self.path)
        except UnreadableFile as error:
            raise (MISSING if error.missing else UNREADABLE).of(error).error(self.title) from None


@dataclass(frozen=True, slots=True)
class UrlOrigin:
    title: str
    settings: CsvSettings
    download: Download

    def check(self) -> None:
        """Whether it answers shows when it is read."""

    def guess(self) -> str:
        """Nothing, as it is read once, if at all."""
        return ""

    def obtain(self, mark: str = "") -> Copy | None:
        """The whole of it lies on this machine's disk before the first line is read: what breaks off is never read."""
        got = self.download.get(mark)
        return None if got is None else Copy(self.title, got.mark, got.open, self.settings.member, got.file.close)
