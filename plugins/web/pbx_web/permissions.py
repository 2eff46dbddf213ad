"""Who may do what: each role may what those before it may."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    READER = "reader"
    """Searches company entries."""
    EDITOR = "editor"
    """Writes profiles, tests connections, simulates."""
    RELEASER = "releaser"
    """Runs, releases, undoes; changes the phone book."""
    ADMIN = "admin"
    """Users, devices, settings, audit."""

    def includes(self, other: Role) -> bool:
        return _ORDER.index(self) >= _ORDER.index(other)


_ORDER = list(Role)
