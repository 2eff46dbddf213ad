"""Diagnostics of a file's frame: what pydantic found, said in an administrator's words and at its place.

Codes P0101 and up, for profiles and config.yaml; those of YAML, rules and structure come from `pbx_rules`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, get_args

from pbx_rules import Diagnostic, Span, document
from pbx_rules.codes import TITLES
from pbx_rules.diagnostics import MOST_FINDINGS
from pbx_rules.document import Mapping, Node, Scalar
from pbx_rules.suggest import nearest
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from pbx_connector.secret import Secret

START = Span(1, 1, 1, 2)
"""The place of a finding that is about the whole file."""

_HIDDEN_KEY = "an unknown key beside a secret, or where one belongs"
_MESSAGES = {
    "model_type": "must have keys of its own (key: value)",
    "dict_type": "must have keys of its own (key: value)",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "string_type": "must be a text",
    "bool_parsing": "must be true or false",
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
}
"""What pydantic says in terms of Python, in those of a YAML file."""

_YES, _NO = frozenset({"ja", "wahr", "j", "enabled"}), frozenset({"nein", "falsch", "none", "disabled"})

CODES = {
    "P0101": "the file cannot be read",
    "P0102": "a required key is missing",
    "P0103": "an unknown key",
    "P0104": "a value of the wrong form",
    "P0105": "a source that is not installed",
    "P0106": "two profiles with one id",
    "P0107": "a secret written into the profile",
    "P0108": "a test whose row has a field that the source does not have",
    "P0109": "a test whose row has a value that does not suit its field",
    "P0110": "a profile that waits for a person's word",
    "P0111": "a field that is always blank over this source",
}
"""Every code of this module and what it stands for; never reused."""

FINDING_KINDS: dict[str, str] = {**TITLES, **CODES}
"""What every code of profiles, of their rules and of what rows show stands for."""


def finding(code: str, message: str, *, file: str, span: Span = START, label: str = "", hint: str = "") -> Diagnostic:
    return Diagnostic(code=code, severity="error", message=message, span=span, file=file, label=label, hint=hint)


def from_validation(
    error: ValidationError,
    *,
    file: str,
    root: Mapping,
    model: type[BaseModel],
    below: str = "",
    unread: Collection[str] = (),
) -> Iterable[Diagnostic]:
    """One finding per pydantic error, and no more than `MOST_FINDINGS`.

    `root` is the mapping that was validated, `below` its name in the profile.
    The keys `unread` are there, but nobody could read them: they are not missing.
    """
    # Inputs are left out: they may hold a secret.
    for details in error.errors(include_input=False, include_url=False)[:MOST_FINDINGS]:
        if details["type"] != "missing" or details["loc"] not in {(key,) for key in unread}:
            yield from_details(details, file=file, root=root, model=model, below=below)


def from_details(
    details: ErrorDetails, *, file: str, root: Mapping, model: type[BaseModel], below: str = ""
) -> Diagnostic:
    found = _from_details(details, file=file, root=root, model=model, below=below)
    keys = (below, *map(str, details["loc"]))
    return replace(found, path=tuple(key for key in keys if key))


def _from_details(details: ErrorDetails, *, file: str, root: Mapping, model: type[BaseModel], below: str) -> Diagnostic:
    path = [str(part) for part in details["loc"]]
    key, node = _place(root, path)
    name = _name(path, key) or below
    if details["type"] == "missing":
        owner = ".".join(part for part in (below, *path[:-1]) if part)
        where = f" in {owner}" if owner else ""
        if key is not None and key.text == name:
            return finding("P0102", f"{name!r} is empty{where}", file=file, span=key.span)
        return finding("P0102", f"{name!r} is missing{where}", file=file, span=_start(node), hint=f"add {name}: ...")
    if details["type"] == "extra_forbidden":
        known = _keys(model, path[:-1])
        if not get_close_matches(name, known) and _is_near_secrets(model, path[:-1]):
            hint = f"it is not shown, as it may be a secret; known keys: {', '.join(known)}"
            return finding("P0103", _HIDDEN_KEY, file=file, span=key.span if key else node.span, hint=hint)
        hint = _did_you_mean(name, known)
        return finding("P0103", f"unknown key {name!r}", file=file, span=key.span if key else node.span, hint=hint)
    if _is_secret(details):
        return finding(
            "P0107",
            f"{name!r} must say where the secret lies, it must not hold it",
            file=file,
            span=key.span if key else _start(node),
            hint=f"write {name}: {{env: NAME}}, {{file: PATH}} or {{keyring: NAME}}",
        )
    hint = _meant_value(details, node.text) if isinstance(node, Scalar) else ""
    return finding("P0104", f"{name!r}: {_words(details)}", file=file, span=node.span, hint=hint)


def _meant_value(details: ErrorDetails, text: str) -> str:
    """The value that was probably meant, as it is written; empty if nobody can tell."""
    limits = details.get("ctx", {})
    if details["type"] in ("literal_error", "enum"):
        near = nearest(text, re.findall("'([^']*)'", str(limits.get("expected", ""))))
        return f"did you mean {near}?" if near else ""
    if details["type"] == "bool_parsing":
        near = "true" if text.lower() in _YES else "false" if text.lower() in _NO else ""
        return f"did you mean {near}?" if near else ""
    if details["type"] == "less_than_equal" and limits.get("le") == 1 and re.fullmatch("[0-9]{1,3}( ?%)?", text):
        return f"did you mean {int(text.rstrip(' %')) / 100:g}?"
    return ""


def hidden_keys(found: Iterable[Diagnostic]) -> Iterator[Span]:
    """Where keys stand that no excerpt of the file may show."""
    return (diagnostic.span for diagnostic in found if diagnostic.message == _HIDDEN_KEY)


def _name(path: Sequence[str], key: Scalar | None) -> str:
    """What is wrong, by name; an item of a list goes by the list's."""
    if path and path[-1].isdecimal() and key is not None:
        return key.text
    return path[-1] if path else ""


