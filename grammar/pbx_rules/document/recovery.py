"""Gets past an expression that is no YAML as it stands, so that the rest is read too; called by `reader`.

People write `when: [Surname] is "Lee"`, which YAML takes for a list with something behind it.
"""

from __future__ import annotations

import re

from ruamel.yaml.error import MarkedYAMLError

from pbx_rules.diagnostics import Findings
from pbx_rules.document.places import SourceText

SPOILED = "\ufdd0"
"""Fills the place of an expression that has been reported; never in a file, because `reader` refuses it."""
_EXPRESSION = re.compile(r"[ \t]*(?:-[ \t]+)*(?P<key>when|for|key):[ \t]+(?P<text>[^\s|>#].*)")

_SECTION = re.compile(r"^(?P<name>[A-Za-z_]\w*):(?=\s|$)", re.MULTILINE)


def recovered(error: MarkedYAMLError, source: SourceText, findings: Findings) -> SourceText | None:
    """The text without the expression in which the reading ended, every place as before; None if that was elsewhere."""
    for mark in (error.problem_mark, error.context_mark):
        line = source.rest_of_line(mark.index - mark.column).rstrip() if mark else ""
        found = _EXPRESSION.match(line)
        if mark and found and found.start("text") <= mark.column <= len(line):
            start = mark.index - mark.column + found.start("text")
            end = start + len(found["text"])
            hint = in_quotes(found["key"], found["text"])
            findings.add("R0409", "YAML cannot read this as one text", source.span(start, end), hint=hint)
            return SourceText(source.text[:start] + SPOILED * len(found["text"]) + source.text[end:])
    return None


def without_section(text: str, line: int) -> tuple[str, str] | None:
    """The name of the top level's section that `line` is in, and the text without it, every place as before."""
    source, starts = SourceText(text), list(_SECTION.finditer(text))
    at = sum(source.position(found.start())[0] <= line for found in starts) - 1
    if at < 0:
        return None
    start, end = starts[at].start(), starts[at + 1].start() if at + 1 < len(starts) else len(text)
    return starts[at]["name"], text[:start] + re.sub(r"[^\r\n]", " ", text[start:end]) + text[end:]


def in_quotes(key: str, text: str) -> str:
    return f"put it in quotes: {key}: '{text.replace(chr(39), chr(39) * 2)}'"
