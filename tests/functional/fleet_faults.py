"""What a worker does wrong if a test says so: whoever counts overlaps, lost and half runs has to notice each."""

from __future__ import annotations

from typing import Any, Literal

from pbx_connector.engine import sweep, waiting, worker
from pbx_connector.engine.database import Connection
from pbx_connector.engine.postgres import PostgresEngine
from pbx_connector.engine.sweep import Swept
from pbx_connector.stores.sql.history import leases
from pbx_connector.stores.sql.plan import apply

Fault = Literal["", "lock", "sweep", "transaction"]


def bring_in(fault: Fault) -> None:
    """For the rest of the process."""
    match fault:
        case "lock":
            take_the_living_for_dead()
        case "sweep":
            sweep._have_made_again = forgotten
        case "transaction":
            commit_before_the_end()


def take_the_living_for_dead() -> None:
    """And neither the worker nor a lease keeps their runs from going on."""
    real = sweep.sweep
    worker.sweep = lambda database, silent=0.0: real(database, 0.0)  # type: ignore[attr-defined]
    PostgresEngine.is_lost = lambda engine, job: False  # type: ignore[method-assign, assignment]
    leases._alive = lambda held, now: False


def forgotten(connection: Connection, rows: list[dict[str, Any]]) -> Swept:
    """Runs of the dead end, and are not made again."""
    for row in rows:
        waiting.finish(connection, row["id"], status="aborted")
    return Swept()


def commit_before_the_end() -> None:
    real = apply._update_entries

    def update_entries(connection: Any) -> None:
        connection.connection.dbapi_connection.commit()
        real(connection)

    apply._update_entries = update_entries
