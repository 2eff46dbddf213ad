"""A search, from the message to the messages that answer it: in pieces, so that an answer of any size takes no memory.

An answer is read from the phone book piece by piece, each of one moment: what a slow reader has not taken keeps no
transaction open. Which entries belong to it is decided when it begins; what is gone by then is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from pbx_connector.api import (
    Condition,
    Device,
    Entry,
    Every,
    Identified,
    Key,
    Not,
    Order,
    PhoneBook,
    Present,
    Some,
    ber,
)
from pbx_directory.dialing import DialForm
from pbx_directory.ldap import answers
from pbx_directory.ldap.codes import Code, Scope, Tag
from pbx_directory.ldap.conditions import NEVER, condition_of, holds
from pbx_directory.ldap.controls import Paging, Sorting, paged, paging_of, sorting_of
from pbx_directory.ldap.cursors import Crowded, Cursors
from pbx_directory.ldap.entries import EntryWriter
from pbx_directory.ldap.filters import TooMuch
from pbx_directory.ldap.limits import Limits
from pbx_directory.ldap.messages import Control, Request, Search
from pbx_directory.ldap.names import InvalidName
from pbx_directory.ldap.numbers import NumberQuestions
from pbx_directory.ldap.tree import Area, Folder, Nowhere, area

PIECE = 200
"""Entries that are read and sent at once."""
BY_NAME = (Order(Key.DISPLAY_NAME),)
_FOLDERS = tuple(Folder)


class Refusal(Exception):
    """An operation ends with this result."""

    def __init__(self, code: Code, said: str = "", *, matched: str = "", controls: Sequence[Control] = ()) -> None:
        super().__init__(said)
        self.code = code
        self.said = said
        self.matched = matched
        self.controls = controls


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose behalf something is asked."""

    device: Device
    form: DialForm

    @property
    def owners(self) -> frozenset[str | None]:
        return frozenset(self.device.owners)


