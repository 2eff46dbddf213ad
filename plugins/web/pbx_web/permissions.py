"""Who may do what: each role may what those before it may."""

from __future__ import annotations

from pbx_connector.api import Role

__all__ = ["Role"]
