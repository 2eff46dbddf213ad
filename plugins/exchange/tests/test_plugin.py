"""The plugin as the core finds it: one source, its fields, and templates that fit them."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import entry_points
from typing import Any

import pytest
from pbx_exchange import plugin
from pbx_exchange.fields import KNOWN
from pbx_exchange.settings import ExchangeSettings

from pbx_connector.api import SourceType, Template

(SOURCE,) = plugin.pbx_sources()


def test_it_is_found_through_its_entry_point() -> None:
    (found,) = entry_points(group="pbx_connector", name="exchange")
    assert found.load() is plugin
    assert isinstance(SOURCE, SourceType)
    assert SOURCE.name == "exchange"


def test_without_its_library_profiles_are_checked_and_a_run_says_what_is_missing() -> None:
    code = """
import sys
sys.modules["exchangelib"] = None  # what Python has for a module that cannot be imported
from pbx_exchange import plugin
from pbx_connector.api import ConnectorError
(source,) = plugin.pbx_sources()
for way_in in (source.open, source.test_connection):
    try:
        way_in(None, None)
    except ConnectorError as error:
        print(error.message, "|", error.hint)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told = done.stdout.splitlines()
    assert len(told) == 2
    for line in told:
        assert "exchangelib" in line
        assert line.endswith("| install pbx-connector-exchange again")


@pytest.mark.parametrize("template", SOURCE.templates, ids=lambda template: template.name)
def test_a_template_asks_for_what_it_fills_in_and_names_only_fields_that_there_are(template: Template) -> None:
    assert set(re.findall(r"\$\{(\w+)\}", template.text)) == {question.name for question in template.questions}
    assert [question.name for question in template.questions if question.secret] == ["password"]
    fields = set(re.findall(r"\[([A-Za-z_0-9]+)\]", template.text))
    assert fields <= set(KNOWN)
    variables = set(re.findall(r"^  (\w+) +=", template.text, re.MULTILINE))
    assert set(re.findall(r"\{\{(\w+)\}\}", template.text)) <= set(KNOWN) | variables


OWN = {"email": "pbx@example.com", "password": {"env": "X"}, "url": "https://mail.example.com/ews/exchange.asmx"}
PROXY = {"proxy_username": "ann", "proxy_password": {"env": "X"}}
ONLINE = {"email": "pbx@example.com", "oauth": {"tenant": "t", "client_id": "c", "client_secret": {"env": "X"}}}


@pytest.mark.parametrize(
    ("settings", "codes"),
    [
        (OWN, []),
        (OWN | {"url": None}, []),
        (OWN | {"verify": False}, ["X0111"]),
        (OWN | PROXY | {"proxy": "http://proxy.example.com:3128"}, ["X0114"]),
        (OWN | PROXY | {"proxy": "https://proxy.example.com:3128"}, []),
        (OWN | PROXY | {"proxy": "http://127.0.0.1:3128"}, []),
        (OWN | {"proxy": "http://proxy.example.com:3128"}, []),
        (ONLINE, ["X0218"]),
        (ONLINE | {"url": "https://proxy.example.com/ews"}, []),
        (OWN | {"url": "https://outlook.office365.com/EWS/Exchange.asmx", "verify": False}, ["X0111", "X0218"]),
    ],
)
def test_each_run_warns_of_what_others_can_read_and_of_the_end_of_the_way_in(
    settings: dict[str, Any], codes: list[str]
) -> None:
    assert SOURCE.warnings is not None
    found = list(SOURCE.warnings(ExchangeSettings.model_validate(settings)))
    assert [warning.code for warning in found] == codes
    assert all(warning.severity == "warning" and warning.hint for warning in found)
