"""The page "What can a run change" names tests that exist, and all that hold the safety rules."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/what-a-run-can-change.md").read_text()
NAMED = set(re.findall(r"`(test_\w+)`", PAGE))


def defined(*files: Path) -> set[str]:
    return {name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)}


def all_tests() -> set[str]:
    return defined(*(file for folder in ("tests", "plugins") for file in (ROOT / folder).rglob("test_*.py")))


def test_every_test_that_the_page_names_exists() -> None:
    assert NAMED - all_tests() == set()


def test_every_test_of_a_safety_rule_is_on_the_page() -> None:
    of_rules = {name for name in all_tests() if name.startswith("test_rule_")}
    assert of_rules - NAMED == set()
    assert {int(name.split("_")[2]) for name in of_rules} == set(range(1, 11))


def test_every_problem_of_the_sync_is_explained() -> None:
    code = "".join(file.read_text() for file in (ROOT / "pbx_connector/run").glob("*.py"))
    explained = re.findall(r"^\| (S\d{3}) \|", (ROOT / "docs/problems.md").read_text(), re.MULTILINE)
    assert len(set(explained)) == len(explained)
    assert set(explained) == set(re.findall(r'"(S\d{3})"', code))
