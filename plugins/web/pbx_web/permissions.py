"""Who may do what: each role may what those before it may."""

from __future__ import annotations

from pbx_connector.api import Role

__all__ = ["ROLES", "Role"]

ROLES = (
    (Role.READER, "searches company entries"),
    (Role.EDITOR, "also writes profiles and simulates"),
    (Role.RELEASER, "also runs, releases and undoes"),
    (Role.ADMIN, "also administers users, devices and settings"),
)
"""What a role may do, in words."""
