"""A long run of mutated expressions, rules and profiles: none may raise, and none may take long. `make fuzz` runs it.

    python grammar/tests/fuzz_rules.py [--seconds 600] [--seed 1]

The inputs grow from the conformance suite. Python's own random numbers drive it rather than Hypothesis: it makes some
hundred times more inputs a second, and the seed repeats a run. What fails is printed with the input.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pbx_rules import (
    Program,
    SourceField,
    SourceFields,
    TargetField,
    TargetTable,
    compile_profile,
    document,
    render,
    trial,
)
from pbx_rules.backends import interpreter
from pbx_rules.formatter import format_rules
from pbx_rules.mentions import mentions
from ruamel.yaml import YAML

SLOW = 0.1
"""Seconds of CPU time that one input may take."""
LENGTHS = [100, 100, 200, 200, 500, 2_000]
"""Characters at most: a short input is as likely to find a slip, and many times cheaper."""
FOLDER = Path(__file__).parents[1] / "conformance"
VALUES, MISTAKES, PROFILES = (
    YAML(typ="safe", pure=True).load((FOLDER / f"{name}.yaml").read_text())
    for name in ("values", "mistakes", "profiles")
)
EXPRESSIONS = [case["when"] for suite in (VALUES, MISTAKES) for cases in suite["cases"].values() for case in cases]
TEXTS = [case["text"] for case in PROFILES["cases"]]
_WORDS = """
    and or not is in else each where give when keep skip because blank contains true false matches
    ( ) [ ] { } " ' / \\ # : ; , . = & < > $ == != ?? {{ }} {{{ }}} | - + %
    [T] [L] [Rs] [R] [N] [D] [Y] p.Type upper( left( if( switch( lookup( &a *a !!x << ?
"""
_SIGNS = ["\n", "\t", "\r\n", " ", "\0", "\ud800", "\u202e", "\u2028", "e\u0301", "👩‍👩‍👧", "ß", "İ", "\ufeff", "---\n"]
PIECES = [*_WORDS.split(), *_SIGNS]
_WORD = re.compile(r'\w+|"[^"]*"|\[\w*\]|[^\w\s]+')
_ODD = [None, "", " ", 5, True, ["a", ["b", None]], {"Type": "x"}, "\ud800\0", "1,5", b"x"]
BOOK = TargetTable(
    "book",
    (TargetField("name", "", 10, "reject"), TargetField("phone"), TargetField("mail", native=True)),
    (TargetTable("book.label", (TargetField("label", blank="drop"), TargetField("value", "", 5, "drop"))),),
)


def source() -> SourceFields:
    fields = []
    for name, of in VALUES["source"].items():
        kind: Any = "record" if isinstance(of, dict) else "list" if isinstance(of, list) else of
        parts = of if isinstance(of, dict) else of[0] if isinstance(of, list) else None
        fields.append(SourceField(name, kind, parts))
    return SourceFields(tuple(fields), closed=False)


SOURCE = source()
TABLES = document.load(FOLDER.joinpath("values.yaml").read_text(), "t").root


def mutated(text: str, chance: random.Random, others: list[str]) -> str:
    for _ in range(chance.choice([1, 1, 1, 1, 2, 3, 8])):
        at, end = chance.randrange(len(text) + 1), chance.randrange(len(text) + 1)
        start, end = min(at, end), min(max(at, end), at + 12)
        match chance.randrange(12):
            case 0:
                text = text[:start] + text[end:]
            case 1:
                text = text[:at] + chance.choice(PIECES) + text[at:]
            case 2:
                text = text[:start] + chance.choice(PIECES) + text[end:]
            case 3:
                text = text[:at] + text[start:end] * chance.choice([1, 2, 5, 50]) + text[at:]
            case 4:
                text = text[:at] + chance.choice(others) + text[at:]
            case 5:
                text = text[:at] + chr(chance.choice([chance.randrange(128), chance.randrange(0x11000)])) + text[at:]
            case _:
                text = exchanged(text, chance, others)
    return text[: chance.choice(LENGTHS)]


def exchanged(text: str, chance: random.Random, others: list[str]) -> str:
    """One word for a word of another input, or for the whole of it in parentheses: often still correct."""
    words, donor = list(_WORD.finditer(text)), chance.choice(others)
    if not words:
        return donor
    word = chance.choice(words)
    found: str = chance.choice(_WORD.findall(donor) or [""])
    return text[: word.start()] + chance.choice([found, found, f"({donor})"]) + text[word.end() :]


def row(chance: random.Random) -> dict[str, Any]:
    values = dict(VALUES["row"])
    for name in values:
        if chance.random() < 0.3:
            values[name] = chance.choice(_ODD)
    return values


def try_expression(text: str, chance: random.Random) -> str:
    assert isinstance(TABLES, document.Mapping)
    found = trial.try_expression(text, row(chance), source=SOURCE, tables=TABLES.get("tables"), region="DE")
    for item in found.diagnostics:
        render(item, text).encode()
    if chance.random() < 0.1:
        mentions(trial.scalar(text), rules=False)
    return "sound" if found.type else "refused"


def try_format(text: str, _chance: random.Random) -> str:
    formatted = format_rules(text)
    if format_rules(formatted) != formatted:
        raise AssertionError("formatting twice is not formatting once")
    return "formatted"


def try_rules(text: str, chance: random.Random) -> str:
    block = "".join(f"  {line}\n" for line in text.split("\n"))
    return try_profile(f"rules: |2\n{block}structure: {{book: [{{name: x, mail: '{{{{A}}}}'}}]}}\n", chance)


def try_profile(text: str, chance: random.Random) -> str:
    loaded = document.load(text, "f")
    found = list(loaded.diagnostics)
    root = loaded.root
    structure = root.get("structure") if isinstance(root, document.Mapping) else None
    program = None
    if isinstance(root, document.Mapping) and structure is not None:
        rules, region = root.get("rules"), root.get("region")
        compiled = compile_profile(
            file="f",
            rules=rules if isinstance(rules, document.Scalar) else None,
            structure=structure,
            target=(BOOK,),
            source=SOURCE,
            tables=root.get("tables"),
            region=region if isinstance(region, document.Scalar) else None,
        )
        found += compiled.diagnostics
        program = compiled.program
    for item in found:
        render(item, text).encode()
    if program is None:
        return "refused"
    values = row(chance)
    result = program.run(values)
    if any(finding.code == "R0808" for finding in result.findings):
        raise AssertionError("a function of the language raised")
    if result != interpreted(program).run(values):
        raise AssertionError("compiled rules and closures differ")
    return "sound"


def interpreted(program: Program) -> Program:
    return Program(program.fields, "", program.rules, lambda: interpreter.build(program.rules))


def rules_of(chance: random.Random) -> str:
    return "\n".join(f"{chance.choice('ABC')} = {chance.choice(EXPRESSIONS)}" for _ in range(chance.randrange(1, 4)))


Target = Callable[[str, random.Random], str]


def inputs(chance: random.Random) -> tuple[Target, str]:
    choice = chance.random()
    if choice < 0.7:
        return try_expression, mutated(chance.choice(EXPRESSIONS), chance, EXPRESSIONS)
    if choice < 0.75:
        return try_format, mutated(rules_of(chance), chance, EXPRESSIONS)
    if choice < 0.88:
        return try_rules, mutated(rules_of(chance), chance, EXPRESSIONS)
    return try_profile, mutated(chance.choice(TEXTS), chance, TEXTS)


def main(seconds: float, seed: int) -> int:
    chance, outcomes, slowest = random.Random(seed), Counter[str](), (0.0, "")
    started, failures = time.monotonic(), 0
    try_profile(TEXTS[0], chance)  # builds the grammar, which is no input's fault
    while time.monotonic() - started < seconds and failures < 10:
        target, text = inputs(chance)
        begun = time.process_time()
        try:
            outcomes[target(text, chance)] += 1
        except Exception:  # noqa: BLE001 - whatever it is, it is what this run looks for
            failures += 1
            print(f"FAILED {target.__name__}({text!r})\n{traceback.format_exc(limit=-4)}", flush=True)
        took = time.process_time() - begun
        if took > SLOW:
            again = time.process_time()
            target(text, chance)
            took = min(took, time.process_time() - again)
            if took > SLOW:
                failures += 1
                print(f"SLOW {took:.3f} s {target.__name__}({text!r})", flush=True)
        slowest = max(slowest, (took, text))
    print(f"seed {seed}: {sum(outcomes.values())} inputs, {dict(outcomes)}, slowest {slowest[0] * 1000:.1f} ms")
    return 1 if failures else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sys.exit(main(options.seconds, options.seed))
