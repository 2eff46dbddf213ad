"""The plugin as the core finds it, its settings, and the page about them."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from pbx_csv import plugin
from pbx_csv.settings import CsvSettings
from pydantic import ValidationError

from .conftest import CSV

PAGE = (Path(__file__).parents[3] / "docs" / "csv.md").read_text(encoding="utf-8")
SECRET = {"env": "CSV_SECRET"}


def test_it_is_found_through_its_entry_point() -> None:
    (found,) = entry_points(group="pbx_connector", name="csv")
    assert found.load() is plugin
    assert CSV.name == "csv"


def test_the_template_asks_for_what_it_fills_in_and_names_only_known_columns() -> None:
    (template,) = CSV.templates
    assert set(re.findall(r"\$\{(\w+)\}", template.text)) == {question.name for question in template.questions}
    assert set(re.findall(r"\{\{(\w+)\}\}", template.text)) == set(CSV.fields.names())


def test_the_page_of_settings_says_the_same_words() -> None:
    for name, field in CsvSettings.model_fields.items():
        assert f"| `{name}` | {field.description} |" in PAGE


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "say one of file:, folder: and url:"),
        ({"file": "a.csv", "url": "https://example.com/a.csv"}, "say one of file:, folder: and url:"),
        ({"file": "a.csv", "token": SECRET}, "need url:"),
        ({"url": "http://example.com/a.csv", "token": SECRET}, "could be read on its way"),
        ({"url": "https://ann:pass@example.com/a.csv"}, "does not belong in an address"),
        ({"url": "ftp://example.com/a.csv"}, "expected an address"),
        ({"url": "https://example.com/a.csv", "username": "ann"}, "go together"),
        ({"url": "https://example.com/a.csv", "username": "a", "password": SECRET, "token": SECRET}, "contradict"),
        ({"file": "a.csv", "encoding": "klingon"}, "no such encoding"),
        ({"file": "a.csv", "encoding": "base64"}, "no such encoding"),
        ({"file": "a.csv", "delimiter": ";;"}, "expected one character"),
        ({"file": "a.csv", "delimiter": '"'}, "expected one character"),
        ({"file": "a.csv", "quote": "x"}, "expected double, single or none"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_a_word(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)) as caught:
        CsvSettings.model_validate(settings)
    assert "pass@" not in str(caught.value)


def test_blank_answers_of_a_template_are_none() -> None:
    settings = CsvSettings.model_validate({"file": "a.csv", "url": "", "key": "", "delimiter": "", "encoding": ""})
    assert (settings.url, settings.key, settings.delimiter, settings.encoding) == (None, (), None, None)
