"""Formats the `rules:` block of a profile's text and leaves every other character as it is; for `fmt` and editors."""

from __future__ import annotations

from pbx_rules import Diagnostic
from pbx_rules.document import Document, Mapping, Scalar, load

from pbx_connector.documents import finding, masked
from pbx_connector.errors import ProfileError


def format_profile(text: str, file: str) -> str:
    """Raises `ProfileError` if the file is no YAML or its rules are no block."""
    document = load(text, file)
    if not isinstance(document.root, Mapping):
        missing = finding("P0104", "a profile is a mapping: title: ..., source: ...", file=file)
        raise _refusal(document, document.diagnostics or (missing,))
    rules = document.root.get("rules")
    if not isinstance(rules, Scalar) or not rules.text.strip():
        return text
    if rules.style != "literal":
        hint = "write `rules: |` and put the statements on the lines below it"
        found = finding("P0104", "only a block of rules can be formatted", file=file, span=rules.span, hint=hint)
        raise _refusal(document, (found,))
    return _replaced(text, rules)


def _refusal(document: Document, found: tuple[Diagnostic, ...]) -> ProfileError:
    return ProfileError(f"{document.file} cannot be formatted", found, text=masked(document.text))


def _replaced(text: str, rules: Scalar) -> str:
    """Each line of the block with the indentation that the block has."""
    header, newline, body = text[rules.start :].partition("\n")
    lines = body.split("\n")
    indent = _indent(lines) - _indent(rules.text.split("\n"))
    length = next((at for at, line in enumerate(lines) if line.strip() and _leading(line) < indent), len(lines))
    while length and not lines[length - 1].strip():
        length -= 1
    ending = "\r" if header.endswith("\r") else ""
    from pbx_rules import format_rules

    written = format_rules(rules.text).rstrip("\n").split("\n")
    lines[:length] = [(" " * indent + line if line else "") + ending for line in written]
    return text[: rules.start] + header + newline + "\n".join(lines)


def _indent(lines: list[str]) -> int:
    """The indentation of the first line that is not empty."""
    return next(_leading(line) for line in lines if line.strip())


def _leading(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
