"""Finds config.yaml, lays the environment over it, and says all that is wrong with either at its place."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import platformdirs
from pbx_rules import Diagnostic
from pbx_rules.document import Document, load
from pbx_rules.document import Mapping as MappingNode
from pydantic import BaseModel, Field, ValidationError, create_model

from pbx_connector import files
from pbx_connector.config.model import Config, PluginConfig
from pbx_connector.documents import START, finding, from_details, given_values, hidden_keys, masked
from pbx_connector.errors import ConfigError
from pbx_connector.secret import name_secrets

FILE_VARIABLE = "PBX_CONNECTOR_CONFIG"
PREFIX = "PBX_CONNECTOR"
MAX_BYTES = 5_000_000
PLUGINS = "plugins"
"""The key that has a section for each plugin, under its name."""

SECRET_PLACES = frozenset({"env", "file", "keyring", "vault"})

KeyPath = tuple[str, ...]


def load_config(file: Path | None = None, environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration of `file`, or else of the first place that has one, under the environment's variables.

    What it says of plugins is as it was written, see `ConfigFile`. Raises `ConfigError` with everything that is wrong.
    """
    return ConfigFile.read(file, environment).config()


@dataclass(frozen=True)
class ConfigFile:
    """The configuration as it was read. What `plugins:` may say is known only once the plugins are loaded, and most
    commands need none: so the core's keys and each plugin's section are validated apart."""

    document: Document
    root: MappingNode
    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def read(cls, file: Path | None = None, environment: Mapping[str, str] = os.environ) -> ConfigFile:
        """Raises `ConfigError` for what is no mapping."""
        path = file or _named(environment) or next((path for path in places() if path.is_file()), None)
        folder = path.parent.resolve() if path else places()[0].parent
        document = load((_read(path) if path else "") or "{}", str(path or ""))
        root = document.root or document.rest
        if not isinstance(root, MappingNode):
            wrong = finding("P0104", "a configuration is a mapping: store: ..., mail: ...", file=document.file)
            raise _error(document, document.diagnostics or (wrong,))
        config = cls(document, root, folder, environment)
        if document.diagnostics:
            found = document.sound([*document.diagnostics, *config.mistakes()])
            raise _error(document, tuple(sorted(found, key=lambda one: (one.span.line, one.span.column))))
        return config

    @classmethod
    def empty(cls, folder: Path) -> ConfigFile:
        """Says nothing, as no file and no variable does."""
        return cls(load("{}", ""), MappingNode((), START), folder, {})

    def mistakes(self) -> tuple[Diagnostic, ...]:
        try:
            self.config()
        except ConfigError as error:
            return error.diagnostics
        return ()

    def config(self) -> Config:
        """The core's keys. Raises `ConfigError` with everything that is wrong with them."""
        values, set_by = _overlaid(given_values(self.root), dict(variables()), self.environment)
        try:
            config = Config.model_validate(values, context={"folder": self.folder})
        except ValidationError as error:
            raise self.error(self._explained(error, Config, self.root, set_by)) from None
        name_secrets(config)
        return config if config.profiles else config.model_copy(update={"profiles": self.folder / "profiles"})

    def plugin_names(self) -> list[str]:
        """Those that have a section."""
        return [key.text for key, _ in self._sections.items]

    def section(self, name: str, config: PluginConfig) -> tuple[BaseModel | None, tuple[Diagnostic, ...]]:
        """A plugin's settings, or what is wrong with them; without a section those that its model has by itself."""
        keys = {variable: path[1:] for variable, path in variables(config.model, (PLUGINS, name))}
        written = {name: given_values(self._sections).get(name, {})} if name in self.plugin_names() else {}
        values, set_by = _overlaid(written, keys, self.environment)
        # The section's name is in the path of every error, and so it finds its place.
        model = create_model("Plugins", section=(config.model, Field(alias=name)))
        try:
            made = model.model_validate(values or {name: {}}, context={"folder": self.folder})
        except ValidationError as error:
            return None, self._explained(error, model, self._sections, set_by, PLUGINS) if values else ()
        settings: BaseModel = made.section  # type: ignore[attr-defined] # a model made above
        name_secrets(settings, f"{PLUGINS}.{name}")
        return settings, ()

    def unknown_plugin(self, name: str, hint: str) -> Diagnostic:
        span = next(key.span for key, _ in self._sections.items if key.text == name)
        return finding(
            "P0103", f"no plugin with a configuration is {name!r}", file=self.document.file, span=span, hint=hint
        )

    def error(self, diagnostics: tuple[Diagnostic, ...]) -> ConfigError:
        return _error(self.document, diagnostics)

    @property
    def _sections(self) -> MappingNode:
        node = self.root.get(PLUGINS)
        return node if isinstance(node, MappingNode) else MappingNode((), START)

    def _explained(
        self,
        error: ValidationError,
        model: type[BaseModel],
        root: MappingNode,
        set_by: dict[KeyPath, str],
        below: str = "",
    ) -> tuple[Diagnostic, ...]:
        found = []
        for details in error.errors(include_input=False, include_url=False):
            path = tuple(str(part) for part in details["loc"])
            diagnostic = from_details(details, file=self.document.file, root=root, model=model, below=below)
            variable = next((name for key, name in set_by.items() if path[: len(key)] == key), None)
            if variable:
                message = f"{variable}: {diagnostic.message}"
                diagnostic = replace(diagnostic, message=message, label="from the environment")
            found.append(diagnostic)
        return tuple(found)


