"""Makes conversions visible in the typed tree: to text, to a list, to what a parameter accepts."""

from __future__ import annotations

from pbx_rules import typed
from pbx_rules.check.scope import Scope
from pbx_rules.runtime.coercion import as_text
from pbx_rules.runtime.text import composed
from pbx_rules.syntax.tree import At
from pbx_rules.typed import Typed
from pbx_rules.types import BLANK, LIST, TEXT, UNKNOWN, Type

NOTHING = typed.Constant(None, BLANK)
BROKEN = typed.Constant(None, UNKNOWN)
"""Stands where a mistake was, so that the rest is checked without follow-up errors. Never runs."""


def constant_text(text: str) -> typed.Constant:
    """Put together as the texts of rows are."""
    return typed.Constant(composed(text), Type("text", maybe_blank=not text or text.isspace()))


def to_text(value: Typed, scope: Scope, at: At) -> Typed:
    """A record has no text of its own; a source may have a field for it."""
    if isinstance(value, typed.Field) and value.name in scope.names.texts:
        value = _text_field(scope.names.texts[value.name], scope)
    of = value.type
    if of.kind in ("text", "blank", "unknown"):
        return value
    if of.kind == "record" or (of.kind == "list" and of.of is not None and of.of.kind == "record"):
        scope.complain("R0311", "a record is no text", at, hint=_name_a_part(scope.text(at), of))
        return BROKEN
    if isinstance(value, typed.Constant):
        return constant_text(as_text(value.value) or "")
    return typed.Convert("text", value, Type("text", of.maybe_blank))


def _text_field(name: str, scope: Scope) -> typed.Field:
    of = scope.names.used_fields[name] = scope.names.fields[name]
    return typed.Field(name, of)


def _name_a_part(text: str, of: Type) -> str:
    record = of.element if of.kind == "list" else of
    part = next(iter(record.parts or ()), "Name")
    if of.kind == "list":
        return f"name a part of each: (each x in {text} give x.{part})"
    return f"name a part: {text}.{part}"


def to_written(value: Typed, scope: Scope, at: At) -> Typed:
    """As text, blank as the empty text."""
    text = to_text(value, scope, at)
    if text.type.kind == "blank":
        return typed.Constant("", TEXT)
    if isinstance(text, typed.Constant) or not text.type.maybe_blank or text.type.kind == "unknown":
        return text
    return typed.Convert("written", text, TEXT)


def to_list(value: Typed) -> Typed:
    of = value.type
    if of.kind in ("list", "blank", "unknown"):
        return value
    if of.kind == "any":
        return typed.Convert("list", value, LIST.or_blank(of.maybe_blank) if of.maybe_blank else LIST.not_blank())
    return typed.Convert("list", value, Type("list", of.maybe_blank, of=of.not_blank()))
