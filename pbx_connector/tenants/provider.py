"""What the provider keeps of its own pages: users, their sessions, the audit. A schema and a role as a tenant's phone
book has them, called as no tenant can be."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from pbx_connector.errors import OtherVersion
from pbx_connector.stores import Store
from pbx_connector.tenants.control import ControlDatabase
from pbx_connector.tenants.phone_books import PhoneBooks

NAME = "pbx_provider"
"""Of the schema; ids of tenants have no underscore, and their schemas another beginning."""
_MAKES = 0x70627870
"""The advisory lock of whoever makes it."""


@dataclass(frozen=True, slots=True)
class Provider:
    """See `phone_books.Owner`."""

    role: str
    schema: str = NAME
    store: str = ""
    place: str = "what the provider's pages keep"


def provider_of(control: ControlDatabase) -> Provider:
    """Roles belong to the whole server, so that the name says of which control database it is."""
    return Provider(f"{NAME}_{control.id}")


def open_provider(control: ControlDatabase, phone_books: PhoneBooks) -> Store:
    """Made as it is needed; to be closed. Raises `StoreError`, and `OtherVersion` for one that is not migrated yet."""
    provider = provider_of(control)
    with control.read() as connection:
        is_there = _is_there(connection)
    if not is_there:
        with control.write() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(_MAKES)))
            phone_books.make(provider)
    return phone_books.open(provider)


def is_outdated(control: ControlDatabase, phone_books: PhoneBooks) -> bool:
    """Whether it is there, and of another version than this one. Raises `StoreError`."""
    with control.read() as connection:
        if not _is_there(connection):
            return False
    try:
        phone_books.open(provider_of(control)).close()
    except OtherVersion:
        return True
    return False


def _is_there(connection: Connection) -> bool:
    """Asked of the catalogue: we have no right of our own to what is in it."""
    query = "SELECT 1 FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
    query += "WHERE nspname = :name AND relname = 'alembic_version'"
    return connection.execute(text(query), {"name": NAME}).first() is not None
