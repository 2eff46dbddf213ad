"""The functions of the language: one module a family, all of them rows of one registry that plugins can extend."""

from pbx_rules.functions.registry import Example, Function, Parameter, Registry

__all__ = ["Example", "Function", "Parameter", "Registry"]
