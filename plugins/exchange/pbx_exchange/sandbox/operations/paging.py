"""Indexed paging, as FindItem and FindFolder do it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lxml import etree

from pbx_exchange.sandbox.soap import EwsError

FIND_COUNT_LIMIT: Final = 1000
"""Exchange's throttling policy EWSFindCountLimit: a bigger page is not an error, just not given."""


@dataclass(frozen=True, slots=True)
class Page:
    start: int
    stop: int
    total: int


def read_page(view: etree._Element | None, total: int) -> Page:
    """From an IndexedPageItemView or IndexedPageFolderView; without one, the first page."""
    offset = int(view.get("Offset", "0")) if view is not None else 0
    limit = int(view.get("MaxEntriesReturned", FIND_COUNT_LIMIT)) if view is not None else FIND_COUNT_LIMIT
    if offset < 0:
        raise EwsError("ErrorInvalidIndexedPagingParameters", "Paging offset is invalid.")
    if limit < 1:
        raise EwsError("ErrorInvalidPagingMaxRows", "The specified value for MaxRows is invalid.")
    if view is not None and view.get("BasePoint") == "End":
        offset = max(0, total - offset - limit)
    start = min(offset, total)
    return Page(start, min(start + min(limit, FIND_COUNT_LIMIT), total), total)


def write_paging(page: Page) -> str:
    last = str(page.stop >= page.total).lower()
    return f'IndexedPagingOffset="{page.stop}" TotalItemsInView="{page.total}" IncludesLastItemInRange="{last}"'
