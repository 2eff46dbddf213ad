"""What the tools say about a profile's text: findings with a stable code and an exact place.

Every stage (document, syntax, check, structure) adds to one `Findings`, so that a user sees all mistakes at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from pbx_rules import codes


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a file. Lines and columns count from 1, columns in characters; the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Note:
    """A second place that a finding is about, with what is there."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding; `code` comes from one table and is never reused."""

    code: str
    severity: Literal["error", "warning"]
    message: str
    span: Span
    file: str
    label: str = ""
    """What stands under the caret."""
    hint: str = ""
    notes: tuple[Note, ...] = ()
    path: tuple[str, ...] = ()
    """The keys of the file that lead to what it is about, if it is about a value or one that is missing."""


MOST_FINDINGS = 500
"""Errors of one file that are told, and as many warnings; nobody reads on."""

MOST_WORDS = 50_000
"""Of a file's rules, expressions and placeholders, all together."""


class Findings:
    """Collects the diagnostics of one file; the severity comes from the table of codes."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._counts = {"error": 0, "warning": 0}
        self._found: dict[tuple[str, Span], Diagnostic] = {}
        self.failed = False
        self._words = 0

    def add(
        self, code: str, message: str, span: Span, *, label: str = "", hint: str = "", notes: Iterable[Note] = ()
    ) -> None:
        """The same code at the same place counts once."""
        severity = codes.severity(code)
        self.failed = self.failed or severity == "error"
        if self._counts[severity] >= MOST_FINDINGS or (code, span) in self._found:
            return
        self._counts[severity] += 1
        found = Diagnostic(code, severity, message, span, self._file, label, hint, tuple(notes))
        self._found[code, span] = found

    def read(self, words: int, place: Callable[[], Span]) -> bool:
        """Whether the file may have so many words more, in rules, expressions and placeholders together. Once there are
        too many, nobody reads on, and it is reported where that was."""
        if self.exhausted:
            return False
        self._words += words
        if self.exhausted:
            hint = "divide the profile; what lists many values can be a table of `tables:`"
            self.add("R0109", f"the rules have more than {MOST_WORDS} words up to here", place(), hint=hint)
        return not self.exhausted

    @property
    def exhausted(self) -> bool:
        return self._words > MOST_WORDS

    @property
    def full(self) -> bool:
        """Whether no more errors are taken, so that looking for more is of no use."""
        return self._counts["error"] >= MOST_FINDINGS

    @property
    def sorted(self) -> tuple[Diagnostic, ...]:
        """In the order of the file."""
        return tuple(sorted(self._found.values(), key=lambda found: (found.span.line, found.span.column, found.code)))
