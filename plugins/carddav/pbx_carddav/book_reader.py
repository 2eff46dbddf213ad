"""Reads one book: all of it or only what changed, and what is really gone.

Cards are asked for in portions. What the server leaves out of an answer is asked for again, and then told as a problem
of that contact: only a plain "not found" says that one is not there.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b

from pbx_carddav import error_catalog as errors
from pbx_carddav.books import BookLocation
from pbx_carddav.checkpoint import Checkpoint, read_checkpoint
from pbx_carddav.discovery import CTAG, ETAG, is_book, member
from pbx_carddav.error_mapping import confirms_absence, is_absent, is_dead_token, is_not_offered
from pbx_carddav.listing import Lister, Listing, Member, keys_of_answers, spellings
from pbx_carddav.rows import RowReader
from pbx_carddav.vcard import NotACard, read_card
from pbx_carddav.wire.errors import DavError
from pbx_carddav.wire.multistatus import CARDDAV, DAV, OversizedAnswer, Property, Response
from pbx_connector.api import End, Gone, KnownRows, Row, Skipped, StreamItem, Unchanged, Unreadable

PORTION = 100
"""Cards in one answer."""
GROUP = "contact group"
_KIND = DAV + "resourcetype"
_DATA = CARDDAV + "address-data"
_NOTHING = Property()
Item = Row | Skipped | Unreadable


class BookReader:
    """Raises `SourceError`, and the exceptions of `pbx_carddav.error_mapping.FOREIGN`."""

    def __init__(self, location: BookLocation, rows: RowReader, fields: frozenset[str], full_after_days: float) -> None:
        self._client = location.client
        self._book = location.address_book
        self._title = location.book.title
        self._rows = rows
        self._full_after_days = full_after_days
        self._extra = {name: value for name, value in location.extra.items() if name in fields or name == "local_id"}
        self._lister = Lister(self._client, self._book)

    def changes(self, since: str | None, known: Iterable[tuple[str, str]]) -> Iterator[StreamItem]:
        now = time.time()
        held = read_checkpoint(since, self._book.path)
        if held is not None and not held.is_due(self._full_after_days, now):
            changed = self._changed(held)
            if changed is not None:
                yield from self._read(changed.members)
                yield from self._refused(changed)
                yield from (Gone(key) for key in changed.removed)
                yield End(Checkpoint(self._book.path, held.by, changed.mark, held.listed).write(), full=False)
                return
        listing = self._list()
        yield from self._listed(listing, KnownRows(known))
        yield End(Checkpoint(self._book.path, listing.by, listing.mark, now).write(), full=True)

    def confirm_gone(self, keys: Sequence[str]) -> Iterator[str]:
        """Each is asked for by every spelling of its path, and all of them must be unknown to the server."""
        if not keys:
            return
        self._require_book()
        asked = [(key, path) for key in keys for path in spellings(self._book, key)]
        absent: dict[str, bool] = {}
        for start in range(0, len(asked), PORTION):
            portion = asked[start : start + PORTION]
            answers = dict(
                keys_of_answers(self._book, self._client.cards(self._book.url, [path for _, path in portion]))
            )
            for key, _ in portion:
                answer = answers.get(key)
                absent[key] = absent.get(key, True) and answer is not None and is_absent(answer.status)
        yield from (key for key in keys if absent[key])

    def count(self) -> tuple[int, str]:
        """How many cards there are, and how changes are told; for the connection test."""
        listing = self._list()
        return len(listing.members) + len(listing.refused), listing.by if listing.mark else ""

    def _changed(self, held: Checkpoint) -> Listing | None:
        """None: a full list is the only way."""
        if held.by == "ctag":
            itself = self._require_book()
            same = itself.properties.get(CTAG, _NOTHING).text.strip() == held.mark
            return Listing(by="ctag", mark=held.mark) if same else None
        try:
            return self._lister.changes_since(held.mark)
        except DavError as error:
            if is_dead_token(error):
                return None
            if confirms_absence(error):
                raise errors.BOOK_LEFT.error(self._title) from None
            raise

    def _list(self) -> Listing:
        if self._book.tells_changes:
            try:
                return self._lister.all_by_sync()
            except DavError as error:
                if not is_not_offered(error):
                    raise self._explained(error) from None
        try:
            return self._lister.all_by_listing()
        except DavError as error:
            raise self._explained(error) from None

    def _explained(self, error: DavError) -> Exception:
        return errors.BOOK_LEFT.error(self._title) if confirms_absence(error) else error

    def _require_book(self) -> Response:
        """A book that is empty and one that is no more may look alike: only a direct look tells."""
        try:
            base, found = self._client.properties(self._book.url, (_KIND, CTAG))
        except DavError as error:
            raise self._explained(error) from None
        itself = member(base, found, base)
        if itself is None or not is_book(itself):
            raise errors.OUT_OF_SIGHT.error(self._title)
        return itself

    def _listed(self, listing: Listing, known: KnownRows) -> Iterator[Item | Unchanged]:
        if not listing.members and not listing.refused:
            self._require_book()
        wanted: dict[str, Member] = {}
        for key, one in listing.members.items():
            if one.etag and known.has(key, one.etag):
                yield Unchanged(key)
            else:
                wanted[key] = one
        yield from self._read(wanted)
        yield from self._refused(listing)

    def _refused(self, listing: Listing) -> Iterator[Unreadable]:
        for key, status in listing.refused.items():
            yield Unreadable(key, errors.CARD_REFUSED.of(status).problem(key))

    def _read(self, members: Mapping[str, Member]) -> Iterator[Item]:
        keys = list(members)
        for start in range(0, len(keys), PORTION):
            yield from self._portion({key: members[key] for key in keys[start : start + PORTION]})

    def _portion(self, members: Mapping[str, Member]) -> Iterator[Item]:
        """In halves, where it is more than there is memory for."""
        try:
            answers = self._ask(members)
        except OversizedAnswer:
            keys = list(members)
            if len(keys) == 1:
                yield Unreadable(keys[0], errors.CARD_TOO_LARGE.problem(keys[0]))
                return
            for half in (keys[: len(keys) // 2], keys[len(keys) // 2 :]):
                yield from self._portion({key: members[key] for key in half})
            return
        yield from self._items(members, answers)

    def _ask(self, members: Mapping[str, Member]) -> dict[str, Response]:
        """Answers by key; what the server left out is asked for once more. Raises `SourceError` if that is all."""
        answers = self._answers(members)
        left = {key: one for key, one in members.items() if key not in answers}
        if left:
            answers.update(self._answers(left))
        if members and not answers:
            raise errors.LEFT_OUT.error(self._title)
        return answers

    def _answers(self, members: Mapping[str, Member]) -> dict[str, Response]:
        found = self._client.cards(self._book.url, [one.href for one in members.values()])
        return {key: one for key, one in keys_of_answers(self._book, found) if key in members}

    def _items(self, members: Mapping[str, Member], answers: dict[str, Response]) -> Iterator[Item]:
        for key in members:
            answer = answers.pop(key, None)
            if answer is None:
                yield Unreadable(key, errors.CARD_LEFT_OUT.problem(key))
            elif not is_absent(answer.status):  # gone since the list: absent, and asked for again by the run
                yield self._item(key, members[key], answer)

    def _item(self, key: str, listed: Member, answer: Response) -> Item:
        data = answer.properties.get(_DATA)
        if data is None or not data.text.strip():
            status = answer.status or answer.refused.get(_DATA, 0)
            words = errors.CARD_REFUSED.of(status) if status >= 400 else errors.CARD_LEFT_OUT
            return Unreadable(key, words.problem(key))
        try:
            card = read_card(data.text)
        except NotACard as error:
            return Unreadable(key, errors.NOT_A_CARD.of(error).problem(key))
        if card.is_group:
            return Skipped(key, GROUP)
        etag = answer.properties.get(ETAG, _NOTHING).text.strip() or listed.etag
        values = self._rows.read(card)
        values.update(self._extra)
        return Row(key, etag or _digest(data.text), values)


def _digest(text: str) -> str:
    """A version for cards that the server gives none."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
