"""Values that stand in many shapes, as JSON has them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

Json = dict[str, Any]


def moment(of: datetime | None) -> str | None:
    """In UTC, to the second."""
    return of.astimezone(UTC).isoformat(timespec="seconds") if of else None


def plain(value: Any) -> Any:
    """A value of the rule language as JSON has it: a date in ISO form, a number as one."""
    if isinstance(value, Mapping):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(element) for element in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if isinstance(value, date) else value
