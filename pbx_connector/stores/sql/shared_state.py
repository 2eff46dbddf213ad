"""What the services of one store agree on: a text by key, exchanged in one step."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from pbx_connector.stores.sql.schema.tables import shared_state_table


def read(connection: Connection, key: str) -> str:
    return connection.execute(select(shared_state_table.c.text).where(shared_state_table.c.key == key)).scalar() or ""


def read_all(connection: Connection, prefix: str) -> dict[str, str]:
    key, text = shared_state_table.c.key, shared_state_table.c.text
    query = select(key, text).where(key >= prefix, key < prefix + "\U0010ffff")
    return {row.key: row.text for row in connection.execute(query) if row.key.startswith(prefix)}


def swap(connection: Connection, key: str, old: str, new: str) -> bool:
    """In a transaction that no other one writes beside."""
    if read(connection, key) != old:
        return False
    connection.execute(delete(shared_state_table).where(shared_state_table.c.key == key))
    if new:
        connection.execute(insert(shared_state_table).values(key=key, text=new))
    return True
