"""Entries and history as values: the queries that every reader shares."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    ScalarSelect,
    Select,
    exists,
    func,
    or_,
    select,
    true,
    union_all,
)

from pbx_connector.counting import counted
from pbx_connector.errors import StoreDamaged
from pbx_connector.model import PHONE_FIELDS, Book
from pbx_connector.plan import Content, content_digest
from pbx_connector.stores.checking import LARGEST, checked_text
from pbx_connector.stores.normalization import KEYS, digits_asked, fold
from pbx_connector.stores.persons import merged
from pbx_connector.stores.sql.dialects.database import BACKUP, Database, Dialect
from pbx_connector.stores.sql.schema.tables import book, entry, entry_label, given_way, label, provenance
from pbx_connector.stores.values import ALL, AccountScope, Entry, Origin
from pbx_connector.targets import FIELD_NAMES

PAGE = 500
NAMED = 10
"""So many damaged entries are named by their ids."""
TAILS = tuple(f"{name}_tail" for name in PHONE_FIELDS)
FOUND_BY = (*TAILS, *[f"{name}_key" for name in KEYS], "search")
"""Columns that say what an entry is found by, in the order of `found_by`."""


def labels_json(dialect: Dialect, owner: ColumnElement[int]) -> ScalarSelect[Any]:
    """The labels of an entry as JSON, or NULL where a database makes that of none."""
    mine = entry_label.alias()
    return (
        select(dialect.collected(label.c.name, mine.c.value))
        .select_from(mine.join(label, label.c.id == mine.c.label))
        .where(mine.c.entry == owner)
        .scalar_subquery()
    )


def content_json(
    dialect: Dialect, source: FromClause | Any, labels: ColumnElement[Any] | ScalarSelect[Any]
) -> ColumnElement[str]:
    """An entry's `Content` as JSON, put together by the database from the columns of `source`."""
    fields = dialect.json_object((name, source.c[name]) for name in FIELD_NAMES)
    whole = dialect.json_object([("account", source.c.account), ("fields", fields), ("labels", dialect.parsed(labels))])
    return dialect.json_text(whole)


def origin_json(dialect: Dialect) -> ColumnElement[str]:
    """Where an entry comes from, as `Origin`, from its provenance and book."""
    source = dialect.json_object((name, book.c[name]) for name in ("id", "title", "kind", "account"))
    parts = [("profile", book.c.profile), ("book", source), ("row", provenance.c.row_key)]
    parts += [("record", provenance.c.record_key), ("version", provenance.c.version)]
    return dialect.json_text(dialect.json_object(parts))


def origin_text(origin: Origin) -> str:
    return json.dumps(asdict(origin), ensure_ascii=False)


def to_origin(text: str) -> Origin:
    parts = json.loads(text)
    return Origin(**{**parts, "book": Book(**parts["book"])})


@lru_cache(maxsize=8)
def entry_query(dialect: Dialect) -> Select[Any]:
    """Its joins stay a chain: a nested one, SQLite would work out for all entries each time.

    Made once: to put it together takes longer than to look a number up.
    """
    source = entry.outerjoin(provenance, provenance.c.entry == entry.c.id)
    return (
        select(
            entry.c.id,
            entry.c.account,
            *[entry.c[name] for name in FIELD_NAMES],
            dialect.json_text(labels_json(dialect, entry.c.id)).label("labels"),
            provenance.c.row_key,
            provenance.c.record_key,
            provenance.c.version,
            provenance.c.digest,
            book.c.profile,
            book.c.id.label("book"),
            book.c.title,
            book.c.kind,
            book.c.account.label("book_account"),
        )
        .select_from(source.outerjoin(book, book.c.no == provenance.c.book))
        .order_by(entry.c.id)
    )


def to_entry(row: Row[Any]) -> Entry:
    fields = {name: value for name in FIELD_NAMES if (value := getattr(row, name)) is not None}
    labels = json.loads(row.labels) if row.labels else {}
    origin = None
    if row.profile is not None:
        source = Book(row.book, row.title, row.kind, row.book_account)
        origin = Origin(row.profile, source, row.row_key, row.record_key, row.version)
    return Entry(row.id, Content(row.account, fields, dict(sorted(labels.items()))), origin)


def in_scope(account: AccountScope) -> ColumnElement[bool]:
    if account is ALL:
        return true()
    return entry.c.account.is_(None) if account is None else entry.c.account == checked_text(account)


def of_account(account: str) -> ColumnElement[bool]:
    """In an `entry_query`: private entries of an account, and company entries that come from its books."""
    return or_(entry.c.account == account, book.c.account == account)


def is_shown() -> ColumnElement[bool]:
    """It gives way to no other entry."""
    return ~exists().where(given_way.c.entry == entry.c.id)


