"""The rule language: rules and a structure turn a row into records."""

from pbx_rules.diagnostics import Diagnostic, Note, Span
from pbx_rules.render import render
from pbx_rules.values import Value

__all__ = ["Diagnostic", "Note", "Span", "Value", "render"]
