"""Time zones by name, and the machine's own; the names come from the system or, where it has none, from `tzdata`."""

from __future__ import annotations

from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone(name: str) -> tzinfo:
    """Raises `ValueError` for a name that no time zone has."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a name that is a folder, such as Europe
        raise ValueError(f"unknown time zone {name!r}: write it as Europe/Berlin or UTC") from None


def local_zone() -> tzinfo:
    """The machine's time zone, `TZ` first; UTC if its name means nothing."""
    import tzlocal

    try:
        return tzlocal.get_localzone()
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
