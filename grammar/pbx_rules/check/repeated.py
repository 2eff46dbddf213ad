"""Warns where one record may be given two belonging records of one name, as a label that repeats with each category."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pbx_rules import document
from pbx_rules.diagnostics import Findings, Note
from pbx_rules.runtime.text import fold
from pbx_rules.schema import TargetTable

_LOOP = re.compile(r"\s*(?P<name>[^\W\d]\w*)\s+in\s+(?P<over>.+?)\s*", re.IGNORECASE | re.DOTALL)


def warn_of_repeated(records: Iterable[document.Node], table: TargetTable, findings: Findings) -> None:
    """`records` are those that belong to one record of the structure."""
    named: dict[str, document.Mapping] = {}
    for record in records:
        name = record.get(table.unique) if isinstance(record, document.Mapping) else None
        if not isinstance(record, document.Mapping) or not isinstance(name, document.Scalar):
            continue
        _check_loop(record, name, findings)
        before = named.setdefault(fold(name.text.strip()), record)
        if before is not record and not (before.get("when") and record.get("when")):
            note = Note(before.span, "the first time")
            hint = "write one, with both values in it, or give each a `when:`"
            findings.add("R0411", f"{name.text.strip()!r} is given twice", name.span, hint=hint, notes=[note])


def _check_loop(record: document.Mapping, name: document.Scalar, findings: Findings) -> None:
    loop = record.get("for")
    found = _LOOP.fullmatch(loop.text) if isinstance(loop, document.Scalar) else None
    if found is None or re.search(rf"\{{\{{[\s&{{]*{re.escape(found['name'])}\b", name.text):
        return
    hint = f'leave `for:` out and name the list as a text in a rule: Joined = join(", ", {_values(record, found)})'
    findings.add("R0411", f"{name.text.strip()!r} is given once for each {found['name']}", name.span, hint=hint)


def _values(record: document.Mapping, loop: re.Match[str]) -> str:
    """What a rule joins: the list, or one part of each of its elements."""
    texts = [node.text for key, node in record.items if isinstance(node, document.Scalar) and key.text != "for"]
    placeholder = re.compile(r"\{\{\{?\s*(" + re.escape(loop["name"]) + r"\.[^{}]+?)\s*\}?\}\}")
    part = next((found[1] for text in texts if (found := placeholder.fullmatch(text.strip()))), "")
    return f"each {loop['name']} in {loop['over']} give {part}" if part else loop["over"]
