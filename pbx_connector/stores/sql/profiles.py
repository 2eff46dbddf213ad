"""Profiles as the store knows them: what they own, whether they wait, and who takes over what they own."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from pbx_connector.errors import UsageError
from pbx_connector.stores.checking import checked_text
from pbx_connector.stores.sql.dialects.database import Dialect
from pbx_connector.stores.sql.history.records import to_run
from pbx_connector.stores.sql.schema.tables import book, journal, plan, profile, provenance, row_note, run
from pbx_connector.stores.values import ProfileState


def states(connection: Connection) -> Iterator[ProfileState]:
    books = _counted(connection, select(book.c.profile))
    entries = _counted(connection, select(book.c.profile).join(provenance, provenance.c.book == book.c.no))
    newest = select(func.max(run.c.no)).group_by(run.c.profile)
    last = {row.profile: to_run(row) for row in connection.execute(select(run).where(run.c.no.in_(newest)))}
    for row in connection.execute(select(profile).order_by(profile.c.id)):
        held = None if row.held is None else str(row.held)
        yield ProfileState(
            row.id, row.title, entries.get(row.id, 0), books.get(row.id, 0), held, last.get(row.id), row.file
        )


def count_entries(connection: Connection, some: Collection[str]) -> int:
    """Of all these profiles together."""
    owned = provenance.join(book, book.c.no == provenance.c.book)
    query = select(func.count()).select_from(owned).where(book.c.profile.in_(some))
    return connection.execute(query).scalar_one()


def regions(connection: Connection, some: Collection[str]) -> dict[str, str]:
    """Of those that have one."""
    known = select(profile.c.id, profile.c.region).where(profile.c.region.is_not(None), profile.c.id.in_(some))
    return {row.id: row.region for row in connection.execute(known)} if some else {}


def _counted(connection: Connection, query: Select[Any]) -> dict[str, int]:
    found = query.subquery()
    return dict(connection.execute(select(found.c.profile, func.count()).group_by(found.c.profile)).all())


def demand(connection: Connection, wanted: str) -> None:
    """Raises `UsageError` for a profile that has never run."""
    if connection.execute(select(profile.c.id).where(profile.c.id == checked_text(wanted))).first() is None:
        raise UsageError(f"no profile {wanted} has run on this store", hint="see: pbx-connector profiles list")


def _merge_books(connection: Connection, old: str, new: str) -> None:
    """What both have read is one book, with the rows of both, and read anew."""
    theirs, mine = book.alias("theirs"), book.alias("mine")
    same = (theirs.c.profile == old) & (mine.c.profile == checked_text(new)) & (mine.c.id == theirs.c.id)
    for kept, dropped in connection.execute(select(theirs.c.no, mine.c.no).where(same)).all():
        connection.execute(update(provenance).where(provenance.c.book == dropped).values(book=kept))
        connection.execute(delete(book).where(book.c.no == dropped))
        connection.execute(update(book).where(book.c.no == kept).values(checkpoint=None))
        for known in (provenance, row_note):
            connection.execute(update(known).where(known.c.book == kept).values(version=""))


def hand_over(connection: Connection, dialect: Dialect, old: str, new: str) -> int:
    """Books, runs and plans of `old` become those of `new`, and what was removed comes back to `new`; returns the
    number of entries."""
    _merge_books(connection, old, new)
    known = select(profile.c.title, profile.c.held, profile.c.region, profile.c.merge).where(profile.c.id == old)
    title, held, region, merge = connection.execute(known).one()
    if connection.execute(select(profile.c.id).where(profile.c.id == new)).first() is None:
        connection.execute(insert(profile).values(id=new, title=title, held=held, region=region, merge=merge))
    elif held is not None:
        connection.execute(update(profile).where(profile.c.id == new).values(held=held))
    for owned in (book, run, plan):
        connection.execute(update(owned).where(owned.c.profile == old).values(profile=new))
    from_old = journal.c.origin.is_not(None) & (dialect.member(journal.c.origin, "profile") == old)
    renamed = dialect.with_member(journal.c.origin, "profile", new)
    connection.execute(update(journal).where(from_old).values(origin=renamed))
    connection.execute(delete(profile).where(profile.c.id == old))
    mine = select(func.count()).select_from(provenance.join(book, book.c.no == provenance.c.book))
    return connection.execute(mine.where(book.c.profile == new)).scalar_one()
