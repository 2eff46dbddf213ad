"""A long run of mutated PHP, structures, lists of variables, pasted text and bytes: none may raise, but for what is
told as no profile, and none may take long. `make fuzz` runs it.

    python plugins/convert/tests/fuzz_convert.py [--seconds 300 | --inputs 1000000] [--seed 1]

The inputs grow from the programs of `cases.json`. The seed repeats a run; what fails is printed with the input.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pbx_convert.conversion import convert
from pbx_convert.findings import Unsaid
from pbx_convert.originals import Original, original_of
from pbx_convert.php import snippets
from pbx_convert.terms import written

from pbx_connector.api import UsageError

SLOW = 0.1
"""Seconds of CPU time that one input may take."""
BATCH = 40
LENGTHS = [100] * 8 + [200] * 16 + [500] * 12 + [2_000] * 3 + [20_000]
"""Characters at most: a short input is as likely to find a slip, and many times cheaper."""
PROGRAMS = list(
    dict.fromkeys(case["php"] for case in json.loads(Path(__file__).with_name("cases.json").read_text("utf-8")))
)
STRUCTURES = [
    """{"phonebook": [{"028pho_bez": "{{{DisplayName}}}", {{#if Web}}"028pho_notes": "Web: {{{Web}}}",{{/if}}
    "011acc_id": "{{{local_id}}}", "post": {"phonebook.phonebooklabel": [
    {"050lab_bez": "Department", "028050pholab_value": "{{{Department}}}"}]}}]}""",
    '{"phonebook": [{{#each People}}{"028pho_bez": "{{this.Name}}"},{{/each}} {"028pho_bez": "x"}]}',
    '{"phonebook": [{"028pho_bez": "{{#each All}}{{this}};{{/each}}", "028pho_notes": "{{#if A}}a{{else}}b{{/if}}"}]}',
    '{"phonebook": [{{#unless Vip}}{"028pho_bez": null, "028pho_phone": 12.5, "x": true},{{/unless}}]}',
]
_FILTER, *_OTHERS = PROGRAMS
TABS = (
    f"Basic Data\nTitle: x\nPre Filter\n{_FILTER}\n"
    f"Variables\nA\t{_OTHERS[0]}\nB: return 1;\nStructure\n{STRUCTURES[0]}\n"
)
FILES = [
    ("pasted.txt", [TABS]),
    ("one.json", [json.dumps({"prefilter": _FILTER, "variables": {"A": _OTHERS[1]}, "structure": STRUCTURES[0]})]),
    (
        "one.json",
        ['{"Variables": [{"name": "V", "value": "return 1;"}], "structure": {"phonebook": [{"a": "{{V}}"}]}}'],
    ),
    ("variables.csv", ['name,value\nA,"return ""x"";"\nB,return $row[\'x\'];\n', "name;php\nA;return 1;\n"]),
    ("variables.txt", ["A\treturn 1;\nB: return $row['x'];"]),
    ("structure.json", STRUCTURES),
    ("prefilter.php", PROGRAMS),
]
NESTS = [
    *[("(", ")"), ("[", "]"), ("{", "}"), ('{"a":', "}"), ("!", ""), ("trim(", ")"), ("{{#if a}}", ""), ("a\t", "")],
    *[("if ($row['A']) {", "}"), ("foreach ($row['L'] as $e) {", "}"), ("$row['A'] ? 'x' : (", ")")],
    *[
        ("$v = $v . $v;", ""),
        ("if ($row['A']) $v .= $row['B'];", ""),
        ("$row['A'] . ", ""),
        ("'/" + "(" * 30 + "/'", ""),
    ],
]
"""What many times around, or before, an input makes it deep or long."""
_WORDS = """
    $row $row["A"] $row['L'] $a $v $e ( ) [ ] { } " ' ; , . => = == === != ! && || ?? ?: ? : .= <?php ?> // /* */ # & @
    if else elseif foreach as return break continue switch case default: match fn function list( array( null true false
    new strlen( substr( trim( str_replace( preg_match( preg_replace( explode( implode( count( in_array( strpos( isset(
    '/(a|b)*/' '/[^,]+/iu' 0 1 -1 80 999999999 1e9 0x1F <<<X \\
    {{ }} {{{ }}} {{#if {{/if}} {{else}} {{#each {{this}} {{/each}} {{!
"""
_SIGNS = [
    "\n",
    "\t",
    "\r\n",
    " ",
    "\0",
    "\ud800",
    "\u202e",
    "\u2028",
    "e\u0301",
    "👩‍👩‍👧",
    "ß",
    "İ",
    "\ufeff",
    "Structure\n",
]
PIECES = [*_WORDS.split(), *_SIGNS]
_WORD = re.compile(r"""\$?\w+\(?|"[^"]*"|'[^']*'|[^\w\s]+""")


def mutated(text: str, chance: random.Random, others: list[str]) -> str:
    for _ in range(chance.choice([1, 1, 1, 1, 2, 3, 8])):
        at, end = chance.randrange(len(text) + 1), chance.randrange(len(text) + 1)
        start, end = min(at, end), min(max(at, end), at + 20)
        match chance.randrange(12):
            case 0:
                text = text[:start] + text[end:]
            case 1:
                text = text[:at] + chance.choice(PIECES) + text[at:]
            case 2:
                text = text[:start] + chance.choice(PIECES) + text[end:]
            case 3:
                text = text[:at] + text[start:end] * chance.choice([1, 2, 5, 50, 400]) + text[at:]
            case 4:
                text = text[:at] + chance.choice(others) + text[at:]
            case 5:
                text = text[:at] + chr(chance.choice([chance.randrange(128), chance.randrange(0x11000)])) + text[at:]
            case 6:
                text = nested(text, chance)
            case _:
                text = exchanged(text, chance, others)
    return text[: chance.choice(LENGTHS)]


def exchanged(text: str, chance: random.Random, others: list[str]) -> str:
    """One word for a word of another input: often still correct."""
    word, donor = _WORD.search(text, chance.randrange(len(text) + 1)), chance.choice(others)
    if not word:
        return donor
    found: str = chance.choice(_WORD.findall(donor) or [""])
    return text[: word.start()] + found + text[word.end() :]


def nested(text: str, chance: random.Random) -> str:
    """Something around itself, or behind itself, many times."""
    many = chance.choice([2, 5, 20, 60, 300, 3_000])
    before, after = chance.choice(NESTS)
    at = chance.randrange(len(text) + 1)
    return before * many + text[at:] + after * many if chance.random() < 0.5 else text[:at] + before * many + text[at:]


def try_program(text: str, _file: Path) -> str:
    said = snippets.variable("X", text) if len(text) % 3 else snippets.pre_filter(text)
    if isinstance(said, Unsaid):
        return "refused"
    written(said.term)
    return "said"


def try_structure(text: str, _file: Path) -> str:
    return _converted(Original(variables={"A": "return 1;", "All": "return $row['L'];"}, structure=text))


def try_programs(text: str, _file: Path) -> str:
    """Several variables at once."""
    pieces = text.split("\0")
    return _converted(Original(prefilter=pieces[0], variables=dict(zip("ABCDE", pieces[1:], strict=False))))


def _converted(original: Original) -> str:
    made = convert(original)
    return "refused" if made.unsaid else "said"


def try_file(text: str, file: Path) -> str:
    """As it is read from a file; every other one is no UTF-8 any more."""
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) % 7 == 0:
        raw = raw[: len(raw) // 2] + b"\xff\xfe" + raw[len(raw) // 2 :]
    try:
        return _converted(original_of({file: raw}))
    except UsageError as error:
        str(error).encode()
        return "no profile"


Target = Callable[[str, Path], str]


Input = tuple[Target, str, Path]
"""What to try, the text, and its file."""


def inputs(chance: random.Random) -> Input:
    choice = chance.random()
    if choice < 0.55:
        return try_program, mutated(chance.choice(PROGRAMS), chance, PROGRAMS), Path()
    if choice < 0.7:
        return try_structure, mutated(chance.choice(STRUCTURES), chance, STRUCTURES), Path()
    if choice < 0.75:
        return try_programs, "\0".join(mutated(chance.choice(PROGRAMS), chance, PROGRAMS) for _ in range(5)), Path()
    name, seeds = chance.choice(FILES)
    return try_file, mutated(chance.choice(seeds), chance, seeds + PROGRAMS[:20]), Path(name)


class Run:
    """Counts what came of the inputs, and remembers what failed and what was slowest."""

    def __init__(self) -> None:
        self.outcomes = Counter[str]()
        self.failures = 0
        self.slowest = 0.0

    def batch(self, many: list[Input]) -> None:
        """CPU time is asked for once a batch, as asking takes longer than most inputs; a batch that takes longer
        than the slowest input so far is looked into."""
        begun = time.process_time()
        for target, text, file in many:
            try:
                self.outcomes[target(text, file)] += 1
            except Exception:  # noqa: BLE001 - whatever it is, it is what this run looks for
                self.failures += 1
                print(f"FAILED {target.__name__}({text!r}) {file}\n{traceback.format_exc(limit=-4)}", flush=True)
        if time.process_time() - begun > self.slowest:
            for one in many:
                self._measure(one)

    def _measure(self, one: Input) -> None:
        took = seconds(one)
        if took > SLOW:  # the best of three: other processes of the machine are no input's fault
            took = min(took, seconds(one), seconds(one))
        self.slowest = max(self.slowest, took)
        if took > SLOW:
            self.failures += 1
            print(f"SLOW {took:.3f} s {one[0].__name__}({one[1]!r}) {one[2]}", flush=True)


def seconds(one: Input) -> float:
    target, text, file = one
    begun = time.process_time()
    with contextlib.suppress(Exception):
        target(text, file)
    return time.process_time() - begun


def main(limit: float, most: int, seed: int) -> int:
    chance, run, started = random.Random(seed), Run(), time.monotonic()
    try_program(PROGRAMS[0], Path())  # loads the grammar, which is no input's fault
    while time.monotonic() - started < limit and run.outcomes.total() < most and run.failures < 10:
        run.batch([inputs(chance) for _ in range(BATCH)])
    total, counted = run.outcomes.total(), dict(run.outcomes)
    print(f"seed {seed}: {total:,} inputs, {counted}, slowest {run.slowest * 1000:.1f} ms", flush=True)
    return 1 if run.failures else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--inputs", type=int, default=10**12)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sys.exit(main(options.seconds, options.inputs, options.seed))
