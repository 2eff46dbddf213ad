"""Draws a diagnostic as the source line with carets; the last step of every command that checks a profile."""

from __future__ import annotations

import re
import unicodedata

from pbx_rules.diagnostics import Diagnostic, Span

_LINE_BREAK = re.compile(r"\r\n|\n|\r")
_WIDEST = 160
"""Characters of a source line that are shown; a longer line is shown around the place in question."""


def render(diagnostic: Diagnostic, text: str) -> str:
    """The plain picture, several lines without a line break at the end; `text` is the file's text."""
    lines = _LINE_BREAK.split(text)
    notes = diagnostic.notes
    margin = len(str(max([diagnostic.span.line, *(note.span.line for note in notes)])))
    drawn = [
        f"{diagnostic.severity}[{diagnostic.code}]: {_printable(diagnostic.message)}",
        f"{' ' * margin}--> {_printable(diagnostic.file)}:{diagnostic.span.line}:{diagnostic.span.column}",
        *_picture(diagnostic.span, lines, margin, "^", diagnostic.label),
    ]
    for note in notes:
        drawn += _picture(note.span, lines, margin, "-", note.message)
    if diagnostic.hint:
        drawn.append(f"{' ' * margin} = help: {_printable(diagnostic.hint)}")
    return "\n".join(drawn)


def _picture(span: Span, lines: list[str], margin: int, mark: str, label: str) -> list[str]:
    line = lines[span.line - 1] if span.line <= len(lines) else ""
    start = span.column - 1
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    first = max(0, start - _WIDEST // 2) if len(line) > _WIDEST else 0
    last = min(len(line), first + _WIDEST)
    shown, indent = _printable(line[first:last]), _width(_printable(line[first:start]))
    length = max(1, _width(_printable(line[start : min(end, last)])))
    return [
        f"{span.line:>{margin}} | {shown}".rstrip(),
        f"{' ' * margin} | {' ' * indent}{mark * length} {_printable(label)}".rstrip(),
    ]


def _printable(text: str) -> str:
    """Control characters, lone surrogates and direction marks must not reach a terminal."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else " " if character == "\t" else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )


def _width(text: str) -> int:
    """Columns on a terminal, so that the carets stand under what they mean."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
