"""Where numbers without a country code are read or stored, though nobody has said which country's they are."""

from __future__ import annotations

from pbx_rules import typed
from pbx_rules.check.scope import Names, Scope
from pbx_rules.diagnostics import Findings, Span
from pbx_rules.functions.registry import Function
from pbx_rules.syntax.tree import At
from pbx_rules.typed import Typed

HINT = "add a line to the profile, beside title: region: DE (or your own country)"


def note_call(function: Function, text: Typed, at: At, scope: Scope) -> None:
    """Of a call without a region. What takes a number apart is mostly given one that `phone` has read."""
    if not _has_code(text) and (function.unread or isinstance(text, typed.Field)):
        scope.names.without_region.setdefault("read", scope.span(at))


def note_value(value: Typed, span: Span, names: Names) -> None:
    """Of a target field that holds numbers."""
    if is_raw(value, names):
        names.without_region.setdefault("stored", span)


def is_raw(node: Typed, names: Names) -> bool:
    """Whether it is a source field as it stands."""
    match node:
        case typed.Field():
            return node.type.kind != "unknown"
        case typed.Variable(name):
            return name in names.raw
        case typed.Part(of=inner) | typed.Convert(value=inner):
            return is_raw(inner, names)
        case typed.Else(options):
            return any(is_raw(option, names) for option in options)
        case typed.If(_, then, otherwise):
            return is_raw(then, names) or is_raw(otherwise, names)
    return False


def warn_of_region(names: Names, findings: Findings) -> None:
    """Once for each way: the first place stands for all."""
    if span := names.without_region.get("read"):
        findings.add("R0319", "no region is known, so numbers without a country code come out blank", span, hint=HINT)
    if span := names.without_region.get("stored"):
        message = "no region is known, so look-up can only guess whose a number without a country code is"
        findings.add("R0319", message, span, hint=HINT)


def _has_code(text: Typed) -> bool:
    """A text that is spelled out, everybody sees; one that begins with `+` names its country."""
    if isinstance(text, typed.Concat):
        first = text.parts[0]
        return isinstance(first, typed.Constant) and str(first.value).lstrip().startswith("+")
    return isinstance(text, typed.Constant)
