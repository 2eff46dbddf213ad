"""The JSON Schema of a profile, for editors: the frame from `header`, the settings of each installed source, the
structure from the phone book's target fields.

Profiles are read as text whatever YAML makes of a value (`0041`, `NO`), so wherever a text may stand the schema takes
what editors' YAML readers may take it for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from pbx_connector.profile.header import Header
from pbx_connector.source import SourceType
from pbx_connector.targets import (
    ACCOUNT_CODE,
    ENTRY_TABLE,
    LABEL_NAME_CODE,
    LABEL_TABLE,
    LABEL_VALUE_CODE,
    TARGETS,
)

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TEXT = {"type": ["string", "number", "boolean", "null"]}
_CONTROL = {
    "when": "A condition: without it there is no such record.",
    "for": "`name in list`: one such record for each element.",
    "key": "With `for:`: what tells its records apart and stays.",
}


def profile_schema(sources: Iterable[SourceType]) -> dict[str, Any]:
    """For profiles of any of these sources."""
    known = sorted(sources, key=lambda source: source.name)
    schema = _schema_of(Header)
    schema["$schema"] = DIALECT
    schema["title"] = "A profile of pbx-connector"
    schema["properties"]["source"]["enum"] = [source.name for source in known]
    schema["properties"]["structure"] = _structure()
    for source in known:
        _add_settings(schema, source)
    return schema


def _add_settings(schema: dict[str, Any], source: SourceType) -> None:
    """The settings of one source, valid where the profile names it."""
    settings = _schema_of(source.settings, prefix=f"{source.name}.")
    schema["$defs"] |= settings.pop("$defs", {})
    schema["$defs"][f"{source.name}.settings"] = settings
    schema.setdefault("allOf", []).append(
        {
            "if": {"properties": {"source": {"const": source.name}}, "required": ["source"]},
            "then": {"properties": {"settings": {"$ref": f"#/$defs/{source.name}.settings"}}},
        }
    )


def _schema_of(model: type[BaseModel], prefix: str = "") -> dict[str, Any]:
    made = model.model_json_schema(ref_template=f"#/$defs/{prefix}{{model}}")
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
        loose["additionalProperties"] = _TEXT
    return loose


def _structure() -> dict[str, Any]:
    fields = {target.code: {"description": _description(target.title, target.max_length)} for target in TARGETS}
    fields[ACCOUNT_CODE] = {"description": 'Owner of a private entry, as a rule "{{local_id}}"'}
    labels = {
        LABEL_NAME_CODE: {"description": "Name of the label"},
        LABEL_VALUE_CODE: {"description": "Value of the label; a blank one leaves the label out"},
    }
    post = {
        "type": "object",
        "description": "What belongs to the entry: its labels",
        "properties": {LABEL_TABLE: _records(_record(labels, required=[LABEL_NAME_CODE]))},
        "additionalProperties": False,
    }
    required = [target.code for target in TARGETS if target.required]
    entry = _record(fields, required=required)
    entry["properties"]["post"] = post
    return {
        "description": "The template that turns variables and fields into records.",
        "type": "object",
        "properties": {ENTRY_TABLE: _records(entry)},
        "required": [ENTRY_TABLE],
        "additionalProperties": False,
    }


def _description(title: str, max_length: int) -> str:
    return f"{title}, at most {max_length} characters"


def _records(record: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [record, {"type": "array", "items": record}]}


def _record(fields: Mapping[str, dict[str, str]], required: list[str]) -> dict[str, Any]:
    control = {name: {**_TEXT, "description": text} for name, text in _CONTROL.items()}
    return {
        "type": "object",
        "properties": {**{code: {**_TEXT, **described} for code, described in fields.items()}, **control},
        "required": required,
        "additionalProperties": False,
    }
