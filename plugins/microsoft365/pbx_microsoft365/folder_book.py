"""A folder of contacts as an address book: all of it or only what changed, and what is really gone."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence

from pbx_connector.api import End, KnownRows, StreamItem
from pbx_microsoft365.delta import FIRST_PAGES, Changed, Checkpoint, begin, changes_since, read_checkpoint
from pbx_microsoft365.error_catalog import FOLDER_LEFT
from pbx_microsoft365.error_mapping import confirms_absence
from pbx_microsoft365.folder_reader import FolderReader
from pbx_microsoft365.folders import get_folder
from pbx_microsoft365.wire.answers import GraphError
from pbx_microsoft365.wire.client import GraphClient


class FolderBook:
    def __init__(
        self,
        client: GraphClient,
        mailbox: str,
        folder: str,
        reader: FolderReader,
        title: str,
        *,
        full_after_days: float,
        has_delta: bool,
    ) -> None:
        self._client = client
        self._mailbox = mailbox
        self._folder = folder
        self._reader = reader
        self._title = title
        self._full_after_days = full_after_days
        self._has_delta = has_delta

    def changes(self, since: str | None, known: Iterable[tuple[str, str]]) -> Iterator[StreamItem]:
        now = time.time()
        held = read_checkpoint(since, self._folder, self._reader.mark) if self._has_delta else None
        changed = self._since(held, now)
        if held is not None and changed is not None:
            yield from self._reader.read_whole(list(changed.present))
            yield from self._reader.tell_removed(list(changed.removed))
            yield End(self._checkpoint(changed, held.listed), full=False)
            return
        changed = begin(self._client, self._mailbox, self._folder, self._pages(held)) if self._has_delta else None
        yield from self._list_all(known)
        yield End(self._checkpoint(changed, now) if changed else None, full=True)

    def confirm_gone(self, keys: Sequence[str]) -> Iterator[str]:
        self._require_folder()
        yield from self._reader.confirm_absent(keys)

    def _since(self, held: Checkpoint | None, now: float) -> Changed | None:
        """None: a list is the shorter or the only way."""
        if held is None or not held.link or held.is_due(self._full_after_days, now):
            return None
        try:
            changed = changes_since(self._client, self._mailbox, held.link)
        except GraphError:
            self._require_folder()
            raise
        return None if changed is None or changed.too_many else changed

    def _pages(self, held: Checkpoint | None) -> float:
        return FIRST_PAGES if held is None else math.inf

    def _list_all(self, known: Iterable[tuple[str, str]]) -> Iterator[StreamItem]:
        empty = True
        for item in self._reader.list_all(KnownRows(known)):
            empty = False
            yield item
        if empty:
            self._require_folder()

    def _require_folder(self) -> None:
        """A folder that is empty and one that is no more may look alike: only a direct look tells."""
        try:
            get_folder(self._client, self._mailbox, self._folder)
        except GraphError as error:
            if not confirms_absence(error):
                raise
            raise FOLDER_LEFT.error(self._title) from None

    def _checkpoint(self, changed: Changed, listed: float) -> str:
        return Checkpoint(self._folder, self._reader.mark, changed.link, listed).write()
