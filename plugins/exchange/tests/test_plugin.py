"""The plugin as the core finds it: one source, its fields, and templates that fit them."""

from __future__ import annotations

import re
from importlib.metadata import entry_points

import pytest
from pbx_exchange import plugin
from pbx_exchange.fields import KNOWN

from pbx_connector.api import SourceType, Template

(SOURCE,) = plugin.pbx_sources()


def test_it_is_found_through_its_entry_point() -> None:
    (found,) = entry_points(group="pbx_connector", name="exchange")
    assert found.load() is plugin
    assert isinstance(SOURCE, SourceType)
    assert SOURCE.name == "exchange"


@pytest.mark.parametrize("template", SOURCE.templates, ids=lambda template: template.name)
def test_a_template_asks_for_what_it_fills_in_and_names_only_fields_that_there_are(template: Template) -> None:
    assert set(re.findall(r"\$\{(\w+)\}", template.text)) == {question.name for question in template.questions}
    assert [question.name for question in template.questions if question.secret] == ["password"]
    fields = set(re.findall(r"\[([A-Za-z_0-9]+)\]", template.text))
    assert fields <= set(KNOWN)
    variables = set(re.findall(r"^  (\w+) +=", template.text, re.MULTILINE))
    assert set(re.findall(r"\{\{(\w+)\}\}", template.text)) <= set(KNOWN) | variables
