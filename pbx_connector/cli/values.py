"""How values of the rule language are shown to people: as the language writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pbx_rules import Value, as_text

from pbx_connector.cli import output

LONGEST = 200
"""Characters of a value that are shown."""


def written(value: Value) -> str:
    """`"text"`, `12`, `true`, `blank`, `list(…)`, `{part: …}`; what is too long is cut."""
    text = output.shown(_written(value))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _written(value: Any) -> str:
    if value is None or value in ("", (), {}):
        return "blank"
    if isinstance(value, str):
        return '"' + value[: LONGEST + 1].replace('"', '""') + '"'
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_written(part)}" for name, part in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return f"list({', '.join(_written(element) for element in value[:LONGEST])})"
    return as_text(value) or "blank"
