"""Gigaset N510, N720, N670, N870 and Maxwell: the protocol Gigaset Phonebook Search, version 1.4.

A handset asks for a range of a list, for entries by the beginning of a name, or whose number calls. What cannot be
answered is an error of the protocol; no match is an answer too, or the handset shows an error.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice

from pbx_connector.api import AtLeast, Condition, Entry, Equal, Every, Identified, Key, Order, Present, Some, Substrings
from pbx_directory.asking import NUMBERS, Answer, Asked, number_condition
from pbx_directory.characters import one_line
from pbx_directory.dialing import all_dialed
from pbx_directory.dialing import asked as lookup_order
from pbx_directory.formats.format import XML, Protocol
from pbx_directory.listing import KINDS, Layout, Listed, Number, listed
from pbx_directory.markup import DECLARATION, branch, empty, given, leaf

COMMAND = "get_list"
LAYOUT = Layout(numbers=1, labelled=True)
FIELDS = {"ln": Key.SURNAME, "fn": Key.FIRST_NAME, "ct": None, "st": None}
"""What can be searched for; towns and streets are in no phone book of ours."""
NUMBER = "hm"
COUNT = 50
MOST = 250
"""Entries of one answer, if the handset does not say, and at most."""
FEWEST_DIGITS = 3


class Error(IntEnum):
    """1, not allowed, is the server's to say: it does not know who asks, and so not in which format."""

    SYNTAX = 2
    DUPLICATE = 3
    INVALID = 4
    IMPRECISE = 5
    UNAVAILABLE = 6


class _Refused(Exception):
    def __init__(self, error: Error, message: str) -> None:
        super().__init__(message)
        self.error = error


@dataclass(frozen=True, slots=True)
class _Range:
    """Which rows, from 1 on, of how many."""

    first: int
    count: int
    total: int
    letters: str = ""
    """What the name of the first one begins with, or comes behind: nothing before it need be read."""


def _answer(asked: Asked) -> Answer:
    try:
        _check(asked)
        return _xml(200, _looked_up(asked) if _is_whole_number(asked) else _listed(asked))
    except _Refused as refused:
        return _xml(200, _error(refused.error, str(refused), _type(asked)))


def _check(asked: Asked) -> None:
    double = [name for name, count in Counter(name for name, _ in asked.query.pairs).items() if count > 1]
    if double:
        raise _Refused(Error.DUPLICATE, f"{double[0]} is given twice")
    if not asked.query.get("command"):
        raise _Refused(Error.SYNTAX, "command is missing")
    if asked.query.get("command") != COMMAND:
        raise _Refused(Error.INVALID, f"the only command is {COMMAND}")
    if "first" in asked.query and "last" in asked.query:
        raise _Refused(Error.SYNTAX, "first and last exclude each other")
    if not re.fullmatch(r"[a-z]{2,4}", asked.query.get("type") or "pb"):
        raise _Refused(Error.INVALID, "no such type of phone book")


def _is_whole_number(asked: Asked) -> bool:
    return "*" not in asked.query.get(NUMBER) and bool(asked.query.get(NUMBER))


def _looked_up(asked: Asked) -> str:
    """The number is given back as it was asked for: a handset may compare the two."""
    number = asked.query.get(NUMBER)
    matches = (asked.book.lookup(one, account=asked.device.account) for one in lookup_order(number, asked.form))
    found = next(filter(None, matches), [])
    if not found:
        return _nothing(asked, NUMBER)
    row = Listed(found[0].entry, listed(found[0].entry).name, (Number(found[0].field, number),))
    return _list(asked, _Range(1, 1, 1), [row])


def _listed(asked: Asked) -> str:
    condition = _condition(asked)
    total = _total(asked, condition)
    if not total:
        return _nothing(asked, next((name for name in (*FIELDS, NUMBER) if asked.query.get(name).strip("*")), "ln"))
    span = _range(asked, condition, total)
    return _list(asked, span, [*islice(_rows(asked, condition, span), span.count)])


def _condition(asked: Asked) -> Condition:
    """Raises `_Refused` for a part of a number that everybody's has."""
    if asked.is_hopeless or any(len(asked.query.get(name)) > MOST for name in (*FIELDS, NUMBER, "set_first")):
        return Some()
    wanted = [_begins(key, asked.query.get(name)) for name, key in FIELDS.items() if asked.query.get(name).strip("*")]
    if number := asked.query.get(NUMBER).strip("*"):
        if sum(sign.isdecimal() for sign in number) < FEWEST_DIGITS:
            raise _Refused(Error.IMPRECISE, f"give {FEWEST_DIGITS} digits at least")
        wanted.append(number_condition(number, asked.form))
    if (chosen := asked.query.get("id")) not in ("", "*"):
        number = chosen.partition("-")[0]
        wanted.append(Identified(frozenset({int(number)} if number.isdecimal() and len(number) < 19 else ())))
    return Every((asked.condition, *wanted))


