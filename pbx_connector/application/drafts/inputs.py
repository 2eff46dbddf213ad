"""One input of a form for each thing that a settings model takes, with what the file says there now."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from pbx_rules.document import Mapping, Node, Scalar, Sequence
from pbx_rules.document.recovery import SPOILED
from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from pbx_connector.documents import masked
from pbx_connector.documents.editing import Path, YamlText
from pbx_connector.documents.layout import NotEditable
from pbx_connector.duration import in_words
from pbx_connector.secret import Secret

InputKind = Literal["text", "number", "yes/no", "choice", "list", "secret", "other"]
Reference = Literal["env", "file", "keyring", "vault"]
REFERENCES: tuple[Reference, ...] = ("env", "file", "keyring", "vault")

_HIDDEN = "it is not shown, as it may hold a secret"
_MISPLACED = "the secret itself seems to stand here: say where it lies instead"
_OTHER = "edit this in the source view"
_SPOILED = "it cannot be read"


@dataclass(frozen=True, slots=True)
class Input:
    """One thing that can be said, and what is said now."""

    path: Path
    """The keys that lead to it, as edits name it."""
    kind: InputKind
    """`other`: of a shape that only the source view can show."""
    doc: str
    required: bool
    default: tuple[str, ...]
    """As the file would say it; several for a list, none for what has no default."""
    choices: tuple[str, ...] = ()
    """Of a choice, and of a list of such."""
    value: str = ""
    """What the file says; blank if nothing. Of a list see `values`, of a secret nothing but `reference`."""
    values: tuple[str, ...] = ()
    is_set: bool = False
    """Whether the file says something."""
    reference: Reference | None = None
    """What kind of place a secret is said to lie in."""
    fault: str = ""
    """Why no form can show or edit what stands there; empty for most."""


def inputs(model: type[BaseModel], yaml: YamlText, below: Path = (), *, skip: tuple[str, ...] = ()) -> Iterator[Input]:
    """In the order of the model; those of a model inside it in its place."""
    yield from _inputs(model, yaml, below, None, present=True, skip=skip)


def _inputs(
    model: type[BaseModel], yaml: YamlText, below: Path, defaults: Any, *, present: bool, skip: tuple[str, ...] = ()
) -> Iterator[Input]:
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key in skip:
            continue
        path = (*below, key)
        default = getattr(defaults, name) if defaults is not None else _default(field)
        inner = _model(field)
        if inner is not None:
            is_there = _found(yaml, path)[0] is not None
            needed = present and (field.is_required() or default is not None or is_there)
            yield from _inputs(inner, yaml, path, default, present=needed)
        else:
            required = present and field.is_required() and defaults is None
            yield _input(path, field, default, yaml, required=required)


def _default(field: FieldInfo) -> Any:
    return None if field.is_required() else field.get_default(call_default_factory=True)


def _model(field: FieldInfo) -> type[BaseModel] | None:
    """The model that has the inputs of this field; a secret is one input."""
    kinds = _kinds(field.annotation)
    found = kinds[0] if len(kinds) == 1 else None
    return found if isinstance(found, type) and issubclass(found, BaseModel) and found is not Secret else None


def _kinds(annotation: Any) -> list[Any]:
    """What a value may be, without None."""
    if get_origin(annotation) in (Union, types.UnionType):
        return [kind for part in get_args(annotation) for kind in _kinds(part)]
    if hasattr(annotation, "__metadata__"):
        return _kinds(annotation.__origin__)
    return [] if annotation is type(None) else [annotation]


def _kind(field: FieldInfo) -> tuple[InputKind, tuple[str, ...]]:
    kinds = _kinds(field.annotation)
    if len(kinds) != 1:
        return "other", ()
    kind = kinds[0]
    if choices := _choices(kind):
        return "choice", choices
    if get_origin(kind) in (tuple, list, set, frozenset):
        parts = [one for part in get_args(kind) if part is not Ellipsis for one in _kinds(part)]
        is_simple = len(parts) == 1 and (parts[0] is str or _choices(parts[0]))
        return ("list", _choices(parts[0])) if is_simple else ("other", ())
    if not isinstance(kind, type) or get_origin(kind) is dict or kind is dict:
        return "other", ()
    if kind is Secret:
        return "secret", ()
    if kind is bool:
        return "yes/no", ()
    has_notation = any(isinstance(one, BeforeValidator) for one in field.metadata)
    return ("number" if kind in (int, float) and not has_notation else "text"), ()


def _choices(kind: Any) -> tuple[str, ...]:
    if get_origin(kind) is Literal:
        return tuple(map(str, get_args(kind)))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(str(one.value) for one in kind)
    return ()


def _input(path: Path, field: FieldInfo, default: Any, yaml: YamlText, *, required: bool) -> Input:
    kind, choices = _kind(field)
    node, fault = _found(yaml, path)
    said = {"fault": fault, **_said(kind, node, str(path[-1]))}
    defaults = () if kind in ("secret", "other") else _texts(default)
    return Input(path, kind, field.description or "", required, defaults, choices, **said)


def _found(yaml: YamlText, path: Path) -> tuple[Node | None, str]:
    """What stands there, or why nobody can tell or nothing can."""
    try:
        node, above = yaml.at(path), yaml.at(path[:-1])
    except NotEditable as error:
        return None, error.message
    is_short = node is None and isinstance(above, Scalar) and above.text
    return node, f"{path[-2]} is written in its short form: {_OTHER}" if is_short else ""


def _said(kind: InputKind, node: Node | None, name: str) -> dict[str, Any]:
    if node is None or (isinstance(node, Scalar) and not node.text and node.style == "plain"):
        return {}
    if is_spoiled(node):
        return {"is_set": True, "fault": _SPOILED}
    if kind == "secret":
        return _secret(node)
    if isinstance(node, Scalar):
        if masked(f"{name}: {node.text}") != f"{name}: {node.text}":
            return {"is_set": True, "fault": _HIDDEN}
        values = (node.text,) if kind == "list" else ()
        return {"is_set": True, "value": "" if values else node.text, "values": values}
    if kind == "list" and isinstance(node, Sequence) and all(isinstance(item, Scalar) for item in node.items):
        return {"is_set": True, "values": tuple(str(item.plain()) for item in node.items)}
    return {"is_set": True, "fault": _OTHER}


def is_spoiled(node: Node | None) -> bool:
    """Whether YAML could not read it and something else stands in its place."""
    return isinstance(node, Scalar) and node.text.startswith(SPOILED)


def _secret(node: Node) -> dict[str, Any]:
    if not isinstance(node, Mapping):
        return {"is_set": True, "fault": _MISPLACED}
    return {"is_set": True, "reference": next((kind for kind in REFERENCES if node.get(kind) is not None), None)}


def _texts(value: Any) -> tuple[str, ...]:
    """A default as the file would say it."""
    match value:
        case None:
            return ()
        case bool():
            return ("true" if value else "false",)
        case float():
            return (f"{value:g}",)
        case timedelta():
            return (in_words(value),)
        case Enum():
            return (str(value.value),)
        case tuple() | list() | set() | frozenset():
            return tuple(text for part in value for text in _texts(part))
    return (str(value),)