def places() -> list[Path]:
    """Where the file is looked for: the user's folder, then the system's."""
    system = Path("/etc/pbx-connector") if os.name == "posix" else platformdirs.site_config_path("pbx-connector", False)
    return [
        folder / "config.yaml" for folder in (platformdirs.user_config_path("pbx-connector", appauthor=False), system)
    ]


def variables(model: type[BaseModel] = Config, path: KeyPath = ()) -> Iterator[tuple[str, KeyPath]]:
    """The environment variable of every key, with the path to the key; a plugin's are those of its own model."""
    for name, field in model.model_fields.items():
        key = (*path, field.alias or name)
        if key == (PLUGINS,):
            continue
        parts = [field.annotation, *get_args(field.annotation)]
        nested = next((part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)), None)
        if nested is not None:
            yield from variables(nested, key)
        else:
            yield "_".join((PREFIX, *key)).upper().replace("-", "_"), key


def _named(environment: Mapping[str, str]) -> Path | None:
    named = environment.get(FILE_VARIABLE)
    return Path(named) if named else None


def _read(path: Path) -> str:
    try:
        text = files.read_text(path, at_most=MAX_BYTES)
    except files.UnreadableFile as error:
        raise ConfigError(f"the configuration {files.shown(path)} cannot be read: {error}", hint=error.hint) from None
    return text if any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()) else ""


def _overlaid(
    values: dict[str, Any], keys: Mapping[str, KeyPath], environment: Mapping[str, str]
) -> tuple[dict[str, Any], dict[KeyPath, str]]:
    """The values with the environment's laid over them, and which variable set what."""
    set_by = {}
    for variable, path in keys.items():
        if text := environment.get(variable, ""):
            values = _with(values, path, text)
            set_by[path] = variable
    return values, set_by


def _with(values: Any, path: KeyPath, text: str) -> dict[str, Any]:
    first, *rest = path
    known = dict(values) if isinstance(values, dict) else {}
    # A secret has one place: one that the environment names takes the place of the file's.
    if rest and set(known.get(first) or ()) <= SECRET_PLACES and rest[0] in SECRET_PLACES:
        known[first] = {}
    return known | {first: _with(known.get(first), tuple(rest), text) if rest else text}


def _error(document: Document, diagnostics: tuple[Diagnostic, ...]) -> ConfigError:
    if not document.file:
        lines = "; ".join(found.message for found in diagnostics)
        return ConfigError(f"the environment's configuration cannot be used: {lines}")
    text = masked(document.text, hidden_keys(diagnostics))
    return ConfigError(f"{document.file} cannot be used as configuration", diagnostics, text=text)
