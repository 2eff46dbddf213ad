"""Numbers that are given once: ids of entries and labels, of books, of runs, and of each state of the phone book."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Connection, insert, update

from pbx_connector.stores.sql.schema.tables import counter

Counter = Literal["entry", "label", "book", "run", "revision", "audit"]


def take(connection: Connection, name: Counter, many: int = 1) -> int:
    """Reserve `many` numbers; returns the last one given before them."""
    raised = update(counter).where(counter.c.name == name).values(value=counter.c.value + many)
    last = connection.execute(raised.returning(counter.c.value)).scalar()
    if last is None:
        connection.execute(insert(counter).values(name=name, value=many))
        last = many
    return int(last) - many
