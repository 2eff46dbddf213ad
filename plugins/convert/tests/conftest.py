"""A real PHP, where there is one, and what a rule gives, both for programs of the original."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pbx_convert.findings import Kind
from pbx_rules.trial import try_expression

RUNNER = Path(__file__).with_name("run.php")
Program = tuple[str, Mapping[str, Any]]
Php = Callable[[Sequence[Program]], list[Any]]
Rule = Callable[[str, Mapping[str, Any]], Any]


class Refused(Exception):
    """PHP ends such a program with an error, or its text is no UTF-8."""


def run_php(programs: Sequence[Program]) -> list[Any]:
    """What each program returns for its row; `Refused` where it returns nothing."""
    given = json.dumps([[php, row] for php, row in programs])
    done = subprocess.run(["php", str(RUNNER)], input=given, capture_output=True, text=True, check=True, timeout=120)
    return [one.get("value", Refused) for one in json.loads(done.stdout)]


@pytest.fixture(scope="session")
def php(lacking: Callable[[str], Any]) -> Php:
    if shutil.which("php") is None or run_php([("return mb_strlen('ü');", {})]) != [1]:
        lacking("needs PHP to compare with: apt-get install php-cli php-mbstring")
    return run_php


def rule_value(expression: str, row: Mapping[str, Any]) -> Any:
    """Raises AssertionError if the rule does not pass the check."""
    tried = try_expression(expression, row)
    errors = [found for found in tried.diagnostics if found.severity == "error"]
    assert not errors, f"{expression}\n{errors[0].message}: {errors[0].hint}"
    return tried.value


@pytest.fixture(scope="session")
def rule() -> Rule:
    return rule_value


def as_rule(value: Any) -> Any:
    """A value of PHP or of a rule, as one can be compared with the other."""
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, bool | None):
        return value
    if isinstance(value, int | Decimal):
        return format(Decimal(value), "f")
    elements = value.values() if isinstance(value, Mapping) else value
    found = [made for element in elements if (made := as_rule(element)) is not None]
    return found or None


def same(php: Any, rule: Any) -> bool:
    """Whether a rule gave what PHP gave: nothing is blank, and 1 and 0 are true and false where a rule has those."""
    if isinstance(rule, bool):
        return isinstance(php, bool | int | None) and bool(php) == rule
    if isinstance(php, bool):
        php = "1" if php else None
    made, wanted = as_rule(rule), as_rule(php)
    return bool(made == wanted or (isinstance(made, str) and wanted == [made]))


@pytest.fixture(scope="session")
def agree() -> Callable[[Any, Any], bool]:
    return same


def values(row: Mapping[str, Any]) -> list[str]:
    return [text for value in row.values() for text in (value if isinstance(value, list) else [value])]


def explains(kind: str, row: Mapping[str, Any]) -> bool:
    """Whether a row has what a difference of that kind is about."""
    texts = values(row)
    match kind:
        case Kind.CASE:
            return any(text.lower() != text.upper() for text in texts)
        case Kind.EMPTY:
            return "0" in texts
        case Kind.PRESENT:
            return len(row) < 3 or any(value in ("", []) for value in row.values())
        case Kind.LOOSE:
            return any(text[:1].isdigit() for text in texts)
        case Kind.CHARACTERS:
            return any(not text.isascii() for text in texts)
        case Kind.SPACES | Kind.WHITE_SPACE:
            return any(text != " ".join(text.split()) for text in texts)
        case Kind.LIST:
            return any(isinstance(value, list) for value in row.values())
        case Kind.LINE_END:
            return any("\n" in text for text in texts)
    return True


@pytest.fixture(scope="session")
def is_explained() -> Callable[[str, Mapping[str, Any]], bool]:
    return explains
