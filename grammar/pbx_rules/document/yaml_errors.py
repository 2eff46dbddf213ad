"""Says what is wrong with text that is no YAML, in words for people who do not know YAML's; called by `reader`."""

from __future__ import annotations

from ruamel.yaml.error import MarkedYAMLError

from pbx_rules.diagnostics import Findings, Note, Span
from pbx_rules.document.places import SourceText

_QUOTES = "put the whole value in quotes '…'"
_WORDS = (
    ("character '\\t'", "a tab cannot indent a line", "use blanks"),
    ("mapping values are not allowed", "a second `: ` on this line", _QUOTES + ", or look for a missing line break"),
    ("could not find expected ':'", "a key without its `:`", "write `key: value`, with a blank after the colon"),
    ("expected <block end>", "this does not belong here", "indent it like the lines above, or " + _QUOTES),
    ("unexpected end of stream", "a quote or bracket that is opened here is never closed", "close it"),
    ("expected ',' or", "a bracket or brace is not closed, or a comma is missing", "close it, or " + _QUOTES),
    ("cannot start any token", "a value cannot begin with this character", _QUOTES),
    ("unknown escape character", "an unknown escape after `\\`", "use single quotes '…', where \\ is just a character"),
    ("found undefined alias", "a value cannot begin with `*`", _QUOTES),
)
_TOO_DEEP = (
    "this key belongs to nothing",
    "indent it like the keys above; or the line above lacks its `:`, or the text that begins there its `|`",
)
_UNCLOSED = ("unexpected end of stream", "expected ',' or")
"""Reported where the quote or bracket opens, not where the file ends."""


def _spans_lines(error: MarkedYAMLError) -> bool:
    """Whether what was begun is missing its end on a later line."""
    begun, noticed = error.context_mark, error.problem_mark
    return begun is not None and (noticed is None or noticed.line > begun.line)


def place(error: MarkedYAMLError) -> int:
    """The offset at which an error is reported."""
    unclosed = _spans_lines(error) and any(words in _problem(error) for words in _UNCLOSED)
    mark = error.context_mark if unclosed else error.problem_mark or error.context_mark
    return mark.index if mark else 0


def explain(error: MarkedYAMLError, source: SourceText, findings: Findings) -> Span:
    """Adds one finding for the error that ended the reading, and says where that was."""
    problem, at = _problem(error), place(error)
    message, hint = next(((said, hint) for words, said, hint in _WORDS if words in problem), (problem, ""))
    if "mapping values are not allowed" in problem and _is_first_colon(at, source):
        message, hint = _TOO_DEEP
    notes = []
    if error.context_mark and error.context_mark.index != at:
        begin = error.context_mark.index
        notes.append(Note(source.span(begin, begin + 1), str(error.context)))
    span = source.span(at, at if at >= len(source.text) or source.text[at] in "\r\n" else at + 1)
    findings.add("R0001", f"this is not YAML: {message}", span, hint=hint, notes=notes)
    return span


def _is_first_colon(at: int, source: SourceText) -> bool:
    before = source.text[at - source.position(at)[1] + 1 : at]
    return ": " not in before


def _problem(error: MarkedYAMLError) -> str:
    return str(error.problem or error.context or error)
