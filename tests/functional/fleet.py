"""A control database for tests of the engine, with as many tenants as a test wants."""

from __future__ import annotations

import secrets

import psycopg

from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.schema import prepare


def prepared(url: str) -> str:
    """Makes a control database ready for the engine."""
    database = EngineDatabase(url)
    prepare(database)
    database.close()
    return url


def told_apart(url: str) -> str:
    """Gives the copy of a control database an id of its own: the roles of its tenants carry it, and the server has one
    set of them for all its databases."""
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE pbx_control.control SET value = %s WHERE name = 'id'", [secrets.token_hex(4)])
    return url


def add_tenants(url: str, count: int, *, every: str = "15m", profile: str = "crm", due_in: float = 0.0) -> list[str]:
    """Named t0000 and so on, all due `due_in` seconds from now by the database's clock."""
    names = [f"t{number:04}" for number in range(count)]
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO pbx_control.tenant (id, title, state, store, role, published, made, changed) "
            "SELECT id, id, 'active', '', '', 1, 0, 0 FROM unnest(%s::text[]) AS id ON CONFLICT DO NOTHING",
            [names],
        )
        connection.execute(
            "INSERT INTO pbx_control.schedule (tenant, profile, version, rule, zone, next_at, jitter, state) "
            "SELECT unnest(%s::text[]), %s, 1, %s, '', extract(epoch FROM clock_timestamp()) + %s, 0, 'ready'",
            [names, profile, f'{{"every": "{every}"}}' if every else "", due_in],
        )
    return names
