"""What a device is answered: the whole book, a part of it, a page, a search, a form, or why not.

No HTTP here: the server hands over what was asked, and sends what comes back. Nothing is read of whom the device does
not belong to: every question to the phone book names the device's owners.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib import metadata
from itertools import chain, islice

from pbx_connector.api import Entry, PhoneBook, position
from pbx_directory.asking import Answer, Asked, Asker, query, written
from pbx_directory.book_reading import budgeted, found, framed, parts, rows
from pbx_directory.characters import Limit
from pbx_directory.exported import exported_text
from pbx_directory.formats import Entrance, Exported, Format, Protocol, Rows
from pbx_directory.listing import Link, Listed, Menu, Page, SearchForm

PLAIN = "text/plain; charset=utf-8"
CHUNK = 16_384
"""Characters that are sent at once."""
NAME_IN_MENU = Limit(12)

Parameters = Sequence[tuple[str, str]] | Mapping[str, str]


def answer(
    format: Format,
    parameters: Parameters,
    book: PhoneBook,
    device: Asker,
    url: str,
    *,
    title: str = "",
    store: str = "",
) -> Answer:
    """`parameters` are those of the request, `url` is the device's own address without any, `title` is what phones show
    above the list, `store` which phone book it is. Raises `StoreError` while that cannot be read, before anything is
    sent."""
    asked = Asked(query(parameters), book, device, url, title, store)
    known = tag(format, parameters, book, device, url, title=title, store=store)
    headers = {"ETag": known, "Cache-Control": "private, no-cache"}
    if isinstance(format, Protocol):
        told = format.answer(asked)
        return Answer(told.status, told.content_type, told.body, headers | dict(told.headers))
    text = _text(format, asked)
    begun = list(islice(text, 2))  # reads the store, so that what it raises is raised here
    return Answer(200, format.content_type, _encoded(chain(begun, text)), headers)


def tag(
    format: Format,
    parameters: Parameters,
    book: PhoneBook,
    device: Asker,
    url: str,
    *,
    title: str = "",
    store: str = "",
) -> str:
    """The `ETag` of an answer, known without writing it: another one whenever anything that shows in it differs, and in
    each phone book: ids and revisions of two may be the same."""
    form = (device.dial_form, device.region, device.outside_line)
    asked = sorted(query(parameters).pairs)
    parts = [_version(), book.revision(), format.name, device.id, list(device.owners), form, asked, url, title, store]
    written = json.dumps(parts).encode("utf-8", "surrogatepass")
    return f'"{hashlib.sha256(written).hexdigest()[:32]}"'


def unavailable(format: Format) -> Answer:
    """While the phone book cannot be read: never an empty list."""
    if isinstance(format, Protocol):
        return format.unavailable()
    return _plain(503, "the phone book cannot be read at the moment")


@lru_cache(maxsize=1)
def _version() -> str:
    return metadata.version("pbx-connector-directory")


def _plain(status: int, text: str) -> Answer:
    return Answer(status, PLAIN, [f"{text}\n".encode()])


def _encoded(text: Iterable[str]) -> Iterator[bytes]:
    """In pieces that are worth sending."""
    held, size = [], 0
    for piece in text:
        held.append(piece)
        size += len(piece)
        if size >= CHUNK:
            yield "".join(held).encode()
            held, size = [], 0
    if held:
        yield "".join(held).encode()


def _text(format: Format, asked: Asked) -> Iterator[str]:
    if isinstance(format, Exported):
        return exported_text(format, asked)
    if not isinstance(format, Rows):
        raise TypeError(f"{type(format).__name__} has no text of its own")
    view = asked.query.get("view") or _entrance(format, asked)
    if view == Entrance.FORM and format.form:
        return iter([format.form(SearchForm(asked.link(), asked.words))])
    if view == Entrance.MENU and format.menu:
        return iter([format.menu(_entrance_menu(asked))])
    return _page(format, asked) if format.page_size else _whole(format, asked)


def _entrance(format: Rows, asked: Asked) -> Entrance:
    begun = any(name in asked.query for name in ("term", "after"))
    return Entrance.LIST if begun else format.entrance


def _entrance_menu(asked: Asked) -> Menu:
    said = asked.words
    links = [Link(said.everybody, asked.link(view="list")), Link(said.search, asked.link(view="form"))]
    return Menu(asked.shown_title, links)


def _page(format: Rows, asked: Asked) -> Iterator[str]:
    assert format.page_size  # noqa: S101 - the caller looked
    shown: list[Listed] = []
    last, more = None, False
    for count, entry in enumerate(found(asked, numbered=format.numbered, limit=format.page_size + 1)):
        needed = [*rows(format, asked, entry)]
        more = count == format.page_size or bool(shown and len(shown) + len(needed) > format.page_size)
        if more:
            break
        shown += needed[: format.page_size]
        last = entry
    return framed(format, _around(format, asked, len(shown), last if more else None), shown)


def _around(format: Rows, asked: Asked, rows: int, last: Entry | None) -> Page:
    term = {name: asked.query.get(name) for name in ("term",) if name in asked.query} or {"view": "list"}
    return Page(
        title=asked.shown_title,
        words=asked.words,
        first=asked.link(**term) if "after" in asked.query else None,
        next=asked.link(**term, after=written(position(last))) if last else None,
        search=asked.link(view="form") if format.form else None,
        rows=rows,
    )


def _whole(format: Rows, asked: Asked) -> Iterator[str]:
    page = Page(title=asked.shown_title, words=asked.words)
    most = format.most_entries
    every = (row for entry in found(asked, numbered=format.numbered) for row in rows(format, asked, entry))
    if not (format.menu and most) or "until" in asked.query:
        return framed(format, page, budgeted(format, every))
    shown = [*islice(every, most + 1)]
    if len(shown) <= most:
        return framed(format, page, shown)
    return iter([format.menu(Menu(page.title, [*_links(format, asked)]))])


def _links(format: Rows, asked: Asked) -> Iterator[Link]:
    term = {"term": asked.query.get("term")} if "term" in asked.query else {}
    for part in parts(format, asked):
        names = " – ".join(dict.fromkeys(NAME_IN_MENU.cut(name) for name in (part.first, part.last)))
        yield Link(names, asked.link(**term, after=part.after, until=part.until))
