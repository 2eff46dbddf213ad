"""What the settings of many sources have in common: addresses, switches and patterns of folders."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import ValidationError

from pbx_connector.api import (
    EmailAddress,
    ErrorText,
    FolderSettings,
    OptionalText,
    PatternUse,
    SettingsModel,
    SourceUnavailable,
    WebAddress,
    switch,
)

UNMATCHED = ErrorText(SourceUnavailable, "T0603", "no folder matches this pattern", "correct the path")


class Settings(SettingsModel):
    url: WebAddress | None = None
    owner: EmailAddress | None = None
    domain: OptionalText = None
    shared: Annotated[FolderSettings, switch(FolderSettings)] = FolderSettings()


@pytest.mark.parametrize("value", [False, "false", "No", {"enabled": False}])
def test_a_switch_is_short_for_the_key_enabled(value: Any) -> None:
    assert not Settings.model_validate({"shared": value}).shared.enabled
    assert Settings.model_validate({"shared": {"include": ["/Sales"]}}).shared.enabled


def test_an_editor_is_told_that_a_switch_may_be_a_word() -> None:
    (shared,) = [one for name, one in Settings.model_json_schema()["properties"].items() if name == "shared"]
    assert {"type": "boolean"} in shared["anyOf"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"url": "server.example.com"}, "https://server.example.com/path"),
        ({"url": "https://user:hunter2@server.example.com"}, "does not belong"),
        ({"owner": "sales"}, "not an e-mail address"),
        ({"hunter2": "x"}, "Extra inputs"),
    ],
)
def test_what_is_wrong_is_told_without_what_was_typed(values: dict[str, str], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as failure:
        Settings.model_validate(values)
    assert "hunter2" not in str(failure.value).replace("\nhunter2\n", "")
    assert Settings.model_validate({"domain": " "}).domain is None


def test_a_pattern_that_matches_nothing_is_told_in_the_words_of_the_source() -> None:
    use = PatternUse("shared", FolderSettings(include=("/Salse", "/Customers")), UNMATCHED)
    assert list(use.warnings()) == []
    use.note([("/Sales", True), ("/Customers", True)])
    (warning,) = use.warnings()
    assert (warning.code, warning.where, warning.severity) == ("T0603", "shared: include: /Salse", "warning")
    assert warning.hint == "did you mean /Sales?"
