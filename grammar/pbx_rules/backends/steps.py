"""Small steps that compiled code calls where one expression is not enough; named by `codegen`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pbx_rules.runtime import coercion


def part_of(value: Any, name: str) -> Any:
    return value.get(name) if value.__class__ is dict else None


def record_of(parts: dict[str, Any]) -> dict[str, Any] | None:
    return {name: value for name, value in parts.items() if value is not None} or None


def as_list(value: Any) -> Any:
    return coercion.as_list(value) or None


CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "text": coercion.as_text,
    "number": coercion.read_number,
    "date": coercion.read_date,
    "yes/no": coercion.read_boolean,
    "list": as_list,
}
