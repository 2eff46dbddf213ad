"""The JSON Schema of a pydantic model as a YAML file writes it, for editors.

Our files are read as text whatever YAML makes of a value (`0041`, `NO`), so wherever a text may stand the schema takes
what editors' YAML readers may take it for.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from pbx_connector.duration import in_words

DIALECT = "https://json-schema.org/draft/2020-12/schema"

TEXT = {"type": ["string", "number", "boolean", "null"]}


class _Defaults(GenerateJsonSchema):
    """Defaults as the file would say them."""

    def encode_default(self, dft: Any) -> Any:
        return in_words(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def schema_of(model: type[BaseModel], prefix: str = "") -> dict[str, Any]:
    """`prefix` keeps its definitions apart from those of other models in the same schema."""
    made = model.model_json_schema(ref_template=f"#/$defs/{prefix}{{model}}", schema_generator=_Defaults)
    if "$defs" in made:
        made["$defs"] = {f"{prefix}{name}": definition for name, definition in made["$defs"].items()}
    loose: dict[str, Any] = _loosened(made)
    return loose


_READ_AS = {
    "string": ["string", "number", "boolean"],
    "integer": ["integer", "string"],
    "number": ["number", "string"],
    "boolean": ["boolean", "string"],
}
"""What else an editor's YAML reader may take a value of a type for, or a profile may write for it."""


def _loosened(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_loosened(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    loose = {name: _loosened(part) for name, part in schema.items()}
    if isinstance(loose.get("type"), str) and "enum" not in loose and "const" not in loose:
        loose["type"] = _READ_AS.get(loose["type"], loose["type"])
    if schema.get("additionalProperties") == {"type": "string"}:
        loose["additionalProperties"] = TEXT
    return loose
