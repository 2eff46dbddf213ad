"""A profile's rules and structure, ready to map rows; made by `compiler.compile_profile`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from pbx_rules.runtime.limits import RowRefused
from pbx_rules.typed import Rules
from pbx_rules.values import Value


class OutputRecord(NamedTuple):
    table: str
    key: str
    """Tells the records of one row apart and stays: its position in the structure, with `for:` also its `key:`."""
    values: Mapping[str, Value]
    """Only those with a value; text, unless the target field takes values as they are."""
    post: tuple[OutputRecord, ...] = ()
    """The records that belong to this one."""


class Finding(NamedTuple):
    """Something wrong with one row. It names fields and never shows the row's values, but for `value`."""

    code: str
    severity: Literal["error", "warning"]
    """An error means that the row has no records."""
    message: str
    where: str = ""
    """The target field, if it is about one; or the source field, in brackets."""
    hint: str = ""
    value: str = ""
    """Its beginning, of a text that is not what the rules took it for. For those who may see the row."""


class Result(NamedTuple):
    """What became of a row: records, or the reason why it is skipped, or findings."""

    records: tuple[OutputRecord, ...] = ()
    skipped: str | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def failed(self) -> bool:
        return any(finding.severity == "error" for finding in self.findings)


Run: TypeAlias = Callable[[Mapping[str, Value]], Result]


@dataclass(frozen=True, slots=True)
class Program:
    fields: frozenset[str]
    """The source fields that rules and structure use."""
    digest: str
    """Changes with whatever changes what rows become; comments and layout do not count."""
    rules: Rules = field(repr=False)
    _compiled: Callable[[], Run] = field(repr=False)
    """Compiles when it is first called: a profile that is only checked needs no code."""

    def run(self, values: Mapping[str, Value]) -> Result:
        """Map one row. Pure; never raises: what cannot be mapped becomes a finding."""
        run = self._compiled()  # a mistake of the compiler is no mistake of the row
        try:
            return run(values)
        except RowRefused as refused:
            finding = Finding(refused.code, "error", refused.message, refused.where, refused.hint)
        except Exception as error:  # noqa: BLE001 - a plugin's function or a row's own Mapping may raise anything
            message = f"a function failed: {type(error).__name__}"
            finding = Finding("R0808", "error", message, hint="report it to the author of the plugin")
        return Result(findings=(finding,))
