"""A document's mapping as the plain texts that pydantic validates."""

from __future__ import annotations

from typing import Any

from pbx_rules.document import Mapping, Scalar


def given_values(node: Mapping) -> dict[str, Any]:
    """Without the keys that have nothing after the colon: they count as not given."""
    return {
        key.text: value.plain()
        for key, value in node.items
        if not (isinstance(value, Scalar) and value.style == "plain" and not value.text)
    }
