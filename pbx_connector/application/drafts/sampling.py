"""What the rules of a draft make of one row: the value of each variable, the verdict of each filter, the records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pbx_rules import Value

from pbx_connector import rows
from pbx_connector.application.drafts.checking import CheckedDraft
from pbx_connector.errors import UsageError
from pbx_connector.model import Mapped, Row

SAMPLE = "sample"


@dataclass(frozen=True, slots=True)
class RuleResult:
    number: int
    """Of the rule, as the form has it."""
    kind: Literal["define", "keep", "skip"]
    value: Value
    """What a variable came to; of a filter, whether its condition held."""
    reads: Mapping[str, Value]
    """What it looked at: fields as `[Name]`, variables as `Name`."""
    left_out: bool = False
    """Whether this filter leaves the row out; the rules below it are not looked at then."""


@dataclass(frozen=True, slots=True)
class Sample:
    results: tuple[RuleResult, ...]
    mapped: Mapped

    def of(self, number: int) -> RuleResult | None:
        """None for a rule that was not looked at."""
        return next((result for result in self.results if result.number == number), None)


def sample(draft: CheckedDraft, row: Mapping[str, Any]) -> Sample | None:
    """None while the draft has mistakes. A value of another type may be written as text, a date in ISO form.

    Raises `UsageError` for a row whose values do not suit the fields of the source.
    """
    loaded = draft.checked.loaded
    if loaded is None:
        return None
    for mistake in rows.mistakes(row, loaded.profile.source.fields):
        if not mistake.unknown:
            raise UsageError(mistake.message, hint=mistake.hint)
    tried = Row(SAMPLE, "", row)
    trace = loaded.rules.trace(tried)
    numbers = {rule.line: rule.number for rule in draft.form.rules}
    results = tuple(
        RuleResult(
            numbers[step.line],
            step.kind,
            step.value,
            step.reads,
            left_out=step.kind != "define" and step.value is not (step.kind == "keep"),
        )
        for step in trace.steps
    )
    return Sample(results, loaded.rules.map(tried, rows.book_of(row, SAMPLE)))
