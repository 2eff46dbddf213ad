"""Loop variables are suggested where they are in reach, with the parts of what they stand for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import BaseModel

from pbx_connector.application.language.loops import loops_of_expression, loops_of_structure
from pbx_connector.application.language.outline import Outline
from pbx_connector.application.language.suggestions import suggest
from pbx_connector.application.language.words import Words
from pbx_connector.plugins import Plugins
from pbx_connector.source import Field, FieldSet, Source, SourceContext, SourceType


class Settings(BaseModel):
    pass


@contextmanager
def open_source(settings: Any, context: SourceContext) -> Iterator[Source]:
    raise AssertionError("an editor opens no source")
    yield


@pytest.fixture(scope="module")
def known() -> Words:
    plugins = Plugins(())
    phones = Field("Phones", "list", of={"Type": "text", "Number": "text"})
    fields = FieldSet((phones, Field("Name"), Field("Address", "record", of={"City": "text"})))
    plugins.sources["crm"] = SourceType(name="crm", title="CRM", settings=Settings, fields=fields, open=open_source)
    return Words(plugins)


def suggested(text: str, known: Words) -> list[str]:
    """At the `|` of a text."""
    before, _, after = text.replace("rules: |", "rules: >").partition("|")
    line = before.count("\n")
    return [found.label for found in suggest(Outline(before + after), line, len(before.rpartition("\n")[2]), known)]


@pytest.mark.parametrize(
    ("before", "loops"),
    [
        ("each p in [Phones] where ", {"p": "Phones"}),
        ("each p in [Phones] give p.", {"p": "Phones"}),
        ("EACH p IN [Phones] GIVE ", {"p": "Phones"}),
        ("each p in ", {}),
        ("each p in [Phones] ", {}),
        ("each p in split([where], give) ", {}),
        ('each p in split([T], "give") ', {}),
        ('"each p in [Phones] give ', {}),
        ('join(", ", (each p in [Phones] give p.Number)) & ', {}),
        ('join(", ", (each p in [Phones] give upper(', {"p": "Phones"}),
        ("each p in [Phones] give each q in p.Tags where q is ", {"p": "Phones", "q": ""}),
    ],
)
def test_each_puts_its_variable_in_reach_behind_where_and_give(before: str, loops: dict[str, str]) -> None:
    assert loops_of_expression(before) == loops


def test_for_of_any_record() -> None:
    lines = ["structure:", "  book:", "    - {name: x, for: p in [Phones]}", "    - \"for\": 'q in Others'"]
    assert loops_of_structure(lines) == {"p": "Phones", "q": ""}


RULES = """\
source: crm
rules: |
  Numbers = each phone in [Phones]
    where phone.Type is "work"
    give |
  Next = [Name]
structure:
  phonebook:
    - for: p in [Phones]
      key: p.Number
      028pho_bez: x
"""


def test_in_rules(known: Words) -> None:
    assert suggested(RULES, known)[0] == "phone"
    assert suggested(RULES.replace("give |", "give phone.|"), known) == ["Type", "Number"]
    assert suggested(RULES.replace("give |", "give phone.Nu|"), known) == ["Type", "Number"]
    assert suggested(RULES.replace("give |", "give [Address].|"), known) == ["City"]
    below = RULES.replace("give |", "give 1")
    assert suggested(below.replace("[Name]", "|"), known)[0] == "Numbers"
    assert suggested(below.replace("[Name]", "phone.|"), known) == []


def test_in_the_structure(known: Words) -> None:
    text = RULES.replace("give |", "give 1")
    assert suggested(text.replace("key: p.Number", "key: |"), known)[0] == "p"
    assert suggested(text.replace("key: p.Number", "key: p.|"), known) == ["Type", "Number"]
    assert suggested(text.replace("bez: x", 'bez: "{{|"'), known)[:2] == ["p", "Numbers"]
    assert suggested(text.replace("bez: x", 'bez: "{{ p.N|"'), known) == ["Type", "Number"]
