"""Executes every example of the reference, and holds the generated pages to what the code says."""

from __future__ import annotations

import itertools
import re
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pbx_rules import (
    Diagnostic,
    OutputRecord,
    Program,
    SourceField,
    SourceFields,
    TargetField,
    TargetTable,
    codes,
    compile_profile,
    document,
    reference,
    render,
)
from pbx_rules.trial import try_expression
from ruamel.yaml import YAML

FOLDER = Path(__file__).parents[1]
README = (FOLDER / "README.md").read_text()
BLOCK = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    kind: str
    text: str
    line: int


BLOCKS = [
    Block(found[2] or found[1], found[3], README[: found.start()].count("\n") + 1) for found in BLOCK.finditer(README)
]
ROW = YAML(typ="safe", pure=True).load(next(block.text for block in BLOCKS if block.kind == "row"))
ROW = {name: value.isoformat() if isinstance(value, date) else value for name, value in ROW.items()}
TYPES: dict[str, Any] = {
    "Birthday": SourceField("Birthday", "date"),
    "Employees": SourceField("Employees", "number"),
    "Active": SourceField("Active", "yes/no"),
    "Categories": SourceField("Categories", "list"),
    "Address": SourceField("Address", "record", {"Street": "text", "City": "text", "Country": "text"}),
    "Phones": SourceField("Phones", "list", {"Type": "text", "Number": "text"}),
}
NAMES = (*ROW, "Nickname", "Fax", "BusinessHomePage")
SOURCE = SourceFields(tuple(TYPES.get(name, SourceField(name)) for name in NAMES))
LABEL = TargetTable(
    "book.label", (TargetField("label", blank="drop"), TargetField("value", blank="drop")), unique="label"
)
BOOK = TargetTable(
    "book", (TargetField("name", "", 80, "reject"), *map(TargetField, ("phone", "mail", "notes"))), (LABEL,)
)
TABLES = document.load('departments: {"10": Sales, "20": Support}', "t").root


def values() -> list[tuple[str, str]]:
    lines = [line for block in BLOCKS if block.kind == "values" for line in block.text.splitlines()]
    return [(line.rpartition("→")[0].strip(), line.rpartition("→")[2].strip()) for line in lines]


@pytest.mark.parametrize(("expression", "result"), values(), ids=lambda text: text)
def test_an_expression_gives_what_the_reference_says(expression: str, result: str) -> None:
    found, wanted = (try_expression(text, ROW, source=SOURCE, tables=TABLES) for text in (expression, result))
    assert [item.message for item in found.diagnostics if item.severity == "error"] == []
    assert found.value == wanted.value


def compiled(text: str) -> tuple[Program | None, tuple[Diagnostic, ...]]:
    root = document.load(text, "profile.yaml").root
    assert isinstance(root, document.Mapping)
    rules, structure = root.get("rules"), root.get("structure")
    assert rules is None or isinstance(rules, document.Scalar)
    assert structure is not None
    found = compile_profile(file="profile.yaml", rules=rules, structure=structure, target=(BOOK,), source=SOURCE)
    return found.program, found.diagnostics


def shown(record: OutputRecord) -> dict[str, Any]:
    plain: dict[str, Any] = dict(record.values)
    for inner in record.post:
        plain.setdefault(inner.table, []).append(shown(inner))
    return plain


PAIRS = [(block, after) for block, after in itertools.pairwise(BLOCKS) if block.kind == "profile"]


@pytest.mark.parametrize(("profile", "after"), PAIRS, ids=lambda block: f"line {block.line}")
def test_a_profile_does_what_the_reference_says(profile: Block, after: Block) -> None:
    program, diagnostics = compiled(profile.text)
    if after.kind == "output":
        assert "\n".join(render(item, profile.text) for item in diagnostics) + "\n" == after.text
        return
    assert after.kind == "gives"
    assert program is not None, diagnostics
    for case in YAML(typ="safe", pure=True).load(after.text):
        result = program.run(case["row"])
        assert [shown(record) for record in result.records] == case.get("records", [])
        assert result.skipped == case.get("skipped")
        assert not result.failed


def test_every_row_of_the_original_has_its_equivalent() -> None:
    """The table "What administrators write in the original": each PHP or Handlebars sample is followed by a profile."""
    kinds = [block.kind for block in BLOCKS]
    samples = [at for at, kind in enumerate(kinds) if kind in ("php", "handlebars")]
    assert len(samples) == 8
    assert all(kinds[at + 1 : at + 3] == ["profile", "gives"] for at in samples)


def test_the_python_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    text = next(block.text for block in BLOCKS if block.kind == "python")
    exec(text, {})
    assert capsys.readouterr().out == "{'name': 'ANN'}\n"


def test_the_page_of_functions_is_what_the_registry_says() -> None:
    assert (FOLDER / "functions.md").read_text() == reference.functions_page(), "python -m pbx_rules.reference"


DIAGNOSTICS = (FOLDER / "diagnostics.md").read_text()
ENTRY = re.compile(r"^### (R\d{4}) — (.+?)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
ENTRIES = [(found[1], found[2], found[3]) for found in ENTRY.finditer(DIAGNOSTICS)]


def test_every_code_has_its_entry() -> None:
    assert [(code, title) for code, title, _ in ENTRIES] == list(codes.TITLES.items())


@pytest.mark.parametrize(("code", "title", "text"), ENTRIES, ids=lambda text: text[:5])
def test_an_entry_explains_its_code_by_an_example(code: str, title: str, text: str) -> None:
    assert len(BLOCK.sub("", text).split()) >= 8, title
    for found in BLOCK.finditer(text):
        assert code in codes_of(found[1], found[3])
    assert BLOCK.search(text) or code in ("R0009", "R0109", "R0805", "R0806", "R0807", "R0808")


def codes_of(kind: str, text: str) -> list[str]:
    if kind == "expression":
        return [item.code for item in try_expression(text.strip("\n"), source=SOURCE, tables=TABLES).diagnostics]
    loaded = document.load(text, "profile.yaml")
    if loaded.diagnostics or not isinstance(loaded.root, document.Mapping):
        return [item.code for item in loaded.diagnostics]
    rules, region = loaded.root.get("rules"), loaded.root.get("region")
    structure = loaded.root.get("structure") or document.load("book: [{name: x}]", "s").root
    assert structure is not None
    assert rules is None or isinstance(rules, document.Scalar)
    assert region is None or isinstance(region, document.Scalar)
    found = compile_profile(
        file="p",
        rules=rules,
        structure=structure,
        target=(BOOK,),
        source=SOURCE,
        tables=loaded.root.get("tables"),
        region=region,
    )
    problems = found.program.run(ROW).findings if found.program else ()
    return [*(item.code for item in found.diagnostics), *(finding.code for finding in problems)]
