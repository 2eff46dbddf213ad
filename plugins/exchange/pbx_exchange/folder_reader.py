"""What is in a book: its rows, listed in pages and completed where the list cuts them short.

Between `wire.services` (elements) and `pbx_exchange.source` (the stream of a book); `pbx_exchange.rows` makes rows.
Memory holds one page, however large the folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from exchangelib import errors as ews
from lxml.etree import QName, _Element

from pbx_connector.api import Gone, KnownRows, ListLimit, Row, Skipped, Unchanged, Unreadable
from pbx_exchange.error_catalog import STILL_THERE
from pbx_exchange.error_mapping import problem
from pbx_exchange.rows import CONTACT, RowReader, Values, key_of, without_unresolved
from pbx_exchange.wire.adapter import OversizedAnswer
from pbx_exchange.wire.endpoint import Mailbox
from pbx_exchange.wire.services import FindItem, GetItem, Page, folder_id, item_shape
from pbx_exchange.wire.xml_parser import TYPES, AnswerTooLarge

PAGE = 1000
MOST_ITEMS = 5_000_000
"""In one folder; Exchange works with a fifth of that."""
BATCH = 200
CONFIRM = 500
_KINDS = {"DistributionList": "distribution list", "Message": "e-mail message"}
_CLASSES = {"IPM.DistList": "distribution list", "IPM.Note": "e-mail message"}
_CLASS = re.compile(r"[\w.-]{1,60}")

Item = Row | Skipped | Unchanged | Unreadable


class FolderReader:
    """Reads one folder. `extra`: values that every row of it has, such as its path; `title`: for problems."""

    def __init__(self, mailbox: Mailbox, folder: str, rows: RowReader, extra: Mapping[str, str], title: str) -> None:
        self._mailbox = mailbox
        self._folder = folder
        self._rows = rows
        self._extra = extra
        self._title = title
        self._size = PAGE
        self.mark = "".join(f"|{name}={value}" for name, value in sorted(extra.items()) if name != "local_id")
        """Tells apart rows whose extra values differ: a folder that was renamed changes every row in it."""

    def list_all(self, known: KnownRows) -> Iterator[Item]:
        """Everything in the folder. An item that the server lists twice, as it moved up meanwhile, comes once.

        Raises `EndlessList`."""
        limit: ListLimit | None = None
        before: set[str] = set()
        offset: int | None = 0
        while offset is not None:
            page = self._page_at(offset)
            now: set[str] = set()
            yield from self._page(page.elements, before, now, known)
            limit = limit or ListLimit(MOST_ITEMS if page.total is None else page.total, PAGE, MOST_ITEMS)
            limit.page(now)
            before, offset = now, page.next_offset

    def _page_at(self, offset: int) -> Page:
        """With fewer items, from there on, where as many as usual are too large for one answer."""
        while True:
            try:
                find = FindItem(account=self._mailbox)
                return find.page(folder_id(self._folder), self._rows.list_shape(), offset, self._size)
            except (OversizedAnswer, AnswerTooLarge):
                if self._size == 1:
                    raise
                self._size = max(1, self._size // 4)

    def read_whole(self, keys: Sequence[str]) -> Iterator[Item]:
        """The rows of these keys, each asked for directly; one that is no longer there does not appear."""
        for start in range(0, len(keys), BATCH):
            for key, answer in self._ask_whole(keys[start : start + BATCH]):
                yield from self._whole(key, answer)

    def _ask_whole(self, keys: Sequence[str]) -> Iterator[tuple[str, _Element | Exception]]:
        """What is too large for one answer is asked for in halves; a contact that is so by itself fails alone."""
        try:
            answers = GetItem(account=self._mailbox).each(keys, self._rows.whole_shape())
        except (OversizedAnswer, AnswerTooLarge) as error:
            if len(keys) > 1:
                middle = len(keys) // 2
                yield from self._ask_whole(keys[:middle])
                yield from self._ask_whole(keys[middle:])
                return
            answers = [error]
        yield from zip(keys, answers, strict=True)

    def tell_removed(self, keys: Iterable[str]) -> Iterator[Gone | Unreadable]:
        """Asked for each key directly: only *not found* is a removal, and any other answer is told too, as the server
        tells of a deletion once and never again."""
        for key, answer in _ask_for_each(self._mailbox, keys):
            if isinstance(answer, ews.ErrorItemNotFound):
                yield Gone(key)
            else:
                where = f"{self._title}: {key}"
                known = problem(answer, where) if isinstance(answer, Exception) else STILL_THERE.problem(where)
                yield Unreadable(key, known)

    def _page(self, elements: Iterable[_Element], before: set[str], now: set[str], known: KnownRows) -> Iterator[Item]:
        """Adds the keys of this page to `now`; those of the page `before` were told already."""
        cut: list[str] = []
        for element in elements:
            key, version = key_of(element)
            if key in before or key in now:
                continue
            now.add(key)
            if element.tag != CONTACT:
                yield skipped(key, element)
            elif known.has(key, version + self.mark):
                yield Unchanged(key)
            elif self._rows.is_whole(values := self._rows.read(element)):
                yield self._row(key, version, values)
            else:
                cut.append(key)
        yield from self.read_whole(cut)

    def _whole(self, key: str, answer: _Element | Exception) -> Iterator[Item]:
        if isinstance(answer, ews.ErrorItemNotFound):
            return
        if isinstance(answer, Exception):
            yield Unreadable(key, problem(answer, f"{self._title}: {key}"))
        elif answer.tag != CONTACT:
            yield skipped(key, answer)
        else:
            _, version = key_of(answer)
            yield self._row(key, version, without_unresolved(self._rows.read(answer)))

    def _row(self, key: str, version: str, values: Values) -> Row:
        values.update(self._extra)
        return Row(key, version + self.mark, values)


def skipped(key: str, element: _Element) -> Skipped:
    """What it is, as its element says, or else its class (`IPM.Activity`)."""
    name = QName(element).localname
    if name in _KINDS:
        return Skipped(key, _KINDS[name])
    item_class = element.findtext(f"{TYPES}ItemClass") or ""
    if item_class in _CLASSES:
        return Skipped(key, f"{_CLASSES[item_class]} ({item_class})")
    return Skipped(key, f"no contact but {item_class if _CLASS.fullmatch(item_class) else name}")


def confirm_absent(mailbox: Mailbox, keys: Iterable[str]) -> Iterator[str]:
    """Those that the server, asked for each by its id, says it cannot find; any other answer confirms nothing."""
    return (key for key, answer in _ask_for_each(mailbox, keys) if isinstance(answer, ews.ErrorItemNotFound))


def _ask_for_each(mailbox: Mailbox, keys: Iterable[str]) -> Iterator[tuple[str, _Element | Exception]]:
    wanted = list(keys)
    for start in range(0, len(wanted), CONFIRM):
        some = wanted[start : start + CONFIRM]
        yield from zip(some, GetItem(account=mailbox).each(some, item_shape()), strict=True)
