"""Random programs give, as rules, what a real PHP gives on random rows; or the report names what differs, and where
that reason is taken out of the program and its row, nothing differs any more.

`PBX_PROGRAMS` says how many programs; `make fuzz` asks for many.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pbx_convert.findings import Kind, Unsaid
from pbx_convert.php import snippets
from pbx_convert.php.snippets import Said
from pbx_convert.terms import written

from .conftest import Php, Program, Refused, Rule
from .conftest import same as agreed
from .programs import programs, rows
from .reasons import without

AT_ONCE = 50
"""Programs to one start of PHP."""
PROGRAMS = int(os.environ.get("PBX_PROGRAMS", "1200"))


@dataclass(frozen=True)
class Compared:
    """One program on one row; `kinds` are the differences that the report names."""

    program: str
    row: Mapping[str, Any]
    wanted: Any
    rule: str
    value: Any
    kinds: frozenset[str]
    same: bool


Translate = Callable[[str], Said | Unsaid]
Take = Callable[[Any, frozenset[str]], Any]
"""What of PHP's value a rule with such differences has."""


def as_value(wanted: Any, kinds: frozenset[str]) -> Any:
    return None if Kind.YES_NO in kinds and not wanted else wanted


def as_truth(wanted: Any, _kinds: frozenset[str]) -> bool:
    return bool(wanted) and wanted != "0"


def compared(pairs: Sequence[Program], php: Php, rule: Rule, translate: Translate, take: Take) -> list[Compared | None]:
    """None for what cannot be said, which the report tells, and for what PHP itself ends with an error."""
    found: list[Compared | None] = []
    for (program, row), wanted in zip(pairs, php(pairs), strict=True):
        made = translate(program)
        if isinstance(made, Unsaid) or wanted is Refused:
            found.append(None)
            continue
        kinds = frozenset(str(note.kind) for note in made.notes)
        value = rule(written(made.term), row)
        same = agreed(take(wanted, kinds), value)
        found.append(Compared(program, row, wanted, written(made.term), value, kinds, same))
    return found


def agree_on(many: int, translate: Translate, take: Take, php: Php, rule: Rule) -> None:
    @settings(
        max_examples=max(1, many // AT_ONCE),
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )
    @given(pairs=st.lists(st.tuples(programs, rows), min_size=AT_ONCE, max_size=AT_ONCE))
    def agree(pairs: list[Program]) -> None:
        different = [one for one in compared(pairs, php, rule, translate, take) if one and not one.same]
        plain = [without({*one.kinds, Kind.WHITE_SPACE}, one.program, one.row) for one in different]
        again = compared(plain, php, rule, translate, take) if plain else ()
        for one, other in zip(different, again, strict=True):
            assert other is None or other.same, f"{one}\n{other}"

    agree()


def test_random_programs_agree_with_php(php: Php, rule: Rule) -> None:
    agree_on(PROGRAMS, lambda program: snippets.variable("X", program), as_value, php, rule)


def test_random_programs_as_pre_filters_keep_the_rows_that_php_keeps(php: Php, rule: Rule) -> None:
    agree_on(PROGRAMS // 3, snippets.pre_filter, as_truth, php, rule)


def test_most_random_programs_can_be_said() -> None:
    said = []

    @settings(max_examples=200, database=None)
    @given(programs)
    def ask(program: str) -> None:
        said.append(not isinstance(snippets.variable("X", program), Unsaid))

    ask()
    assert sum(said) > 0.8 * len(said)
