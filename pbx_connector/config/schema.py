"""The JSON Schema of config.yaml, for editors: the core's keys and the section of each plugin that has one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pbx_connector.config.loading import PLUGINS
from pbx_connector.config.model import Config, PluginConfig
from pbx_connector.documents.json_schema import DIALECT, schema_of


def config_schema(plugins: Mapping[str, PluginConfig]) -> dict[str, Any]:
    schema = schema_of(Config)
    schema["$schema"] = DIALECT
    schema["title"] = "The configuration of pbx-connector"
    sections = {}
    for name, config in plugins.items():
        section = schema_of(config.model, prefix=f"{name}.")
        schema["$defs"] |= section.pop("$defs", {})
        sections[name] = section
    schema["properties"][PLUGINS] |= {"properties": sections, "additionalProperties": False}
    return schema
