"""The TextMate grammar colours what the language's own lexer reads: in shipped profiles and conformance cases.

TextMate grammars run on Oniguruma, of which `regex` understands all that this grammar uses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import regex
from pbx_rules.document import Mapping, Scalar, load
from pbx_rules.syntax.statements import split
from pbx_rules.syntax.tokens import lexer
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[4]
GRAMMAR = json.loads((ROOT / "editors/pbx-rules.tmLanguage.json").read_text(encoding="utf-8"))
SCOPES = {
    "FIELD": "variable.other.field",
    "TEXT": "string.quoted.double",
    "PATTERN": "string.regexp",
    "NUMBER": "constant.numeric",
    "TRUE": "constant.language",
    "FALSE": "constant.language",
    "BLANK": "constant.language",
    **dict.fromkeys(["_KEEP", "_SKIP", "_WHEN", "_BECAUSE", "_EACH", "_WHERE", "_GIVE"], "keyword.control"),
    **dict.fromkeys(["_AND", "_OR", "_NOT", "_IS", "_IN", "_CONTAINS", "_STARTS_WITH"], "keyword.operator.word"),
    **dict.fromkeys(["_ENDS_WITH", "_MATCHES", "_NOT_CONTAIN", "_NOT_MATCH"], "keyword.operator.word"),
    **dict.fromkeys(["_AND_TEXT", "_LESS", "_MORE", "_LESS_OR_IS", "_MORE_OR_IS"], "keyword.operator"),
}
NAMES = {"variable.other", "variable.other.definition", "entity.name.function", "variable.parameter"}


def rules_of_profiles() -> Iterator[str]:
    for path in (*sorted((ROOT / "profiles").glob("*.yaml")), *sorted((ROOT / "plugins").rglob("templates/*.yaml"))):
        root = load(path.read_text(encoding="utf-8"), str(path)).root
        rules = root.get("rules") if isinstance(root, Mapping) else None
        if isinstance(rules, Scalar):
            yield from (chunk.text for chunk in split(rules.text))


def conformance_expressions() -> Iterator[str]:
    suite = YAML(typ="safe", pure=True).load((ROOT / "grammar/conformance/values.yaml").read_text(encoding="utf-8"))
    for cases in suite["cases"].values():
        yield from (str(case["when"]) for case in cases)


CORPUS = [*rules_of_profiles(), *conformance_expressions()]


def scopes(line: str) -> list[str]:
    """For each character of a line the scope it gets: at each place the first pattern that matches there."""
    found = [""] * len(line)
    rules = [GRAMMAR["repository"][part["include"][1:]] for part in GRAMMAR["repository"]["rules"]["patterns"]]
    at = 0
    while at < len(line):
        matches = [(regex.compile(rule["match"]).search(line, at), rule) for rule in rules]
        hits = [(match.start(), number) for number, (match, _) in enumerate(matches) if match]
        if not hits:
            break
        match, rule = matches[min(hits)[1]]
        paint(found, match, rule)
        at = max(match.end(), at + 1)
    return found


def paint(found: list[str], match: Any, rule: Any) -> None:
    whole = {"0": {"name": rule["name"]}} if "name" in rule else {}
    for group, named in {**whole, **rule.get("captures", {})}.items():
        for place in range(*match.span(int(group))):
            found[place] = named["name"].removesuffix(".pbx-rules")


def test_the_corpus_is_worth_it() -> None:
    kinds = {token.type for text in CORPUS for token in lexer().lex(text)}
    assert kinds >= SCOPES.keys()
    assert len(CORPUS) > 200


@pytest.mark.parametrize("text", CORPUS)
def test_each_token_has_its_colour(text: str) -> None:
    if "\n" in text.strip():
        text = text.replace("\n", " ") if "#" not in text else text.split("\n")[0]
    coloured = scopes(text)
    for token in lexer().lex(text):
        assert token.start_pos is not None
        assert token.end_pos is not None
        given = set(coloured[token.start_pos : token.end_pos]) - {""}
        if token.type in SCOPES:
            assert given == {SCOPES[token.type]}, (str(token), given)
        elif token.type == "NAME":
            assert len(given) == 1, (str(token), given)
            assert given <= NAMES, (str(token), given)


@pytest.mark.parametrize(
    ("line", "begins"),
    [
        ("rules: |", True),
        ("rules: |-  # the mapping", True),
        ('"rules": |2', True),
        ("  rules: |", False),
        ("rules: >", False),
        ("myrules: |", False),
    ],
)
def test_the_block_begins_at_rules(line: str, begins: bool) -> None:
    assert bool(regex.search(GRAMMAR["repository"]["block"]["begin"], line)) is begins


def test_the_block_ends_where_the_indentation_does() -> None:
    end = GRAMMAR["repository"]["block"]["end"]
    assert regex.search(end, "structure:")
    assert not regex.search(end, "  Name = [Name]")
    assert not regex.search(end, "")
