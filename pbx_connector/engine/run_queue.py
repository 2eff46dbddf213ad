"""The queues as who asks for a run sees them; see `application.run_queue`."""

from __future__ import annotations

from pbx_connector.application.run_queue import QueuedRun
from pbx_connector.engine import notes, waiting
from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.port import Job, Queue
from pbx_connector.engine.postgres import PostgresEngine


class EngineRunQueue:
    """For several threads at once."""

    def __init__(self, database: EngineDatabase) -> None:
        self._database = database
        self._engine = PostgresEngine(database)

    def enqueue(self, tenant: str, profile: str, *, full: bool = False) -> None:
        self._engine.enqueue(Job(tenant=tenant, profile=profile, queue=Queue.INTERACTIVE, full=full))

    def cancel(self, tenant: str, profile: str) -> bool:
        return self._engine.cancel(tenant, profile)

    def stage(self, tenant: str, profile: str) -> QueuedRun:
        with self._database.transaction() as connection:
            return waiting.stage(connection, tenant, profile)

    def release(self, tenant: str, profile: str) -> bool:
        with self._database.transaction() as connection:
            return notes.release(connection, tenant, profile)
