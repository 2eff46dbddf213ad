"""Between the rule language and the phone book: gives rules and structure the phone book's target fields, and turns
what the compiled program makes of a row into `Record`s. Pure; the run pipeline calls `Rules.map` for each row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pbx_rules import (
    BUILTIN,
    Diagnostic,
    Finding,
    OutputRecord,
    Program,
    Registry,
    Value,
    as_text,
    compile_profile,
)
from pbx_rules.compiler import NOTHING_UNREAD
from pbx_rules.document import Node, Scalar
from pbx_rules.runtime.text import cut
from pbx_rules.schema import SourceField, SourceFields, TargetField, TargetTable

from pbx_connector.counting import counted
from pbx_connector.model import Book, Mapped, Problem, Record, Row
from pbx_connector.source import FieldSet
from pbx_connector.targets import (
    ACCOUNT_CODE,
    ENTRY_TABLE,
    LABEL_NAME_CODE,
    LABEL_NAME_MAX_LENGTH,
    LABEL_TABLE,
    LABEL_VALUE_CODE,
    LABEL_VALUE_MAX_LENGTH,
    TARGET_BY_CODE,
    TARGET_BY_NAME,
    TARGETS,
    fitting,
)

if TYPE_CHECKING:
    from pbx_rules import Trace
UNREAD = "R0809"
"""The problem with a value that is not what the rules took it for, such as a number that is none."""


def no_number(values: int) -> str:
    return f"{counted(values, 'value')} {'was' if values == 1 else 'were'} no number"


def _target_table() -> TargetTable:
    fields = [
        TargetField(
            target.code,
            target.title,
            target.max_length,
            "reject" if target.required else "omit",
            numbers=target.kind == "phone",
        )
        for target in TARGETS
    ]
    labels = TargetTable(
        LABEL_TABLE,
        (
            TargetField(LABEL_NAME_CODE, "label", LABEL_NAME_MAX_LENGTH, "reject"),
            TargetField(LABEL_VALUE_CODE, "label value", LABEL_VALUE_MAX_LENGTH, "drop"),
        ),
        unique=LABEL_NAME_CODE,
    )
    return TargetTable(ENTRY_TABLE, (*fields, TargetField(ACCOUNT_CODE, "owner of a private entry")), (labels,))


@dataclass(frozen=True, slots=True)
class Rules:
    """The compiled rules and structure of one profile."""

    program: Program
    publish_personal: bool = False

    @property
    def fields(self) -> frozenset[str]:
        return self.program.fields

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.program.digest} {self.publish_personal}".encode()).hexdigest()

    def trace(self, row: Row) -> Trace:
        """Each rule with what it read and gave."""
        from pbx_rules import trace

        return trace(self.program, row.values)

    def map(self, row: Row, book: Book) -> Mapped:
        """The records of one row; a personal one is private to its account, come what may (safety rule 7)."""
        result = self.program.run(row.values)
        problems = [_problem(finding, row, book) for finding in result.findings]
        records = []
        for output in result.records:
            record, twice = _record(output)
            problems += [_joined(name, row, book) for name in twice]
            if book.account is not None and not self.publish_personal:
                if record.account not in (None, book.account):
                    problems.append(_breach(row, book))
                record = replace(record, account=book.account)
            records.append(record)
        mapped = Mapped(tuple(records), result.skipped, tuple(problems))
        return replace(mapped, records=()) if mapped.failed else mapped


def compile_rules(
    *,
    file: str,
    rules: Scalar | None,
    structure: Node | None,
    tables: Node | None,
    region: Scalar | None,
    fields: FieldSet,
    functions: Registry = BUILTIN,
    publish_personal: bool = False,
    unread: Mapping[str, str] = NOTHING_UNREAD,
) -> tuple[Rules | None, tuple[Diagnostic, ...]]:
    """Check and compile; no rules without a structure, or if there is an error among the findings."""
    compiled = compile_profile(
        file=file,
        rules=rules,
        structure=structure,
        tables=tables,
        region=region,
        target=(_target_table(),),
        source=_source_fields(fields),
        functions=functions,
        unread=unread,
    )
    program = compiled.program
    return (Rules(program, publish_personal) if program else None), compiled.diagnostics


def _source_fields(fields: FieldSet) -> SourceFields:
    return SourceFields(
        tuple(SourceField(known.name, known.type, known.of, known.as_text) for known in fields.fields), fields.closed
    )


def _record(output: OutputRecord) -> tuple[Record, list[str]]:
    """With the names of labels that are given more than once, whose values are joined."""
    values = _texts(output.values)
    account = values.pop(ACCOUNT_CODE, None)
    labels, twice = _labels([_texts(post.values) for post in output.post])
    fields = {TARGET_BY_CODE[code].name: text for code, text in values.items()}
    return Record(key=output.key, account=account, fields=fields, labels=labels), twice


def _labels(given: Sequence[Mapping[str, str]]) -> tuple[dict[str, str], list[str]]:
    found: dict[str, list[str]] = {}
    for label in given:
        if LABEL_NAME_CODE in label and LABEL_VALUE_CODE in label:  # what was only control characters is not there
            found.setdefault(label[LABEL_NAME_CODE], []).append(label[LABEL_VALUE_CODE])
    joined = {name: cut(", ".join(dict.fromkeys(values)), LABEL_VALUE_MAX_LENGTH) for name, values in found.items()}
    return joined, [name for name, values in found.items() if len(values) > 1]


def coded(record: Record) -> dict[str, str]:
    """The fields of a record, and its owner, by the codes that structures use."""
    fields = {TARGET_BY_NAME[name].code: text for name, text in record.fields.items()}
    return fields if record.account is None else {**fields, ACCOUNT_CODE: record.account}


def _texts(values: Mapping[str, Value]) -> dict[str, str]:
    """As the phone book holds them: on one line, except for notes; blank ones are left out."""
    texts = ((code, as_text(value)) for code, value in values.items())
    return {code: clean for code, text in texts if text and (clean := fitting(code, text))}


def _problem(finding: Finding, row: Row, book: Book) -> Problem:
    where = f"{book.title}, row {row.key}" + (f", {finding.where}" if finding.where else "")
    return Problem(finding.code, finding.message, where, finding.hint, finding.severity, value=finding.value)


def _breach(row: Row, book: Book) -> Problem:
    return Problem(
        "M0101",
        "the structure gives a personal contact to another account",
        f"{book.title}, row {row.key}",
        f'write {ACCOUNT_CODE}: "{{{{local_id}}}}", or spell out publish_personal: true',
    )


def _joined(name: str, row: Row, book: Book) -> Problem:
    return Problem(
        "M0102",
        f"the label {name!r} is given more than once; its values are joined",
        f"{book.title}, row {row.key}",
        'join them in a rule, such as join(", ", [Categories]), or give each a label of its own',
        severity="warning",
    )