def _place(root: Mapping, path: Sequence[str]) -> tuple[Scalar | None, Node]:
    """The deepest node that the path leads to, and its key. Parts that name nothing in the file are passed over."""
    key: Scalar | None = None
    node: Node = root
    for part in path:
        if isinstance(node, document.Sequence) and part.isdecimal() and int(part) < len(node.items):
            node = node.items[int(part)]
        elif isinstance(node, Mapping):
            key, node = next(((known, value) for known, value in node.items if known.text == part), (key, node))
    return key, node


def _start(node: Node) -> Span:
    span = node.span
    return Span(span.line, span.column, span.line, span.column + 1)


def _keys(model: type[BaseModel], path: Sequence[str]) -> list[str]:
    """The keys that may stand where the path leads; none if that is no model."""
    owner = _model_at(model, path)
    return [key for key, _ in _fields(owner)] if owner else []


def _is_near_secrets(model: type[BaseModel], path: Sequence[str]) -> bool:
    """Whether the path leads to a secret's place, or to a model that has such places."""
    owner = _model_at(model, path)
    if owner is None or owner is Secret:
        return owner is Secret
    return any(nested is Secret for _, field in _fields(owner) for nested in _models(field.annotation))


def _model_at(model: type[BaseModel], path: Sequence[str]) -> type[BaseModel] | None:
    for part in path:
        if not part.isdecimal():
            field = next((field for key, field in _fields(model) if key == part), None)
            nested = next(_models(field.annotation), None) if field else None
            if nested is None:
                return None
            model = nested
    return model


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """As a profile names them."""
    return ((field.alias or name, field) for name, field in model.model_fields.items())


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _did_you_mean(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"known keys: {', '.join(known)}" if known else ""


def _is_secret(details: ErrorDetails) -> bool:
    return details["type"] == "model_type" and details.get("ctx", {}).get("class_name") == "Secret"


def _words(details: ErrorDetails) -> str:
    message = _MESSAGES.get(details["type"], details["msg"].removeprefix("Value error, "))
    return message[:1].lower() + message[1:]
