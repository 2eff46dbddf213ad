"""Executes the conformance suite, and proves that it covers every function, operator and diagnostic code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pbx_rules import (
    BUILTIN,
    Compiled,
    Diagnostic,
    OutputRecord,
    SourceField,
    SourceFields,
    TargetField,
    TargetTable,
    codes,
    compile_profile,
    document,
)
from pbx_rules.backends import interpreter
from pbx_rules.syntax.tokens import lexer
from pbx_rules.trial import scalar, try_expression
from ruamel.yaml import YAML

FOLDER = Path(__file__).parents[1] / "conformance"
VALUES, MISTAKES, PROFILES = (
    YAML(typ="safe", pure=True).load(FOLDER / f"{name}.yaml") for name in ("values", "mistakes", "profiles")
)


def flat(suite: dict[str, Any]) -> list[dict[str, Any]]:
    return [case for cases in suite["cases"].values() for case in cases]


def field(name: str, of: Any) -> SourceField:
    if isinstance(of, dict):
        return SourceField(name, "record", of)
    return SourceField(name, "list", of[0]) if isinstance(of, list) else SourceField(name, of)


SOURCE = SourceFields(tuple(field(name, of) for name, of in VALUES["source"].items()))
TABLES = document.load((FOLDER / "values.yaml").read_text(), "values.yaml").root
assert isinstance(TABLES, document.Mapping)


def tried(text: str) -> Any:
    assert isinstance(TABLES, document.Mapping)
    return try_expression(text, VALUES["row"], source=SOURCE, tables=TABLES.get("tables"), region=VALUES["region"])


@pytest.mark.parametrize("case", flat(VALUES), ids=lambda case: case["when"])
def test_value(case: dict[str, Any]) -> None:
    found, wanted = tried(case["when"]), tried(case["gives"])
    assert [item.message for item in found.diagnostics if item.severity == "error"] == []
    assert found.value == wanted.value
    assert type(found.value) is type(wanted.value)


NATIVE = TargetTable("out", (TargetField("value", native=True),))


@pytest.mark.parametrize("case", flat(VALUES), ids=lambda case: case["when"])
def test_value_of_a_compiled_rule(case: dict[str, Any]) -> None:
    assert isinstance(TABLES, document.Mapping)
    structure = document.load("out: [{value: '{{V}}'}]", "s").root
    assert structure is not None
    found = compile_profile(
        file="f",
        rules=scalar("V = " + case["when"].replace("\n", "\n ")),
        structure=structure,
        target=(NATIVE,),
        source=SOURCE,
        tables=TABLES.get("tables"),
        region=scalar(VALUES["region"]),
    ).program
    assert found is not None
    wanted = tried(case["gives"]).value
    assert found.run(VALUES["row"]).records[0].values == ({} if wanted is None else {"value": wanted})


@pytest.mark.parametrize("case", flat(MISTAKES), ids=lambda case: case["when"])
def test_mistake(case: dict[str, Any]) -> None:
    found = tried(case["when"]).diagnostics
    assert [f"{item.code} {item.span.column}" for item in found] == case["findings"]
    assert case.get("hint", "") in found[0].hint
    for item in found:
        assert (item.span.end_line, item.span.end_column) > (
            item.span.line,
            item.span.column,
        ) or item.span.column > len(case["when"])


def target_field(text: str) -> TargetField:
    found = re.fullmatch(r"(\w+)([!?]?)(?::(\d+))?", text)
    assert found
    blank = {"!": "reject", "?": "drop"}.get(found[2], "omit")
    return TargetField(found[1], max_length=int(found[3]) if found[3] else None, blank=blank)  # type: ignore[arg-type]


LABEL, BOOK = (tuple(map(target_field, PROFILES["target"][name])) for name in ("book.label", "book"))
TARGET = (TargetTable("book", BOOK, (TargetTable("book.label", LABEL, unique="label"),)),)


def compiled(text: str) -> tuple[Compiled | None, list[Diagnostic]]:
    loaded = document.load(text, "p.yaml")
    root = loaded.root or loaded.rest
    if not isinstance(root, document.Mapping):
        return None, list(loaded.diagnostics)
    structure, rules, region = root.get("structure"), root.get("rules"), root.get("region")
    if structure is None:
        return None, list(loaded.diagnostics)
    assert rules is None or isinstance(rules, document.Scalar)
    assert region is None or isinstance(region, document.Scalar)
    found = compile_profile(
        file="p.yaml",
        rules=rules,
        structure=structure,
        target=TARGET,
        source=SOURCE,
        tables=root.get("tables"),
        region=region,
        unread=loaded.unread,
    )
    both = loaded.sound([*loaded.diagnostics, *found.diagnostics])
    return found, sorted(both, key=lambda item: (item.span.line, item.span.column))


def shown(record: OutputRecord) -> dict[str, Any]:
    plain: dict[str, Any] = dict(record.values)
    for inner in record.post:
        plain.setdefault(inner.table, []).append(shown(inner))
    return plain


@pytest.mark.parametrize("case", PROFILES["cases"], ids=lambda case: case["text"])
def test_profile(case: dict[str, Any]) -> None:
    found, diagnostics = compiled(case["text"])
    places = [f"{item.code} {item.span.line}:{item.span.column}" for item in diagnostics]
    assert places == case.get("findings", [])
    assert all((item.span.end_line, item.span.end_column) >= (item.span.line, item.span.column) for item in diagnostics)
    assert ("row" in case) == all(item.severity == "warning" for item in diagnostics)
    if found is None or found.program is None or "row" not in case:
        return
    result = found.program.run(case["row"])
    rules = found.program.rules
    oracle = replace(found.program, _compiled=lambda: interpreter.build(rules))
    assert oracle.run(case["row"]) == result
    assert [shown(record) for record in result.records] == case.get("records", [])
    assert result.skipped == case.get("skipped")
    assert [finding.code for finding in result.findings] == case.get("problems", [])


def all_texts() -> Iterator[str]:
    yield from (case["when"] for case in flat(VALUES))
    yield from (case["text"] for case in PROFILES["cases"])


def test_there_are_enough_cases() -> None:
    assert len(flat(VALUES)) + len(flat(MISTAKES)) + len(PROFILES["cases"]) >= 300


@pytest.mark.parametrize("name", BUILTIN.names())
def test_every_function_has_a_case(name: str) -> None:
    assert any(re.search(rf"\b{name}\s*\(", text, re.IGNORECASE) for text in all_texts())


SIGNS = [rule.expansion[0].name for rule in lexer().rules if rule.origin.name == "operator"]


@pytest.mark.parametrize(
    "sign", [*SIGNS, "_EACH", "_WHERE", "_ELSE", "_OR", "_AND", "_NOT", "_IN", "_NOT_IN", "_AND_TEXT"]
)
def test_every_operator_has_a_case(sign: str) -> None:
    """By the words of the language, so that `is not` is no case of `not`, nor a quoted `and` one of `and`."""
    assert len(SIGNS) == 14
    assert any(sign == token.type for case in flat(VALUES) for token in lexer().lex(case["when"]))


BEYOND_TEXT = {"R0009", "R0109", "R0807", "R0808"}
"""Shown only by huge files, huge values or broken plugins; each has a test of its own elsewhere."""


@pytest.mark.parametrize("code", sorted(set(codes.TITLES) - BEYOND_TEXT))
def test_every_diagnostic_code_has_a_case(code: str) -> None:
    cases = [*flat(MISTAKES), *PROFILES["cases"]]
    found = {word.split()[0] for case in cases for word in [*case.get("findings", []), *case.get("problems", [])]}
    assert code in found
