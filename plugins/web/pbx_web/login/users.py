"""Who is logged in."""

from __future__ import annotations

from dataclasses import dataclass

from pbx_web.permissions import Role


@dataclass(frozen=True, slots=True)
class User:
    name: str
    role: Role
