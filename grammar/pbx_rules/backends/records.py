"""Puts values into records, and reports what does not fit; both back ends end here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pbx_rules import codes
from pbx_rules.backends.unread import NO_READINGS, Readings
from pbx_rules.program import Finding, OutputRecord, Result
from pbx_rules.runtime.coercion import as_text
from pbx_rules.runtime.limits import MOST_RECORDS, RowRefused, check_length
from pbx_rules.runtime.text import cut
from pbx_rules.schema import TargetField

SHOWN = 60
"""Characters of a value that is reported."""


class Output:
    """What there is to say about the records of one row."""

    __slots__ = ("_keys", "_keys_length", "_readings", "_repeated", "_unread", "findings")

    def __init__(self, readings: Readings = NO_READINGS) -> None:
        self.findings: list[Finding] = []
        self._readings = readings
        self._unread: set[tuple[str, str, str]] = set()
        self._keys: set[tuple[str, str]] | None = None
        self._keys_length = 0
        self._repeated = 0

    def unread(self, source: str, text: str, what: str) -> None:
        """A text that a function gave blank for: reported at the end, unless another call makes something of it."""
        self._unread.add((source, text, what))

    def report(self, code: str, message: str, where: str = "", hint: str = "") -> None:
        self.findings.append(Finding(code, codes.severity(code), message, where, hint))

    def repeat(self) -> None:
        """Counts a record that `for:` makes. Raises `RowRefused` for the one that is too many."""
        self._repeated += 1
        if self._repeated > MOST_RECORDS:
            message = f"this row makes more than {MOST_RECORDS} records"
            raise RowRefused("R0805", message, hint="narrow `for:` with a rule")

    def keyed(self, table: str, position: int, key: str | None) -> str:
        """The key of a record that `for:` makes; one that is blank or not the only one is reported."""
        keys = self._keys = set() if self._keys is None else self._keys
        self._keys_length += len(key or "")
        check_length(self._keys_length)
        whole = f"{position}:{key or ''}"
        if key is None:
            self.report("R0804", f"the `key:` of a record of {table} is blank", hint='give a fallback: key: … else "…"')
        elif (table, whole) in keys:
            self.report("R0803", f"two records have the same key in {table}", hint="choose another `key:`")
        keys.add((table, whole))
        return whole

    def rejected(self, target: TargetField) -> None:
        title = f" ({target.title})" if target.title else ""
        self.report("R0802", f"{target.name}{title} is required and blank", target.name, "give it a fallback in a rule")

    def fitted(self, target: TargetField, value: Any) -> Any:
        """A value that is there, as the target takes it; one that is cut becomes text."""
        text = value if isinstance(value, str) else as_text(value) or ""
        kept = cut(text, target.max_length or 0)
        if len(kept) == len(text):
            return value
        self.report("R0801", f"cut to {target.max_length} characters", target.name, "shorten it: left(…, n)")
        return kept.rstrip()

    def result(self, records: Iterable[OutputRecord]) -> Result:
        """A row with an error has no records."""
        failed = any(finding.severity == "error" for finding in self.findings)
        return Result(() if failed else tuple(records), None, (*self.findings, *self._unreadable()))

    def _unreadable(self) -> Iterator[Finding]:
        """In one order, whatever the order in which a back end asked."""
        for source, text, what in sorted(self._unread):
            if not self._readings.has(source, text):
                value = cut(text, SHOWN)
                yield Finding("R0809", "warning", what, source, "correct it where it was written", value)
