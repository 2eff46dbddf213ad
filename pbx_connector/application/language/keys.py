"""Which keys and values may stand where the cursor is, by the JSON Schema of a profile; with their documentation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml import tokens as yaml_tokens
from ruamel.yaml.error import YAMLError

_CURSOR = "zz-the-cursor-zz"
_WORD = re.compile(r"""["']?[\w.-]*$""")

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in the profile the cursor is."""

    path: tuple[str, ...]
    """The keys above; positions in lists do not count."""
    is_key: bool
    """Whether a key can stand here, or the value of the last key of the path."""


def spot_at(before: str) -> Spot | None:
    """What the text up to the cursor leads to; None if YAML cannot tell."""
    text = _WORD.sub("", before)
    as_key = _path(f"{text}{_CURSOR}: ")
    if as_key is not None:
        return Spot(as_key, is_key=True)
    as_value = _path(text + _CURSOR)
    return None if as_value is None else Spot(as_value, is_key=False)


def _path(text: str) -> tuple[str, ...] | None:
    """The keys above the cursor; None if it cannot stand there."""
    stack: list[str | None] = []
    is_key = wants_key = False
    found: tuple[str, ...] | None = None
    try:
        for token in YAML(typ="safe", pure=True).scan(text):
            if isinstance(token, (yaml_tokens.BlockMappingStartToken, yaml_tokens.FlowMappingStartToken)):
                stack.append(None)
            elif isinstance(token, (yaml_tokens.BlockSequenceStartToken, yaml_tokens.FlowSequenceStartToken)):
                stack.append("")
            elif isinstance(token, _ENDS):
                stack.pop()
            elif isinstance(token, yaml_tokens.KeyToken):
                wants_key = True
            elif isinstance(token, yaml_tokens.ScalarToken):
                if token.value == _CURSOR:
                    is_key = wants_key
                    above = stack[:-1] if is_key else stack
                    found = tuple(key for key in above if key)
                elif wants_key and stack:
                    stack[-1] = token.value
                wants_key = False
    except (YAMLError, IndexError, ValueError):
        return None
    return found if is_key == text.endswith(": ") else None


_ENDS = (yaml_tokens.BlockEndToken, yaml_tokens.FlowMappingEndToken, yaml_tokens.FlowSequenceEndToken)


class Keys:
    """The schema, asked by path."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def below(self, path: Iterable[str], source: str) -> dict[str, str]:
        """The keys that may stand under a path, with their documentation."""
        return {
            name: part.get("description", "")
            for node in self._nodes(path, source)
            for name, part in node.get("properties", {}).items()
        }

    def choices(self, path: Iterable[str], source: str) -> list[str]:
        """The values that may stand at a path, where they are few."""
        found: list[str] = []
        for node in self._nodes(path, source):
            kinds = node.get("type", [])
            found += [str(value) for value in node.get("enum", [])]
            found += ["true", "false"] if kinds == ["boolean", "string"] else []
        return list(dict.fromkeys(found))

    def doc(self, path: tuple[str, ...], source: str) -> str:
        """The documentation of the key that a path ends with."""
        return self.below(path[:-1], source).get(path[-1], "") if path else ""

    def _nodes(self, path: Iterable[str], source: str) -> list[Schema]:
        nodes = list(self._expanded(self._schema))
        for depth, part in enumerate(path):
            inner = [node["properties"][part] for node in nodes if part in node.get("properties", {})]
            if depth == 0 and part == "settings":
                inner = [self._schema["$defs"].get(f"{source}.settings", {})]
            nodes = [node for found in inner for node in self._expanded(found)]
        return nodes

    def _expanded(self, node: Schema) -> Iterator[Schema]:
        """A node and those it refers to, its choices, and what a list of them holds."""
        yield node
        if "$ref" in node:
            yield from self._expanded(self._schema["$defs"][node["$ref"].removeprefix("#/$defs/")])
        for choice in node.get("anyOf", []):
            yield from self._expanded(choice)
        if isinstance(node.get("items"), Mapping):
            yield from self._expanded(node["items"])
