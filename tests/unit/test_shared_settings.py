"""What the settings of many sources have in common: addresses, switches and patterns of folders."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError

from pbx_connector.api import (
    LISTED,
    EmailAddress,
    ErrorText,
    FolderSettings,
    OptionalText,
    PatternUse,
    SettingsModel,
    SourceUnavailable,
    TextList,
    WebAddress,
    split_address,
    switch,
)

UNMATCHED = ErrorText(SourceUnavailable, "T0603", "no folder matches this pattern", "correct the path")


class Settings(SettingsModel):
    url: WebAddress | None = None
    owner: EmailAddress | None = None
    domain: OptionalText = None
    numbers: Annotated[tuple[int, ...], LISTED] = ()
    names: TextList = Field(default_factory=list)
    shared: Annotated[FolderSettings, switch(FolderSettings)] = FolderSettings()


@pytest.mark.parametrize("value", [False, "false", "No", {"enabled": False}])
def test_a_switch_is_short_for_the_key_enabled(value: Any) -> None:
    assert not Settings.model_validate({"shared": value}).shared.enabled
    assert Settings.model_validate({"shared": {"include": ["/Sales"]}}).shared.enabled


def test_a_list_may_be_one_text_with_commas() -> None:
    assert Settings.model_validate({"names": " a b, ,c", "numbers": "7"}) == Settings(names=["a b", "c"], numbers=(7,))
    assert Settings.model_validate({"names": ["a, b"], "numbers": []}) == Settings(names=["a, b"])


def test_an_editor_is_told_that_a_switch_may_be_a_word_and_a_list_a_text() -> None:
    properties = Settings.model_json_schema()["properties"]
    assert {"type": "boolean"} in properties["shared"]["anyOf"]
    texts, listed = {"type": "string"}, {"type": "array"}
    assert properties["names"]["anyOf"] == [texts, listed | {"items": texts}]
    assert properties["numbers"]["anyOf"] == [texts, listed | {"items": {"type": "integer"}}]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:80", ("127.0.0.1", 80)),
        ("[::1]:80", ("::1", 80)),
        (":9464", ("", 9464)),
        ("localhost:0", ("127.0.0.1", 0)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert split_address(text) == address


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
