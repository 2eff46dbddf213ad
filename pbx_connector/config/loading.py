"""Finds config.yaml, lays the environment over it, and says all that is wrong with either at its place."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import platformdirs
from pbx_rules import Diagnostic
from pbx_rules.document import Document, load
from pbx_rules.document import Mapping as MappingNode
from pydantic import BaseModel, ValidationError

from pbx_connector.config.model import Config
from pbx_connector.documents import finding, from_details, given_values, masked
from pbx_connector.errors import ConfigError

FILE_VARIABLE = "PBX_CONNECTOR_CONFIG"
PREFIX = "PBX_CONNECTOR"

KeyPath = tuple[str, ...]


def load_config(file: Path | None = None, environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration of `file`, or else of the first place that has one, under the environment's variables.

    Raises `ConfigError` with everything that is wrong.
    """
    path = file or _named(environment) or next((path for path in places() if path.is_file()), None)
    folder = path.parent.resolve() if path else places()[0].parent
    document = load((_read(path) if path else "") or "{}", str(path or ""))
    root = document.root
    if document.diagnostics or not isinstance(root, MappingNode):
        wrong = finding("P0104", "a configuration is a mapping: store: ..., mail: ...", file=document.file)
        raise _error(document, document.diagnostics or (wrong,))
    values, set_by = _overlaid(given_values(root), environment)
    try:
        config = Config.model_validate(values, context={"folder": folder})
    except ValidationError as error:
        raise _explained(error, document, root, set_by) from None
    return config if config.profiles else config.model_copy(update={"profiles": folder / "profiles"})


def places() -> list[Path]:
    """Where the file is looked for: the user's folder, then the system's."""
    system = Path("/etc/pbx-connector") if os.name == "posix" else platformdirs.site_config_path("pbx-connector", False)
    return [
        folder / "config.yaml" for folder in (platformdirs.user_config_path("pbx-connector", appauthor=False), system)
    ]


def variables(model: type[BaseModel] = Config, path: KeyPath = ()) -> Iterator[tuple[str, KeyPath]]:
    """The environment variable of every key, with the path to the key."""
    for name, field in model.model_fields.items():
        key = (*path, name)
        parts = [field.annotation, *get_args(field.annotation)]
        nested = next((part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)), None)
        if nested is not None:
            yield from variables(nested, key)
        else:
            yield "_".join((PREFIX, *key)).upper(), key


def _named(environment: Mapping[str, str]) -> Path | None:
    named = environment.get(FILE_VARIABLE)
    return Path(named) if named else None


def _read(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return text if any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()) else ""
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text", hint="save it as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"the configuration {path} cannot be read: {error.strerror}") from None


def _overlaid(values: dict[str, Any], environment: Mapping[str, str]) -> tuple[dict[str, Any], dict[KeyPath, str]]:
    """The values with the environment's laid over them, and which variable set what."""
    set_by = {}
    for variable, path in variables():
        if text := environment.get(variable, ""):
            values = _with(values, path, text)
            set_by[path] = variable
    return values, set_by


def _with(values: Any, path: KeyPath, text: str) -> dict[str, Any]:
    first, *rest = path
    known = dict(values) if isinstance(values, dict) else {}
    # A secret has one place: one that the environment names takes the place of the file's.
    if rest and set(known.get(first) or ()) <= {"env", "file", "keyring"} and rest[0] in ("env", "file", "keyring"):
        known[first] = {}
    return known | {first: _with(known.get(first), tuple(rest), text) if rest else text}


def _explained(
    error: ValidationError, document: Document, root: MappingNode, set_by: dict[KeyPath, str]
) -> ConfigError:
    found = []
    for details in error.errors(include_input=False, include_url=False):
        path = tuple(str(part) for part in details["loc"])
        diagnostic = from_details(details, file=document.file, root=root, model=Config)
        variable = next((name for key, name in set_by.items() if path[: len(key)] == key), None)
        if variable:
            diagnostic = replace(diagnostic, message=f"{variable}: {diagnostic.message}", label="from the environment")
        found.append(diagnostic)
    return _error(document, tuple(found))


def _error(document: Document, diagnostics: tuple[Diagnostic, ...]) -> ConfigError:
    if not document.file:
        lines = "; ".join(found.message for found in diagnostics)
        return ConfigError(f"the environment's configuration cannot be used: {lines}")
    return ConfigError(f"{document.file} cannot be used as configuration", diagnostics, text=masked(document.text))
