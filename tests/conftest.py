"""A real PostgreSQL server for the tests that want one; what it is, `functional/postgres_server.py` says."""

from __future__ import annotations

from postgres_server import (
    control_postgres,
    control_templates,
    control_url,
    empty_postgres,
    new_control_url,
    new_database,
    pgserver,
    postgres_process,
    postgres_server,
    postgres_socket,
    postgres_url,
    postgres_user,
    provider,
)

__all__ = [
    "control_postgres",
    "control_templates",
    "control_url",
    "empty_postgres",
    "new_control_url",
    "new_database",
    "pgserver",
    "postgres_process",
    "postgres_server",
    "postgres_socket",
    "postgres_url",
    "postgres_user",
    "provider",
]
