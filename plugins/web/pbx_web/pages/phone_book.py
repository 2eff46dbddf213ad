"""The phone book: searched by name or number, listed by name, shown as phones get it, taken away as a file.

What is searched for is kept on the server, so that no address holds it, and going back and forth works.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import chain, islice
from typing import Any, TextIO, cast

from starlette.responses import Response, StreamingResponse

from pbx_connector.api import (
    ALL,
    AccountScope,
    Condition,
    Entry,
    Every,
    Exporter,
    ExportOptions,
    Key,
    Labelled,
    Match,
    Order,
    Position,
    Says,
    Store,
    UsageError,
    application,
    position,
)
from pbx_web.asking import Ask
from pbx_web.page import Action, Done, Page, Shown
from pbx_web.permissions import Role

SIZE = 50
"""Entries on a page."""
PREVIEWED = 20
"""Entries of a preview."""
FEWEST_DIGITS = 3
"""A number with fewer is looked for as a text alone."""
IN_MEMORY = 1_000_000
"""Characters of a file; a longer one is put together on disk."""
PIECE = 65_536
OF_FILES = ("csv", "jsonl", "vcard")
"""The formats of the core: files for programs. All others are what telephones read."""
BY_NAME = (Order(Key.DISPLAY_NAME),)
KINDS = ("company", "private", "all")


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody looks for; empty: everything."""

    text: str = ""
    kind: str = "company"
    label: str = ""
    value: str = ""

    @property
    def condition(self) -> Condition:
        wanted: list[Condition] = [Says(self.text)] if self.text else []
        if self.label or self.value:
            wanted.append(Labelled(self.label or None, self.value or None))
        return Every(tuple(wanted))


EVERYTHING = Search()


def show(ask: Ask) -> Shown:
    name = ask.query.get("search", "")
    search = ask.site.kept.get(_owner(ask), name, Search) if name else EVERYTHING
    if search is None:
        lost = ask.language("What you searched for is not kept any more: search again.")
        return _shown(ask, EVERYTHING, "", notice=lost)
    return _shown(ask, search, name)


def look(ask: Ask) -> Done | Shown:
    kind = ask.text("kind", "company")
    search = Search(
        ask.text("text").strip(),
        kind if kind in KINDS and ask.sees_personal else "company",
        ask.text("label").strip(),
        ask.text("value").strip(),
    )
    _check(search)
    if ask.wants_json:
        return _shown(ask, search, "")
    return Done(to=f"/phone-book?search={ask.site.kept.put(_owner(ask), search)}")


def _check(search: Search) -> None:
    """Raises `UsageError` for what is longer than any entry says."""
    if max(len(search.text), len(search.label), len(search.value)) > 255:
        raise UsageError("the text to look for has more than 255 characters", hint="a part of a name is enough")


def _shown(ask: Ask, search: Search, name: str, notice: str = "") -> Shown:
    after = _number(ask.text("after"))
    entries = list(islice(_found(ask, search, _place(ask, after)), SIZE + 1))
    following = entries[SIZE - 1].id if len(entries) > SIZE else None
    entries = entries[:SIZE]
    callers = callers_of(ask, search.text) if after is None else []
    total = None if search != EVERYTHING else _total(ask)
    values: dict[str, Any] = {
        "entries": entries,
        "callers": callers,
        "following": following,
        "search": search,
        "name": name,
        "later": after is not None,
        "total": total,
        "labels": labels_of(ask),
        "formats": [each for each in _formats(ask).values() if each.name not in OF_FILES],
        "files": [each for each in _formats(ask).values() if each.name in OF_FILES],
        "notice": notice,
    }
    said = application.views.found_entries(entries, following, callers, total)
    return Shown(template="phone_book.html", values=values, json=said)


def _found(ask: Ask, search: Search, after: Position | None, owners: Sequence[str | None] = ()) -> Iterator[Entry]:
    owners = owners or owners_of(ask, search.kind)
    return ask.store.find(search.condition, owners=owners, order=BY_NAME, limit=SIZE + 1, after=after)


def owners_of(ask: Ask, kind: str) -> Sequence[str | None]:
    """Whose entries are looked at: the company's alone for whoever may not see personal ones."""
    if kind == "company" or not ask.sees_personal:
        return (None,)
    accounts = [account.id for account in ask.store.accounts()]
    return accounts if kind == "private" else (None, *accounts)


def callers_of(ask: Ask, text: str) -> list[Match]:
    """Whose number it is, as it would be looked up for a call that came in; company entries alone."""
    digits = sum(sign.isdigit() for sign in text)
    letters = sum(sign.isalpha() for sign in text)
    if digits < FEWEST_DIGITS or letters:
        return []
    return application.entries.look_up(ask.store, text, None)


