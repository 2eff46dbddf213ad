"""The JSON Schema of profiles, for editors: it accepts and refuses what `check` does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from contacts_profile import PROFILE, TESTS
from product import Connector
from ruamel.yaml import YAML


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> jsonschema.Draft202012Validator:
    made = Connector(tmp_path_factory.mktemp("home"))("schema").json
    jsonschema.Draft202012Validator.check_schema(made)
    return jsonschema.Draft202012Validator(made)


def as_an_editor_reads_it(text: str) -> Any:
    """As JSON knows it; editors read a date as text."""
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text), default=str))


def test_the_schema_accepts_what_check_accepts(schema: jsonschema.Draft202012Validator) -> None:
    assert list(schema.iter_errors(as_an_editor_reads_it(PROFILE + TESTS))) == []
    switched = PROFILE.replace("settings:\n", "settings:\n  public: false\n  shared: {discover: yes}\n")
    assert list(schema.iter_errors(as_an_editor_reads_it(switched))) == []


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ("title: Contacts\n", "", ""),
        ("source: exchange", "source: exchnge", "source"),
        ("email:", "emial:", "settings"),
        ("028pho_phone:", "028pho_fone:", "structure/phonebook"),
        ("post:", "past:", "structure/phonebook"),
        ("region: DE", "regoin: DE", ""),
        ("region: DE", "mode: miror", "mode"),
        ("row: {GivenName: Ann, Sensitivity: private}", "roww: {}", "tests/2"),
        ("011acc_id: 7", "011acc_idd: 7", "tests/1/expect"),
    ],
)
def test_the_schema_refuses_what_check_refuses(
    schema: jsonschema.Draft202012Validator, connector: Connector, write: Any, before: str, after: str, place: str
) -> None:
    text = (PROFILE + TESTS).replace(before, after, 1)
    connector("check", write("p.yaml", text), code=2)
    found = list(schema.iter_errors(as_an_editor_reads_it(text)))
    assert {"/".join(map(str, error.absolute_path)) for error in found} == {place}


def test_every_field_of_the_source_can_be_pasted_into_the_structure(connector: Connector, tmp_path: Path) -> None:
    """As the original's structures do, an address among them, which is a record here."""
    names = [field["name"] for field in connector("fields", "exchange", "--json").json]
    records = ", ".join(json.dumps({"028pho_bez": "x", "028pho_notes": f"{{{{{{{name}}}}}}}"}) for name in names)
    profile = tmp_path / "pasted.yaml"
    profile.write_text(PROFILE.partition("rules:")[0] + f'structure: {{"phonebook": [{records}]}}\n')
    assert "PhysicalAddresses_Business" in names
    connector("check", profile, code=0)
