"""`plugins:` in config.yaml: a section for each plugin, checked by its own model at its place in the file."""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict, field_validator

from pbx_connector.api import ProfilePath, Secret
from pbx_connector.config import ConfigFile, PluginConfig
from pbx_connector.config.schema import config_schema
from pbx_connector.errors import ConfigError
from pbx_connector.hookspecs import hookimpl
from pbx_connector.plugins import GROUP, Plugins


class Tls(BaseModel):
    model_config = ConfigDict(extra="forbid")
    key: ProfilePath | None = None


class Phones(BaseModel):
    model_config = ConfigDict(extra="forbid")
    port: int = 8389
    password: Secret | None = None
    tls: Tls = Tls()


class Required(BaseModel):
    model_config = ConfigDict(extra="forbid")
    host: str


class Loose(BaseModel):
    port: int = 1


class Faulty(BaseModel):
    model_config = ConfigDict(extra="forbid")
    port: int = 1

    @field_validator("port")
    @classmethod
    def _fails(cls, port: int) -> int:
        raise KeyError(port)


@pytest.fixture
def plugins() -> Iterator[Callable[..., Plugins]]:
    made: list[str] = []

    def installed(**answers: Any) -> Plugins:
        for name, answer in answers.items():
            module = types.ModuleType(f"section_plugin_{name}")
            hook = hookimpl(lambda answer=answer: answer, specname="pbx_config")
            module.pbx_config = hook  # type: ignore[attr-defined]
            sys.modules[module.__name__] = module
            made.append(module.__name__)
        return Plugins([EntryPoint(name, f"section_plugin_{name}", GROUP) for name in answers])

    yield installed
    for name in made:
        del sys.modules[name]


def configured(plugins: Plugins, folder: Path, text: str, **environment: str) -> dict[str, Any]:
    file = folder / "config.yaml"
    file.write_text(text)
    return dict(plugins.configure(ConfigFile.read(file, environment)).plugins)


def failed(plugins: Plugins, folder: Path, text: str, **environment: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        configured(plugins, folder, text, **environment)
    return caught.value


def test_a_section_becomes_the_plugins_own_model(plugins: Any, tmp_path: Path) -> None:
    text = "plugins: {phones: {port: 1, password: {file: a}, tls: {key: b}}}\n"
    settings = configured(plugins(phones=PluginConfig(Phones)), tmp_path, text)["phones"]
    password, key = Secret(file=tmp_path / "a"), tmp_path / "b"
    assert settings == Phones(port=1, password=password, tls=Tls(key=key))


@pytest.mark.parametrize(
    "text", ["", "plugins:\n", "plugins: {}\n", "plugins:\n  phones:\n", "plugins: {phones: {}}\n"]
)
def test_without_a_section_there_are_the_models_defaults(plugins: Any, tmp_path: Path, text: str) -> None:
    assert configured(plugins(phones=PluginConfig(Phones)), tmp_path, text) == {"phones": Phones()}


def test_a_plugin_that_requires_a_key_is_off_without_a_section_and_wrong_with_an_empty_one(
    plugins: Any, tmp_path: Path
) -> None:
    found = plugins(phones=PluginConfig(Required))
    assert configured(found, tmp_path, "") == {"phones": None}
    [told] = failed(found, tmp_path, "plugins: {phones: {}}\n").diagnostics
    assert (told.code, told.message) == ("P0102", "'host' is missing in plugins.phones")


def test_variables_count_before_the_file_and_are_enough(plugins: Any, tmp_path: Path) -> None:
    found, names = plugins(phones=PluginConfig(Phones)), "PBX_CONNECTOR_PLUGINS_PHONES"
    text = "plugins: {phones: {port: 1, password: {file: a}}}\n"
    settings = configured(found, tmp_path, text, **{f"{names}_PORT": "2", f"{names}_PASSWORD_ENV": "P"})["phones"]
    assert (settings.port, settings.password) == (2, Secret(env="P"))
    assert configured(found, tmp_path, "", **{f"{names}_TLS_KEY": "/k"})["phones"].tls.key == Path("/k")
    [told] = failed(found, tmp_path, text, **{f"{names}_PORT": "many"}).diagnostics
    assert told.message.startswith(f"{names}_PORT: 'port'")


def test_all_mistakes_are_told_at_once_each_at_its_place(plugins: Any, tmp_path: Path) -> None:
    text = "plugins:\n  phones:\n    port: many\n    tls: {kee: x}\n    password: hunter2\n  fax: []\n  phnes: {}\n"
    error = failed(plugins(phones=PluginConfig(Phones), fax=PluginConfig(Phones)), tmp_path, text)
    places = {(found.span.line, found.span.column, found.code, found.hint) for found in error.diagnostics}
    assert (3, 11, "P0104", "") in places
    assert (4, 11, "P0103", "did you mean key?") in places
    assert (7, 3, "P0103", "did you mean phones?") in places
    assert {(line, code) for line, _, code, _ in places} >= {(5, "P0107"), (6, "P0104")}
    assert "hunter2" not in error.text + error.message + str(error.diagnostics)


def test_a_name_like_no_other_is_told_what_there_is(plugins: Any, tmp_path: Path) -> None:
    [told] = failed(plugins(phones=PluginConfig(Phones)), tmp_path, "plugins: {web: {}}\n").diagnostics
    assert told.hint == "plugins with a configuration: phones"
    [told] = failed(plugins(), tmp_path, "plugins: {web: {}}\n").diagnostics
    assert told.hint == "no installed plugin has a configuration"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "pbx_config returned NoneType, not PluginConfig"),
        (PluginConfig(dict), "no pydantic model"),  # type: ignore[arg-type]
        (PluginConfig(Loose), 'give the model extra="forbid"'),
        (PluginConfig(Faulty), "KeyError"),
    ],
)
def test_a_broken_configuration_costs_its_plugin_alone(plugins: Any, tmp_path: Path, answer: Any, reason: str) -> None:
    found = plugins(bad=answer, phones=PluginConfig(Phones))
    settings = configured(found, tmp_path, "plugins: {bad: {port: 5}, phones: {port: 5}}\n")
    assert (settings.get("bad"), settings["phones"].port) == (None, 5)
    assert [broken.name for broken in found.broken] == ["bad"]
    assert re.search(reason, found.broken[0].reason)


def test_the_schema_knows_the_cores_keys_and_the_plugins(plugins: Any) -> None:
    schema = config_schema(plugins(phones=PluginConfig(Phones)).configs)
    Draft202012Validator.check_schema(schema)
    check = Draft202012Validator(schema)
    assert schema["$defs"]["NotifyConfig"]["properties"]["secret_before"]["default"] == "14d"
    assert check.is_valid({"store": "memory:", "plugins": {"phones": {"port": 1, "password": {"env": "P"}}}})
    assert not check.is_valid({"plugins": {"phones": {"prt": 1}}})
    assert not check.is_valid({"plugins": {"phnes": {}}})
    assert not check.is_valid({"stre": "memory:"})