def _begins(key: Key | None, value: str) -> Condition:
    if key is None:
        return Some()
    text = value.rstrip("*")
    return Substrings(key, initial=text) if value.endswith("*") else Equal(key, text)


def _total(asked: Asked, condition: Condition) -> int:
    """Rows, not entries: each kind of number is a row."""
    conditions = (Every((condition, Present(key))) for key in NUMBERS)
    return sum(asked.book.count(each, owners=asked.device.owners) for each in conditions)


def _range(asked: Asked, condition: Condition, total: int) -> _Range:
    wanted = min(_whole(asked, "count", COUNT), _whole(asked, "limit", MOST), MOST)
    count = max(wanted, 1)
    if (letters := asked.query.get("set_first").strip("*")) and "first" not in asked.query:
        behind = _total(asked, Every((condition, AtLeast(Key.DISPLAY_NAME, letters))))
        return _Range(total - behind + 1, count, total, letters) if behind else _Range(total, 1, total)
    if "last" in asked.query:
        last = _whole(asked, "last", -1, least=-1)
        end = total if last == -1 else min(last, total)
        first = max(end - count + 1, 1)
        return _Range(first, end - first + 1, total)
    return _Range(max(_whole(asked, "first", 1), 1), count, total)


def _whole(asked: Asked, name: str, otherwise: int, least: int = 0) -> int:
    text = asked.query.get(name)
    if not text:
        return otherwise
    if not re.fullmatch(r"-?[0-9]{1,9}", text, re.ASCII):
        raise _Refused(Error.SYNTAX, f"{name} is no whole number")
    if int(text) < least:
        raise _Refused(Error.INVALID, f"{name} is below {least}")
    return int(text)


def _rows(asked: Asked, condition: Condition, span: _Range) -> Iterator[Listed]:
    """From the first of the range on. Each entry has a row at least, so as many entries do as rows are wanted."""
    skipped = 0 if span.letters else span.first - 1
    limit = skipped + span.count
    begun = (AtLeast(Key.DISPLAY_NAME, span.letters),) if span.letters else ()
    some = Every((condition, *begun, Some(tuple(Present(key) for key in NUMBERS))))
    for entry in asked.book.find(some, owners=asked.device.owners, order=(Order(Key.DISPLAY_NAME),), limit=limit):
        kinds = [kind for kind in KINDS if kind in entry.content.fields]
        if skipped < len(kinds):
            yield from islice(_shown(asked, entry, kinds), skipped, None)
        skipped = max(skipped - len(kinds), 0)


def _shown(asked: Asked, entry: Entry, kinds: list[str]) -> Iterator[Listed]:
    """A row for each kind of number, with the first one of it."""
    fields = entry.content.fields
    numbers = (Number(kind, one) for kind in kinds for one in all_dialed(fields[kind], asked.form)[:1])
    return LAYOUT.rows(Listed(entry, one_line(fields["display_name"]), tuple(numbers)), asked.words)


def _list(asked: Asked, span: _Range, shown: list[Listed]) -> str:
    numbers = {"total": str(span.total), "first": "0", "last": "0"}
    if shown:
        numbers |= {"first": str(span.first), "last": str(span.first + len(shown) - 1)}
    return branch("list", *map(_entry, shown), **_attributes(asked), **numbers)


def _entry(row: Listed) -> str:
    number = row.numbers[0]
    id = f"{row.entry.id}-{number.kind}" if row.label else str(row.entry.id)
    names = leaf("ln", row.last_name()) + given("fn", row.first_name())
    return branch("entry", names, leaf("hm", number.dialed), given("em", row.text("email")), id=id)


def _nothing(asked: Asked, searched: str) -> str:
    return empty("list", **_attributes(asked), notfound=searched, total="0")


def _attributes(asked: Asked) -> dict[str, str]:
    told = {"response": COMMAND, "type": _type(asked)}
    return told | ({"reqid": asked.query.get("reqid")} if "reqid" in asked.query else {})


def _type(asked: Asked) -> str:
    given = asked.query.get("type")
    return given if re.fullmatch(r"[a-z]{2,4}", given) else "pb"


def _error(error: Error, message: str, kind: str = "pb") -> str:
    return branch("error", leaf("errorid", str(int(error))), leaf("message", message), response=COMMAND, type=kind)


def _question(wanted: str) -> list[tuple[str, str]]:
    begun = [("command", COMMAND), ("type", "pr")]
    if wanted.lstrip("+").isdecimal():
        return [*begun, (NUMBER, wanted), ("reqsrc", "auto")]
    return [*begun, ("ln", f"{wanted}*"), ("reqsrc", "user")]


def _xml(status: int, text: str) -> Answer:
    return Answer(status, XML, [(DECLARATION + text).encode()])


GIGASET = Protocol(
    name="gigaset",
    title="Gigaset N510, N720, N670, N870, Maxwell, online search",
    url_query="?",
    answer=_answer,
    question=_question,
    unavailable=lambda: _xml(503, _error(Error.UNAVAILABLE, "the phone book cannot be read at the moment")),
)
