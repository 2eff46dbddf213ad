"""What the services of one store agree on: a text by key, exchanged in one step."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from pbx_connector.stores.sql.schema import memo


def read(connection: Connection, key: str) -> str:
    return connection.execute(select(memo.c.text).where(memo.c.key == key)).scalar() or ""


def swap(connection: Connection, key: str, old: str, new: str) -> bool:
    """In a transaction that no other one writes beside."""
    if read(connection, key) != old:
        return False
    connection.execute(delete(memo).where(memo.c.key == key))
    if new:
        connection.execute(insert(memo).values(key=key, text=new))
    return True
