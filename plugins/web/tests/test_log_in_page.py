"""What docs/log-in.md has people write into the configuration is what it takes, and names all of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pbx_web.login.settings import LoginSettings, OidcSettings
from pbx_web.settings import WebSettings

from pbx_connector.api import PluginConfig
from pbx_connector.config import ConfigFile

PAGE = (Path(__file__).resolve().parents[3] / "docs/log-in.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"<!-- file: (\S+) -->\n```yaml\n(.*?)```", PAGE, re.DOTALL))


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_can_be_used(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text(EXAMPLES[name], encoding="utf-8")
    settings, found = ConfigFile.read(file, {}).section("web", PluginConfig(WebSettings))
    assert found == ()
    assert isinstance(settings, WebSettings)
    assert settings.login != LoginSettings()
    assert settings.login.oidc is None or settings.login.oidc.roles


@pytest.mark.parametrize("model", [LoginSettings, OidcSettings])
def test_every_key_is_told(model: type[LoginSettings | OidcSettings]) -> None:
    told = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE))))
    assert set(model.model_fields) - {"oidc"} <= told


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 3
