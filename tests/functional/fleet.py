"""A control database for tests of the engine, with as many tenants as a test wants."""

from __future__ import annotations

import psycopg

from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.schema import prepare

CONTROL = """
CREATE SCHEMA pbx_control;
CREATE TABLE pbx_control.tenant (id text COLLATE "C" PRIMARY KEY, state text NOT NULL);
CREATE TABLE pbx_control.schedule (
  tenant text COLLATE "C" REFERENCES pbx_control.tenant (id), profile text COLLATE "C", rule text NOT NULL,
  zone text NOT NULL, next_at double precision, jitter double precision NOT NULL, state text NOT NULL,
  failures integer NOT NULL DEFAULT 0, lost integer NOT NULL DEFAULT 0, reason text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant, profile));
"""


def new_control(url: str) -> None:
    """Make a control database without tenants."""
    with psycopg.connect(url) as connection:
        connection.execute(CONTROL)
    database = EngineDatabase(url)
    prepare(database)
    database.close()


def add_tenants(url: str, count: int, *, every: str = "15m", profile: str = "crm", due_in: float = 0.0) -> list[str]:
    """Named t0000 and so on, all due `due_in` seconds from now by the database's clock."""
    names = [f"t{number:04}" for number in range(count)]
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO pbx_control.tenant SELECT unnest(%s::text[]), 'active' ON CONFLICT DO NOTHING", [names]
        )
        connection.execute(
            "INSERT INTO pbx_control.schedule (tenant, profile, rule, zone, next_at, jitter, state) "
            "SELECT unnest(%s::text[]), %s, %s, '', extract(epoch FROM clock_timestamp()) + %s, 0, 'ready'",
            [names, profile, f'{{"every": "{every}"}}' if every else "", due_in],
        )
    return names
