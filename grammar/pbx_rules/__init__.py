"""The rule language: rules and a structure turn a row into records.

`document.load` reads a profile's YAML, `compile_profile` checks it and gives a `Program`, whose `run` maps a row.
"""

from typing import TYPE_CHECKING, Any

from pbx_rules.compiler import Compiled, compile_profile
from pbx_rules.diagnostics import Diagnostic, Note, Span
from pbx_rules.functions.builtin import BUILTIN
from pbx_rules.functions.registry import Example, Function, Parameter, Registry
from pbx_rules.mentions import Mention, mentions
from pbx_rules.program import Finding, OutputRecord, Program, Result
from pbx_rules.render import render
from pbx_rules.runtime.coercion import as_text
from pbx_rules.runtime.limits import Cost
from pbx_rules.schema import FieldType, SourceField, SourceFields, TargetField, TargetTable
from pbx_rules.values import Value

if TYPE_CHECKING:
    from pbx_rules.formatter import format_rules
    from pbx_rules.tracing import Step, Trace, trace

__all__ = [
    "BUILTIN",
    "Compiled",
    "Cost",
    "Diagnostic",
    "Example",
    "FieldType",
    "Finding",
    "Function",
    "Mention",
    "Note",
    "OutputRecord",
    "Parameter",
    "Program",
    "Registry",
    "Result",
    "SourceField",
    "SourceFields",
    "Span",
    "Step",
    "TargetField",
    "TargetTable",
    "Trace",
    "Value",
    "as_text",
    "compile_profile",
    "format_rules",
    "mentions",
    "render",
    "trace",
]

_ON_USE = {
    "Step": "tracing",
    "Trace": "tracing",
    "format_rules": "formatter",
    "trace": "tracing",
}
"""What few callers need, and the module that has it: imported when it is asked for."""


def __getattr__(name: str) -> Any:
    if name not in _ON_USE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_ON_USE[name]}"), name)