def _place(ask: Ask, after: int | None) -> Position | None:
    """Behind an entry; from the beginning if that is gone, or is not for whoever asks."""
    if after is None:
        return None
    try:
        entry = ask.store.entry(after)
    except UsageError:
        return None
    return position(entry) if ask.sees_personal or entry.content.account is None else None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _total(ask: Ask) -> int:
    return ask.site.as_of_revision(ask.store, "company", lambda: ask.store.count_entries(account=None))


def labels_of(ask: Ask) -> Sequence[str]:
    """The names of labels that entries carry which whoever asks may see."""
    scope = ask.scope

    def made() -> Sequence[str]:
        return application.exports.label_names(ask.store, scope)

    return ask.site.as_of_revision(ask.store, ("labels", str(scope)), made)


def _owner(ask: Ask) -> str:
    return ask.user.name if ask.user else ""


def _formats(ask: Ask) -> Mapping[str, Exporter]:
    return ask.site.installation.plugins.exporters


# --- as phones and programs get it ------------------------------------------------------------------------------


def preview(ask: Ask) -> Shown:
    """What is written for phones of one family: of one entry, or of the first ones of the company."""
    format = application.exports.exporter(_formats(ask), ask.text("format") or _first_format(ask))
    wanted = _number(ask.text("entry"))
    entries = [visible_entry(ask, wanted)] if wanted is not None else _first(ask)
    stream = StringIO()
    names = sorted({label for entry in entries for label in entry.content.labels})
    format.write(entries, names, stream, ExportOptions())
    text = stream.getvalue()
    values = {"format": format, "text": text, "entry": wanted, "many": len(entries), "formats": _formats(ask)}
    return Shown(template="preview.html", values=values, json={"format": format.name, "text": text})


def _first_format(ask: Ask) -> str:
    return next((name for name in _formats(ask) if name not in OF_FILES), OF_FILES[0])


def _first(ask: Ask) -> list[Entry]:
    return list(ask.store.find(Every(), owners=(None,), order=BY_NAME, limit=PREVIEWED))


def visible_entry(ask: Ask, wanted: int | str | None) -> Entry:
    """Raises `UsageError` if there is none for whoever asks: what is hidden looks like what is not there."""
    number = wanted if isinstance(wanted, int) else _number(wanted or "")
    missing = UsageError(f"there is no entry {str(wanted)[:20]}", hint="see: pbx-connector phonebook list")
    if number is None:
        raise missing
    entry = ask.store.entry(number)
    if entry.content.account is not None and not ask.sees_personal:
        raise missing
    return entry


def export(ask: Ask) -> Response:
    """A file of the company's entries; of private ones too for who sees them and says that they are wanted."""
    format = application.exports.exporter(_formats(ask), ask.text("format") or "csv")
    variant = application.exports.variant(format, ask.text("variant") or None)
    asked: AccountScope = ALL if ask.sees_personal and ask.text("private") else None
    scope = application.exports.permitted(format, asked, agreed=asked is ALL)
    pieces = _written(format, ask.store, scope, variant)
    first = next(pieces, "")  # what fails, fails before the answer begins
    ask.note(
        application.audit.AuditAction.EXPORTED, format.name, detail={"entries": "company" if scope is None else "all"}
    )
    headers = {"Content-Disposition": f'attachment; filename="phonebook.{format.file_ending}"'}
    return StreamingResponse(chain((first,), pieces), media_type=format.content_type, headers=headers)


def _written(format: Exporter, store: Store, scope: AccountScope, variant: str) -> Iterator[str]:
    with tempfile.SpooledTemporaryFile(IN_MEMORY, "w+", encoding="utf-8", newline="") as spooled:
        file = cast("TextIO", spooled)
        application.exports.write(format, store, scope, file, variant)
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


def duplicates(ask: Ask) -> Shown:
    """Company entries of different profiles that are one person."""
    found = ask.site.as_of_revision(ask.store, "duplicates", ask.store.duplicates)
    after = _number(ask.query.get("after", "")) or 0
    persons = found.persons[after : after + SIZE]
    values = {
        "persons": persons,
        "ambiguous": found.ambiguous[:SIZE] if not after else (),
        "total": len(found.persons),
        "after": after,
        "following": after + SIZE if len(found.persons) > after + SIZE else None,
    }
    return Shown(template="duplicates.html", values=values, json=application.views.duplicates(found))


PAGES = (
    Page("/phone-book", Role.READER, show),
    Action("/phone-book/search", Role.READER, look, longest=20_000),
    Page("/phone-book/duplicates", Role.EDITOR, duplicates),
    Page("/phone-book/preview", Role.READER, preview),
    Action("/phone-book/export", Role.RELEASER, export, longest=20_000),
)
