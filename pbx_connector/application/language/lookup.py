"""What the name under the cursor means, and where it is defined."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pbx_rules import Mention, mentions
from pbx_rules.trial import scalar

from pbx_connector.application.language.keys import spot_at
from pbx_connector.application.language.outline import EXPRESSION, Outline, Place, moved, place_of
from pbx_connector.application.language.words import Words, field_doc, function_doc

_PLACEHOLDER = re.compile(r"\{\{\{?\s*(\w+)")
_KEY = re.compile(r"""["']?([\w.-]+)["']?\s*:""")


@dataclass(frozen=True, slots=True)
class Meaning:
    """Markdown about the name at a place."""

    place: Place
    doc: str


def meaning(outline: Outline, line: int, column: int, known: Words) -> Meaning | None:
    found = _name_at(outline, line, column)
    if found is not None:
        doc = _doc(found, outline, known)
        return Meaning(place_of(found.span), doc) if doc else None
    return _key_at(outline, line, column, known)


def definition(outline: Outline, line: int, column: int) -> Place | None:
    """Of the variable or table under the cursor."""
    found = _name_at(outline, line, column)
    if found is None or found.kind in ("field", "function", "loop"):
        return None
    defined = outline.variables.get(found.name) or outline.tables.get(found.name)
    return defined.place if defined else None


def _name_at(outline: Outline, line: int, column: int) -> Mention | None:
    names = outline.rule_mentions if outline.section(line) == "rules" else _names_in_structure(outline, line)
    return next((found for found in names if place_of(found.span).holds(line, column)), None)


def _names_in_structure(outline: Outline, line: int) -> list[Mention]:
    text = outline.before(line, len(outline.lines[line])) if line < len(outline.lines) else ""
    if outline.section(line) != "structure":
        return []
    found = []
    for placeholder in _PLACEHOLDER.finditer(text):
        span = scalar(text).span_at(placeholder.start(1), placeholder.end(1))
        found.append(Mention("name", placeholder[1], moved(span, line, 0)))
    if expression := EXPRESSION.search(text):
        inner = mentions(scalar(expression[3]), rules=False)
        found += [Mention(one.kind, one.name, moved(one.span, line, expression.start(3))) for one in inner]
    return found


def _doc(found: Mention, outline: Outline, known: Words) -> str:
    if found.kind == "function":
        function = known.functions.get(found.name)
        return function_doc(function) if function else ""
    if found.kind != "field":
        if variable := outline.variables.get(found.name):
            return f"```\n{variable.text}\n```"
        if found.name in outline.tables:
            return f"the table `{found.name}`"
    field = known.field(outline.source, found.name)
    return field_doc(field) if field else ""


def _key_at(outline: Outline, line: int, column: int, known: Words) -> Meaning | None:
    text = outline.lines[line] if line < len(outline.lines) else ""
    for key in _KEY.finditer(text):
        if key.start(1) <= column <= key.end(1):
            spot = spot_at("\n".join([*outline.lines[:line], text[: key.end(1)]]))
            doc = known.keys.doc((*spot.path, key[1]), outline.source) if spot and spot.is_key else ""
            return Meaning(Place(line, key.start(1), key.end(1)), doc) if doc else None
    return None
