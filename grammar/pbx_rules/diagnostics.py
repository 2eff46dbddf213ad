"""What the tools say about a profile's text: findings with a stable code and an exact place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


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
