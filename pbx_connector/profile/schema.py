"""The JSON Schema of a profile, for editors: the frame from `header`, the settings of each installed source, the
structure from the phone book's target fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pbx_connector.documents.json_schema import DIALECT, TEXT, schema_of
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

_CONTROL = {
    "when": "A condition: without it there is no such record.",
    "for": "`name in list`: one such record for each element.",
    "key": "With `for:`: what tells its records apart and stays.",
}


def profile_schema(sources: Iterable[SourceType]) -> dict[str, Any]:
    """For profiles of any of these sources."""
    known = sorted(sources, key=lambda source: source.name)
    schema = schema_of(Header)
    schema["$schema"] = DIALECT
    schema["title"] = "A profile of pbx-connector"
    schema["properties"]["source"]["enum"] = [source.name for source in known]
    schema["properties"]["structure"] = _structure()
    for source in known:
        _add_settings(schema, source)
    return schema


def _add_settings(schema: dict[str, Any], source: SourceType) -> None:
    """The settings of one source, valid where the profile names it."""
    settings = schema_of(source.settings, prefix=f"{source.name}.")
    schema["$defs"] |= settings.pop("$defs", {})
    schema["$defs"][f"{source.name}.settings"] = settings
    schema.setdefault("allOf", []).append(
        {
            "if": {"properties": {"source": {"const": source.name}}, "required": ["source"]},
            "then": {"properties": {"settings": {"$ref": f"#/$defs/{source.name}.settings"}}},
        }
    )


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
    control = {name: {**TEXT, "description": text} for name, text in _CONTROL.items()}
    return {
        "type": "object",
        "properties": {**{code: {**TEXT, **described} for code, described in fields.items()}, **control},
        "required": required,
        "additionalProperties": False,
    }
