"""Reads a profile's `tables:` (name, then key and value) into what `lookup` searches."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping

from pbx_rules import document
from pbx_rules.check.vocabulary import KEYWORDS
from pbx_rules.diagnostics import Findings, Note, Span
from pbx_rules.runtime.text import composed, fold

Table = AbstractMapping[str, str | None]


def read_tables(node: document.Node | None, findings: Findings) -> dict[str, Table]:
    """Each table by name, its values by folded key."""
    if node is None or (isinstance(node, document.Scalar) and not node.text.strip()):
        return {}
    if not isinstance(node, document.Mapping):
        findings.add("R0501", "`tables:` holds tables by name", node.span, hint='tables: {departments: {"10": Sales}}')
        return {}
    return {name.text: _read_table(name, value, findings) for name, value in node.items if _is_name(name, findings)}


def _is_name(name: document.Scalar, findings: Findings) -> bool:
    if name.text.isidentifier() and name.text.lower() not in KEYWORDS:
        return True
    hint = "one word of letters, digits and _"
    findings.add("R0503", f"{name.text!r} cannot name a table", name.span, hint=hint)
    return False


def _read_table(name: document.Scalar, node: document.Node, findings: Findings) -> Table:
    if not isinstance(node, document.Mapping):
        findings.add("R0501", f"the table {name.text} needs keys and values", node.span, hint='{"10": Sales}')
        return {}
    table: dict[str, str | None] = {}
    places: dict[str, Span] = {}
    for key, value in node.items:
        folded = fold(key.text.strip())
        if not isinstance(value, document.Scalar):
            findings.add("R0501", "a table's values are plain texts", value.span, hint="key: value")
        elif folded in table:
            note = Note(places[folded], "the first time")
            findings.add(
                "R0502", f"the key {key.text!r} stands twice", key.span, hint="case does not count", notes=[note]
            )
        else:
            table[folded], places[folded] = composed(value.text) if value.text.strip() else None, key.span
    return table
