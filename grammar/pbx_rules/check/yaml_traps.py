"""Catches expressions in the structure that YAML would cut or twist before the language sees them."""

from __future__ import annotations

from pbx_rules import document
from pbx_rules.diagnostics import Findings
from pbx_rules.document.recovery import SPOILED, in_quotes


def expression_text(node: document.Mapping, name: str, findings: Findings) -> document.Scalar | None:
    """The text under that key if it is whole; None if there is none, or if YAML has spoiled it (reported)."""
    value = node.get(name)
    if value is None:
        return None
    if not isinstance(value, document.Scalar):
        _twisted(node, name, value, findings)
        return None
    if value.style == "plain" and value.text.startswith(SPOILED):
        return None
    if not value.text.strip():
        findings.add("R0409", f"`{name}:` is empty", value.span, hint=f"write an expression, or delete {name}:")
        return None
    if value.style == "plain" and _is_cut(value):
        rest = value.source.rest_of_line(value.end).strip()
        findings.add(
            "R0409", f"YAML takes {rest} for a comment", value.span, hint=in_quotes(name, f"{value.text} {rest}")
        )
        return None
    return value


def _twisted(node: document.Mapping, name: str, value: document.Node, findings: Findings) -> None:
    kind = "a list" if isinstance(value, document.Sequence) else "keys and values"
    source = next(key.source for key, _ in node.items if key.text == name)
    hint = in_quotes(name, " ".join(source.at(value.span).split()))
    findings.add("R0409", f"YAML takes this for {kind}", value.span, label="not an expression", hint=hint)


def _is_cut(value: document.Scalar) -> bool:
    """Whether a `#` has ended the text in the middle of a quoted text or a bracket."""
    if not value.source.rest_of_line(value.end).lstrip().startswith("#"):
        return False
    text = value.text
    return text.count('"') % 2 == 1 or any(text.count(a) != text.count(b) for a, b in ("[]", "()", "{}"))