class Searching:
    """What a connection searches in."""

    def __init__(
        self, phone_book: PhoneBook, cursors: Cursors, limits: Limits, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.phone_book = phone_book
        self.cursors = cursors
        self.limits = limits
        self.clock = clock

    def answer(self, request: Request, search: Search, asker: Asker) -> Iterator[bytes]:
        """Raises `Refusal` before anything of the answer, or in it; and `StoreError`."""
        try:
            return _Answer(self, request, search, asker).parts()
        except InvalidName:
            raise Refusal(Code.INVALID_DN_SYNTAX, "the base is no distinguished name") from None
        except Nowhere as error:
            raise Refusal(Code.NO_SUCH_OBJECT, "there is no such entry", matched=error.matched) from None
        except TooMuch as error:
            raise Refusal(Code.ADMIN_LIMIT_EXCEEDED, str(error)) from None
        except Crowded:
            raise Refusal(Code.BUSY, "too many searches are read page by page") from None
        except ber.Malformed:
            raise Refusal(Code.PROTOCOL_ERROR, "the value of a control is not what it should be") from None

    def lookup(self, asker: Asker) -> NumberQuestions:
        book, account = self.phone_book, asker.device.account
        return NumberQuestions(lambda number: book.lookup(number, account=account), asker.form, self.limits.lookups)


class _Answer:
    def __init__(self, where: Searching, request: Request, search: Search, asker: Asker) -> None:
        """Raises what makes the search impossible."""
        self._where = where
        self._book = where.phone_book
        self._request = request.id
        self._search = search
        self._sorting = sorting_of(request.controls)
        self._paging = self._paging_of(request)
        self._numbers = where.lookup(asker)
        self._area = area(search.base, search.scope, asker.owners)
        self._condition = self._condition_of()
        self._writer = EntryWriter(request.id, search.attributes, types_only=search.types_only, numbers=self._numbers)
        seconds = where.limits.search_seconds
        self._deadline = where.clock() + min(search.time_limit or seconds, seconds)

    def parts(self) -> Iterator[bytes]:
        if self._sorting is not None and self._sorting.code and self._sorting.critical:
            raise Refusal(Code.UNAVAILABLE_CRITICAL_EXTENSION, "not to be sorted so", controls=[self._sorting.answer])
        self._check_existence()
        return self._whole() if self._paging is None else self._page(self._paging)

    def _paging_of(self, request: Request) -> Paging | None:
        """None as well if the answer is to fit on one page anyway (RFC 2696, 3)."""
        found = paging_of(request.controls)
        if found is not None and 0 < self._search.size_limit <= found.size and not found.cookie:
            return None
        return found

    def _condition_of(self) -> Condition:
        if self._area.entry is None:
            return condition_of(self._search.filter, self._numbers) if self._area.owners else NEVER
        if self._search.scope is Scope.ONE_LEVEL:
            return NEVER
        only = Identified(frozenset({self._area.entry}))
        return Every((only, condition_of(self._search.filter, self._numbers)))

    def _check_existence(self) -> None:
        asked: Area = self._area
        if asked.entry is None:
            return
        if not self._book.count(Identified(frozenset({asked.entry})), owners=asked.owners):
            raise Nowhere(asked.above)

    @property
    def _order(self) -> Sequence[Order]:
        return self._sorting.order if self._sorting is not None and self._sorting.order else BY_NAME

    def _folders(self) -> list[int]:
        """Those that fit, as they stand in lists of ids."""
        fitting = [each for each in self._area.folders if holds(self._search.filter, each.attributes)]
        return [-1 - _FOLDERS.index(folder) for folder in fitting]

    def _with_folders(self, ids: Sequence[int]) -> list[int]:
        """Folders have nothing that could be sorted by, and what is missing counts as the largest."""
        folders = self._folders()
        place = self._folders_place() if folders and self._sorting is not None else 0
        return [*ids[:place], *folders, *ids[place:]]

    def _folders_place(self) -> int:
        """How many entries come before: those that have, of the keys that they do not share with folders, the first
        one in ascending order."""
        before: list[Condition] = []
        lacking: list[Condition] = []
        for key in self._sorting.order if self._sorting is not None else ():
            if not key.descending:
                before.append(Every((*lacking, Present(key.key))))
            lacking.append(Not(Present(key.key)))
        wanted = Every((self._condition, Some(tuple(before))))
        return self._book.count(wanted, owners=self._area.owners) if before else 0

    # --- all at once ---------------------------------------------------------------------------------------------

    def _whole(self) -> Iterator[bytes]:
        most = min(self._search.size_limit or self._where.limits.entries, self._where.limits.entries)
        first = self._found(min(most, PIECE) + 1)
        known = {entry.id: entry for entry in first}
        ids = self._with_folders(self._ranked(first))
        if len(first) > PIECE and most > PIECE:
            ids = self._with_folders(self._all_ids(most + 1))
        yield from self._written(ids[:most], known)
        yield self._done(Code.SIZE_LIMIT_EXCEEDED if len(ids) > most else Code.SUCCESS)

    def _found(self, limit: int) -> list[Entry]:
        owners, order = self._area.owners, self._order
        return [*self._book.find(self._condition, owners=owners, order=order, limit=limit)]

    def _all_ids(self, limit: int | None) -> Sequence[int]:
        return self._book.find_ids(self._condition, owners=self._area.owners, order=self._order, limit=limit)

    def _ranked(self, found: Sequence[Entry]) -> list[int]:
        """Who has a number that was asked for comes first, the surest before all."""
        ranks = self._numbers.ranks if self._sorting is None else {}
        return [entry.id for entry in sorted(found, key=lambda entry: ranks.get(entry.id, len(ranks)))]

    # --- page by page --------------------------------------------------------------------------------------------

    def _page(self, paging: Paging) -> Iterator[bytes]:
        cursors = self._where.cursors
        search = replace(self._search, size_limit=0, time_limit=0)
        if not paging.cookie:
            name, cursor = cursors.open(search, self._with_folders(self._all_ids(None)))
            place = 0
        else:
            try:
                name, cursor, place = cursors.find(paging.cookie, search)
            except LookupError:
                raise Refusal(Code.UNWILLING_TO_PERFORM, "the cookie leads to no page of this search") from None
        most = self._where.limits.entries
        end = min(place + min(paging.size, self._search.size_limit or most, most), len(cursor.ids))
        return self._page_parts(name, cursor.ids[place:end], end if paging.size and end < len(cursor.ids) else None)

    def _page_parts(self, name: str, ids: Sequence[int], more_at: int | None) -> Iterator[bytes]:
        if more_at is None:
            self._where.cursors.close(name)
        yield from self._written(ids, {})
        cookie = b"" if more_at is None else f"{name}.{more_at}".encode()
        yield self._done(Code.SUCCESS, paged(cookie, 0))

    # --- writing -------------------------------------------------------------------------------------------------

    def _written(self, ids: Sequence[int], known: dict[int, Entry]) -> Iterator[bytes]:
        for start in range(0, len(ids), PIECE):
            if self._where.clock() > self._deadline:
                raise Refusal(Code.TIME_LIMIT_EXCEEDED, "the time for this search is over")
            yield b"".join(self._piece(ids[start : start + PIECE], known))

    def _piece(self, ids: Sequence[int], known: dict[int, Entry]) -> Iterator[bytes]:
        missing = frozenset(number for number in ids if number >= 0 and number not in known)
        here = known | self._read(missing) if missing else known
        for number in ids:
            if number < 0:
                yield self._writer.folder(_FOLDERS[-1 - number])
            elif number in here:
                yield self._writer.contact(here[number])

    def _read(self, ids: frozenset[int]) -> dict[int, Entry]:
        """Those that are still there and, on a page, still fit: minutes may lie between two of them. In one answer it
        is moments, and the condition costs more than the entries."""
        wanted = Identified(ids) if self._paging is None else Every((Identified(ids), self._condition))
        return {entry.id: entry for entry in self._book.find(wanted, owners=self._area.owners)}

    def _done(self, code: Code, *controls: Control) -> bytes:
        said = "there is more than this" if code is Code.SIZE_LIMIT_EXCEEDED else ""
        sorting: Sorting | None = self._sorting
        more = [sorting.answer] if sorting is not None else []
        return answers.result(Tag.SEARCH_DONE, self._request, code, said, controls=[*more, *controls])


def only(entries: Iterator[Entry]) -> Entry | None:
    return next(islice(entries, 1), None)
