"""Puts values into records, and reports what does not fit; both back ends end here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pbx_rules import codes
from pbx_rules.program import Finding, OutputRecord, Result
from pbx_rules.runtime.limits import MOST_RECORDS, RowRefused
from pbx_rules.runtime.reading import as_text
from pbx_rules.runtime.text import cut
from pbx_rules.schema import TargetField
from pbx_rules.values import Value


@dataclass
class Output:
    """The records and findings of one row."""

    records: list[OutputRecord] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    keys: set[tuple[str, str]] = field(default_factory=set)
    made: int = 0

    def report(self, code: str, message: str, where: str = "", hint: str = "") -> None:
        self.findings.append(Finding(code, codes.severity(code), message, where, hint))

    def count(self) -> None:
        """Raises `RowRefused` for the record that is one too many."""
        self.made += 1
        if self.made > MOST_RECORDS:
            raise RowRefused(
                "R0805", f"this row makes more than {MOST_RECORDS} records", hint="narrow `for:` with a rule"
            )

    def add(self, record: OutputRecord) -> None:
        if (record.table, record.key) in self.keys:
            self.report("R0803", f"two records have the same key in {record.table}", hint="choose another `key:`")
        self.keys.add((record.table, record.key))
        self.records.append(record)

    def blank_key(self, table: str) -> None:
        self.report("R0804", f"the `key:` of a record of {table} is blank", hint='give a fallback: key: … else "…"')

    def rejected(self, target: TargetField) -> None:
        title = f" ({target.title})" if target.title else ""
        self.report("R0802", f"{target.name}{title} is required and blank", target.name, "give it a fallback in a rule")

    def fitted(self, target: TargetField, value: Any) -> Value:
        """A value that is there, as the target takes it."""
        if target.max_length is None:
            return value  # type: ignore[no-any-return]
        text = value if isinstance(value, str) else as_text(value) or ""
        kept = cut(text, target.max_length)
        if len(kept) < len(text):
            self.report("R0801", f"cut to {target.max_length} characters", target.name, "shorten it: left(…, n)")
            return kept.rstrip()
        return value  # type: ignore[no-any-return]

    def result(self) -> Result:
        """A row with an error has no records."""
        findings = tuple(self.findings)
        failed = any(finding.severity == "error" for finding in findings)
        return Result(() if failed else tuple(self.records), None, findings)