def matching(text: str) -> ColumnElement[bool]:
    """What an entry says, or one that gives way to it."""
    other = entry.alias()
    theirs = select(given_way.c.shown).join(other, other.c.id == given_way.c.entry)
    return or_(_says(entry, text), entry.c.id.in_(theirs.where(_says(other, text))))


def _says(source: FromClause, text: str) -> ColumnElement[bool]:
    """A number is found however it is written: by its digits, beside the text as it stands."""
    found = source.c.search.contains(fold(text.strip()), autoescape=True)
    numeric = digits_asked(text)
    return or_(found, source.c.search.contains(numeric)) if numeric else found


def as_shown(connection: Connection, dialect: Dialect, entries: Sequence[Entry]) -> list[Entry]:
    """With their blanks filled by those that give way to them."""
    ids = [shown.id for shown in entries]
    query = select(given_way.c.shown, given_way.c.entry).where(given_way.c.shown.in_(ids)).order_by(given_way.c.place)
    links = connection.execute(query).all()
    if not links:
        return list(entries)
    held = entry_query(dialect).where(entry.c.id.in_([link.entry for link in links]))
    known = {other.id: other for other in map(to_entry, connection.execute(held))}
    others: dict[int, list[Entry]] = defaultdict(list)
    for shown, other in links:
        others[shown].append(known[other])
    return [merged(shown, others[shown.id]) for shown in entries]


def shown_for(connection: Connection, dialect: Dialect, entries: Sequence[int]) -> dict[int, Entry]:
    """Who is shown for these entries, as far as it is another one, or the same with more to it."""
    shown: dict[int, Entry] = {}
    for start in range(0, len(entries), PAGE):
        some = entries[start : start + PAGE]
        either = or_(given_way.c.entry.in_(some), given_way.c.shown.in_(some))
        links = connection.execute(select(given_way.c.entry, given_way.c.shown).where(either)).all()
        query = entry_query(dialect).where(entry.c.id.in_({link.shown for link in links}))
        held = list(map(to_entry, connection.execute(query))) if links else []
        shown |= {found.id: found for found in as_shown(connection, dialect, held)}
        shown |= {link.entry: shown[link.shown] for link in links}
    return shown


def pages(
    database: Database,
    limit: int | None,
    after: int,
    narrow: Callable[[Select[Any]], Select[Any]],
    *,
    apart: bool = False,
) -> Iterator[Entry]:
    """Entries by id, all as of the moment of the first one: a run that commits meanwhile shows whole or not at all.

    Read page by page, so that memory does not grow with the phone book. Writers go on beside even the slowest reader:
    they wait for none on PostgreSQL nor with SQLite's write-ahead log, which only grows until the reader is done.

    Raises `StoreDamaged` after the last one if some do not say what was imported.
    """
    database.look_over()
    wrong: list[int] = []
    query = narrow(entry_query(database.dialect))
    if not apart:
        query = query.where(is_shown())
    left = limit
    with database.read() as connection:
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            page = connection.execute(query.where(entry.c.id > after).limit(size)).all()
            found = list(map(to_entry, page))
            yield from found if apart else as_shown(connection, database.dialect, found)
            wrong += [said.id for said, row in zip(found, page, strict=True) if differs(said.content, row.digest)]
            if len(page) < size:
                break
            after, left = page[-1].id, None if left is None else left - size
    if wrong:
        raise StoreDamaged(f"{database.place} is damaged: {differing(wrong)}", hint=BACKUP)


def differs(content: Content, digest: str | None) -> bool:
    """Whether an entry says something else than its run left; None: made by hand, so that nobody knows."""
    return digest is not None and content_digest(content) != digest


def differing(entries: Sequence[int]) -> str:
    """In words, without contact data."""
    named = ", ".join(map(str, entries[:NAMED])) + (", …" if len(entries) > NAMED else "")
    return f"the text differs from what was imported in {counted(len(entries), 'entry')}: {named}"


def one_entry(connection: Connection, dialect: Dialect, wanted: int) -> Entry | None:
    if not 0 < wanted <= LARGEST:
        return None
    row = connection.execute(entry_query(dialect).where(entry.c.id == wanted)).first()
    return to_entry(row) if row else None


def one_shown(connection: Connection, dialect: Dialect, wanted: int) -> Entry | None:
    found = one_entry(connection, dialect, wanted)
    if found is None:
        return None
    towards = connection.execute(select(given_way.c.shown).where(given_way.c.entry == wanted)).scalar()
    return replace(as_shown(connection, dialect, [found])[0], gives_way_to=towards)


def with_tail(tails: Collection[str], account: str | None) -> ColumnElement[bool]:
    """Entries that `account` sees and that have a number with one of these tails; each field is asked for by its own
    index."""
    found = union_all(*[select(entry.c.id).where(entry.c[name].in_(tails)) for name in TAILS])
    return or_(in_scope(None), in_scope(account)) & entry.c.id.in_(found)


def count(connection: Connection, *conditions: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(entry).where(*conditions)).scalar_one()
