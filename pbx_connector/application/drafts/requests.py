"""Edits as programs send them: `{"edit": "SetText", "path": ["title"], "value": "Office"}`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from pbx_connector.application.drafts.edits import Edit
from pbx_connector.errors import UsageError

KIND = "edit"
_EDITS: dict[str, type[Any]] = {each.__name__: each for each in get_args(Edit)}


def read_edits(values: Iterable[Any]) -> list[Edit]:
    """Each names its kind under `edit`, and what that takes by name. Raises `UsageError`, which quotes no value."""
    return [_read(value, number) for number, value in enumerate(values, start=1)]


def _read(value: Any, number: int) -> Edit:
    kind = value.get(KIND) if isinstance(value, Mapping) else None
    edit = _EDITS.get(kind) if isinstance(kind, str) else None
    if edit is None:
        raise UsageError(f"edit {number} is of no kind that is known", hint=f"one of {', '.join(_EDITS)}")
    given = {name: part for name, part in value.items() if name != KIND}
    unknown = given.keys() - edit.__dataclass_fields__.keys()
    if unknown:
        raise UsageError(f"{kind} has no {min(unknown)}", hint=f"it has {', '.join(edit.__dataclass_fields__)}")
    try:
        read: Edit = TypeAdapter(edit).validate_python(given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"edit {number}, {kind}: {place}: {first['msg'].removeprefix('Value error, ')}") from None
    return read
