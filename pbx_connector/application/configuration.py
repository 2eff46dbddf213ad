"""What applies of the configuration, and where it is said: in the file, in the environment, or nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from pbx_rules.document import Mapping as MappingNode
from pydantic import BaseModel

from pbx_connector.application.installation import Installation
from pbx_connector.config import Config
from pbx_connector.config.loading import PLUGINS, PREFIX, KeyPath
from pbx_connector.duration import in_words
from pbx_connector.plugins import Plugins
from pbx_connector.secret import Secret
from pbx_connector.stores import shown as shown_store

_PASSWORD = re.compile(r"(?<=//)[^/@\s]*@")


class SettingOrigin(StrEnum):
    """Who says what applies."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class AppliedSetting:
    """One key of the configuration."""

    key: str
    """With dots, such as `mail.host`."""
    value: str
    """For people; empty for what is not set, and for a secret."""
    origin: SettingOrigin
    place: str = ""
    """The file with its line, or the name of the variable."""
    variable: str = ""
    """The environment variable that would set it."""
    secret: str = ""
    """Where a secret lies, for people; empty for anything else. The secret itself is never shown."""


def applied_settings(installation: Installation) -> list[AppliedSetting]:
    """The core's keys, then those of each plugin that has some."""
    config = installation.config
    found = [*_walk(installation, config, ())]
    for name, settings in sorted(config.plugins.items()):
        if isinstance(settings, BaseModel):
            found += _walk(installation, settings, (PLUGINS, name))
    return found


def _walk(installation: Installation, model: BaseModel, path: KeyPath) -> Iterator[AppliedSetting]:
    for name, field in type(model).model_fields.items():
        key, value = (*path, field.alias or name), getattr(model, name)
        if key == (PLUGINS,):
            continue
        if isinstance(value, BaseModel) and not isinstance(value, Secret):
            yield from _walk(installation, value, key)
        else:
            yield _setting(installation, key, value)


def _setting(installation: Installation, key: KeyPath, value: Any) -> AppliedSetting:
    origin, place = _origin(installation, key)
    variable = _variable(key)
    if isinstance(value, Secret):
        return AppliedSetting(".".join(key), "", origin, place, variable, secret=value.place)
    text = shown_store(value) if key == ("store",) and value else _text(value)
    return AppliedSetting(".".join(key), text, origin, place, variable)


def _origin(installation: Installation, key: KeyPath) -> tuple[SettingOrigin, str]:
    file = installation.file
    if file is None:
        return SettingOrigin.DEFAULT, ""
    variable = _variable(key)
    for name, text in file.environment.items():
        if text and (name == variable or (name.startswith(f"{variable}_") and _is_secret_part(name, variable))):
            return SettingOrigin.ENVIRONMENT, name
    line = _line(file.root, key)
    return (SettingOrigin.FILE, f"{file.document.file}:{line}") if line else (SettingOrigin.DEFAULT, "")


def _is_secret_part(name: str, variable: str) -> bool:
    return name.removeprefix(f"{variable}_") in ("ENV", "FILE", "KEYRING", "EXPIRES")


def _line(root: MappingNode, key: KeyPath) -> int | None:
    """Where the file says it; None if it does not."""
    node: Any = root
    line = None
    for part in key:
        if not isinstance(node, MappingNode):
            return None
        line = next((name.span.line for name, _ in node.items if name.text == part), None)
        if line is None:
            return None
        node = node.get(part)
    return line


def _variable(key: KeyPath) -> str:
    return "_".join((PREFIX, *key)).upper().replace("-", "_")


def _text(value: Any) -> str:
    """As it would be written; no password of an address is shown."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        return in_words(value)
    if isinstance(value, BaseModel):
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_text(part)}" for name, part in value.items() if not isinstance(part, Secret))
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(map(_text, value))
    return _PASSWORD.sub("…@", str(value))


def own_hosts(config: Config, plugins: Plugins) -> Mapping[str, str]:
    """The host names at which a provider himself is answered, each with the key that says so."""
    found = {}
    for plugin, of in plugins.configs.items():
        said = config.plugins.get(plugin)
        address = getattr(said, of.own_address, None) if of.own_address else None
        if address and (name := urlsplit(str(address)).hostname):
            found[name] = f"plugins: {plugin}: {of.own_address}"
    return found
