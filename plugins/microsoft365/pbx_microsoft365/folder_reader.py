"""What is in a folder of contacts: its rows, listed in pages, and direct answers about single contacts.

Between the wire (JSON) and `pbx_microsoft365.source` (the stream of a book); `pbx_microsoft365.rows` makes rows. Memory
holds one page, however large the folder. Graph counts contact groups and does not return them, so a count alone proves
nothing: where a list tells less, it is asked whether it goes on. What a list lacks is confirmed contact by contact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pbx_connector.api import Gone, KnownRows, Row, Unchanged, Unreadable
from pbx_microsoft365.error_catalog import STILL_THERE
from pbx_microsoft365.error_mapping import confirms_absence, problem
from pbx_microsoft365.rows import RowReader, key_of, version_of
from pbx_microsoft365.wire.answers import DamagedAnswer, GraphError, Json, Page
from pbx_microsoft365.wire.batch import BatchRequest
from pbx_microsoft365.wire.client import GraphClient
from pbx_microsoft365.wire.targets import path
from pbx_microsoft365.wire.transport import OversizedAnswer

PAGE = 1000
PAGE_EXTENDED = 200
"""Where extended properties are asked for, which takes the server longer."""
PARENT = "parentFolderId"
_WHERE: Mapping[str, str] = {"$select": f"id,{PARENT}"}

Item = Row | Unchanged | Unreadable


class FolderReader:
    """Reads one folder. `extra`: values that every row of it has, such as its path; `title`: for problems."""

    def __init__(
        self,
        client: GraphClient,
        mailbox: str,
        folder: str,
        rows: RowReader,
        extra: Mapping[str, str],
        title: str,
    ) -> None:
        self._client = client
        self._mailbox = mailbox
        self._folder = folder
        self._rows = rows
        self._extra = extra
        self._title = title
        self._size = PAGE_EXTENDED if rows.expand else PAGE
        self.mark = "".join(f"|{name}={value}" for name, value in sorted(extra.items()) if name != "local_id")
        """Tells apart rows whose extra values differ: a folder that was renamed changes every row in it."""

    def list_all(self, known: KnownRows) -> Iterator[Item]:
        """Everything in the folder. A contact that the server lists twice, as it moved up meanwhile, comes once."""
        before: set[str] = set()
        for page in self._pages():
            now: set[str] = set()
            for item in page.items:
                key = key_of(item)
                if key not in before and key not in now:
                    now.add(key)
                    yield self._listed(key, item, known)
            before = now or before

    def read_whole(self, keys: Sequence[str]) -> Iterator[Item]:
        """The rows of these keys, each asked for directly; one that is not in this folder any more does not appear."""
        for key, answer in self._ask(keys, self._rows.options):
            if isinstance(answer, GraphError):
                if not confirms_absence(answer):
                    yield Unreadable(key, problem(answer, f"{self._title}: {key}"))
            elif self._is_here(answer):
                yield self._row(key, version_of(answer) + self.mark, answer)

    def tell_removed(self, keys: Sequence[str]) -> Iterator[Gone | Unreadable]:
        """Asked for each key directly: only *not found*, and *in another folder*, is a removal. Any other answer is
        told too, as the server tells of a deletion once and never again."""
        for key, answer in self._ask(keys, _WHERE):
            if self._is_absent(answer):
                yield Gone(key)
            else:
                where = f"{self._title}: {key}"
                known = problem(answer, where) if isinstance(answer, GraphError) else STILL_THERE.problem(where)
                yield Unreadable(key, known)

    def confirm_absent(self, keys: Sequence[str]) -> Iterator[str]:
        """Those that the server, asked for each by its id, cannot find or has in another folder."""
        return (key for key, answer in self._ask(keys, _WHERE) if self._is_absent(answer))

    def _pages(self) -> Iterator[Page]:
        """With fewer contacts, from there on, where as many as usual are too large for one answer."""
        target = path("users", self._mailbox, "contactFolders", self._folder, "contacts")
        at = seen = total = 0
        while True:
            skip = {"$skip": str(at)} if at else {}
            size = self._size
            options = {"$top": str(size), **skip, **self._rows.options, "$count": "true"}
            try:
                for page in self._client.pages(target, options, mailbox=self._mailbox):
                    total = max(total, page.count)
                    seen += len(page.items)
                    yield page
                    at += size
                if seen < total:
                    self._require_end(target, at)
                return
            except OversizedAnswer:
                if size == 1:
                    raise
                self._size = max(1, size // 4)

    def _require_end(self, target: str, at: int) -> None:
        """A list that told less than was counted may end with contact groups, or have been cut short."""
        asked = {"$top": "1", "$skip": str(at), "$select": "id"}
        if any(page.items for page in self._client.pages(target, asked, mailbox=self._mailbox)):
            raise DamagedAnswer("the list ended before its end")

    def _listed(self, key: str, item: Json, known: KnownRows) -> Item:
        version = version_of(item) + self.mark
        return Unchanged(key) if known.has(key, version) else self._row(key, version, item)

    def _row(self, key: str, version: str, item: Json) -> Row:
        values = self._rows.read(item)
        values.update(self._extra)
        return Row(key, version, values)

    def _ask(self, keys: Sequence[str], options: Mapping[str, str]) -> Iterator[tuple[str, Json | GraphError]]:
        """Each contact by its id, wherever in the mailbox it is."""
        by_target = {path("users", self._mailbox, "contacts", key): key for key in keys}
        requests = [BatchRequest(target, options) for target in by_target]
        for request, answer in self._client.batch(requests, mailbox=self._mailbox):
            yield by_target[request.target], answer

    def _is_here(self, contact: Json) -> bool:
        return contact.get(PARENT) in (None, "", self._folder)

    def _is_absent(self, answer: Json | GraphError) -> bool:
        return confirms_absence(answer) if isinstance(answer, GraphError) else not self._is_here(answer)
