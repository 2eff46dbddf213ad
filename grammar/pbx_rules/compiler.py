"""Compiles a profile: document nodes in, a program and all diagnostics out. The one entrance to the language.

    rules -> syntax.parser -> check.statements \\
                                                 typed.Rules -> a back end -> Program
    structure -> check.template, check.structure /
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from pbx_rules import document, typed
from pbx_rules.check.regions import warn_of_region
from pbx_rules.check.scope import Defined, Names
from pbx_rules.check.statements import check_statements
from pbx_rules.check.structure import StructureCheck
from pbx_rules.check.tables import read_tables
from pbx_rules.collector import without_collector
from pbx_rules.diagnostics import Diagnostic, Findings, Span
from pbx_rules.functions.builtin import BUILTIN
from pbx_rules.functions.phone import check_region
from pbx_rules.functions.registry import Registry
from pbx_rules.program import Program, Run
from pbx_rules.schema import SourceFields, TargetTable
from pbx_rules.syntax import tree
from pbx_rules.syntax.parser import parse_rules
from pbx_rules.types import UNKNOWN, of_field

_DEFINITION = re.compile(r"^(?P<name>[^\W\d]\w*)[ \t]*=(?!=)", re.MULTILINE)

_LOST_DEFINITION = re.compile(r"^(?:rules:)?[ \t\"'>|]*(?P<name>[^\W\d]\w*)[ \t]*=(?!=)", re.MULTILINE)
NOTHING_UNREAD: Mapping[str, str] = MappingProxyType({})

LANGUAGE = "3"
"""Part of every digest: raised when the same rules come to mean something else."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """`program` is None exactly if one of the diagnostics is an error."""

    program: Program | None
    diagnostics: tuple[Diagnostic, ...]


@without_collector()
def compile_profile(
    *,
    file: str,
    rules: document.Scalar | None,
    structure: document.Node | None,
    target: tuple[TargetTable, ...],
    source: SourceFields,
    tables: document.Node | None = None,
    region: document.Scalar | None = None,
    functions: Registry = BUILTIN,
    unread: Mapping[str, str] = NOTHING_UNREAD,
) -> Compiled:
    """Check everything and report every mistake; `file` is only named in the diagnostics.

    There is no program without a structure. Of sections that YAML could not read (`Document.unread`) nothing is said,
    nor of what only they can tell.
    """
    findings = Findings(file)
    statements = parse_rules(rules, findings) if rules else ()
    names = Names(
        fields={known.name: of_field(known) for known in source.fields},
        closed=source.closed,
        functions=functions,
        tables=read_tables(tables, findings),
        region=_region(region, findings),
        later=_definitions(statements, rules),
        texts={known.name: known.as_text for known in source.fields if known.as_text},
        tables_known="tables" not in unread,
    )
    names.variables.update(_unread(rules, unread.get("rules"), names.later))
    checked = tuple(check_statements(statements, rules, names, findings)) if rules else ()
    if structure is None:
        return Compiled(None, findings.sorted)
    records = StructureCheck(names, findings).check(structure, target)
    if not unread:
        _report_unused(names, findings)
    if names.region is None and not (region and region.text.strip()) and "region" not in unread:
        warn_of_region(names, findings)
    if findings.failed:
        return Compiled(None, findings.sorted)
    whole = typed.Rules(checked, records, names.used_fields)
    digest = _digest(statements, structure, tables, names.region, repr(target), repr(sorted(names.used_fields.items())))
    return Compiled(Program(frozenset(names.used_fields), digest, whole, _compiling(whole)), findings.sorted)


def _compiling(rules: typed.Rules) -> Callable[[], Run]:
    @cache
    def compiled() -> Run:
        from pbx_rules.backends import choice

        return choice.build(rules)

    return compiled


def _region(region: document.Scalar | None, findings: Findings) -> str | None:
    if region is None or not region.text.strip():
        return None
    try:
        return check_region(region.text)
    except ValueError as error:
        findings.add("R0309", str(error), region.span)
        return None


def _definitions(statements: Sequence[tree.Statement], rules: document.Scalar | None) -> dict[str, Span]:
    defined = [node for node in statements if isinstance(node, tree.Define)]
    return {node.name: rules.span_at(*node.name_at) for node in reversed(defined)} if rules else {}


def _unread(rules: document.Scalar | None, lost: str | None, read: Mapping[str, Span]) -> dict[str, Defined]:
    """Variables whose definitions have mistakes of their own, so that nothing is said about where they are used."""
    found = _DEFINITION.finditer(rules.text) if rules else _LOST_DEFINITION.finditer(lost or "")
    span = rules.span if rules else Span(1, 1, 1, 1)
    return {name: Defined(UNKNOWN, span, used=True) for name in {match["name"] for match in found} - set(read)}


def _report_unused(names: Names, findings: Findings) -> None:
    for name, defined in names.variables.items():
        if not defined.used and not findings.failed:
            hint = "delete it, or use it in a rule or in the structure"
            findings.add("R0207", f"nothing uses {name}", defined.span, hint=hint)


def _digest(
    statements: Sequence[tree.Statement], structure: document.Node, tables: document.Node | None, *more: object
) -> str:
    """From the trees, which know neither comments nor layout."""
    meaning = (LANGUAGE, tuple(statements), structure.plain(), tables.plain() if tables else None, *more)
    return hashlib.sha256(repr(meaning).encode("utf-8", "backslashreplace")).hexdigest()
