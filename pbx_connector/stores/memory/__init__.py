"""The phone book in memory: for tests and trials, and the plain reference that the database is held against."""

from pbx_connector.stores.memory.store import MemoryStore

__all__ = ["MemoryStore"]
