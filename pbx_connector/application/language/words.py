"""The words of profiles and what they mean: fields and settings of the installed sources, functions, target fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from pbx_rules import Function, Registry

from pbx_connector.application.language.keys import Keys
from pbx_connector.plugins import Plugins
from pbx_connector.profile.schema import profile_schema
from pbx_connector.source import Field


class Words:
    """One for the life of the process: plugins do not change while it runs."""

    def __init__(self, plugins: Plugins) -> None:
        self._sources = plugins.sources
        self.functions: Registry = plugins.functions
        self.keys = Keys(profile_schema(plugins.sources.values()))

    def fields(self, source: str) -> Iterable[Field]:
        """The fields of a source; of all sources while the profile names none that is known."""
        if source in self._sources:
            return self._sources[source].fields.fields
        named = {field.name: field for one in self._sources.values() for field in one.fields.fields}
        return named.values()

    def field(self, source: str, name: str) -> Field | None:
        return next((field for field in self.fields(source) if field.name == name), None)

    def parts(self, source: str, name: str) -> Mapping[str, str]:
        """The parts of a record field, with their types."""
        field = self.field(source, name)
        return field.of or {} if field and field.type == "record" else {}

    def parts_of_each(self, source: str, name: str) -> Mapping[str, str]:
        """The parts of each element of a list field."""
        field = self.field(source, name)
        return field.of or {} if field else {}


@lru_cache(maxsize=1)
def words_of(plugins: Plugins) -> Words:
    """The same for every session: they take time to gather."""
    return Words(plugins)


def function_doc(function: Function) -> str:
    """Markdown."""
    lines = [f"```\n{function.signature}\n```", function.doc]
    lines += [f"* `{parameter.name}`: {parameter.doc}" for parameter in function.parameters if parameter.doc]
    if function.examples:
        lines.append("\n".join(f"* `{made.expression}` gives `{made.result}`" for made in function.examples))
    return "\n\n".join(lines)


def field_doc(field: Field) -> str:
    """Markdown."""
    parts = f"\n\nIts parts: {', '.join(field.of)}" if field.of else ""
    return f"`[{field.name}]` {field.type}\n\n{field.doc}{parts}"


def in_text_or_comment(expression: str) -> bool:
    """Whether what follows this beginning of an expression stands in a text or behind a `#`."""
    in_text = False
    for character in expression:
        if character == '"':
            in_text = not in_text
        elif character == "#" and not in_text:
            return True
    return in_text
