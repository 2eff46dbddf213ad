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
from pbx_convert.terms import written

from .conftest import Php, Program, Refused, Rule
from .programs import programs, rows
from .reasons import without

AT_ONCE = 50
"""Programs to one start of PHP."""
EXAMPLES = int(os.environ.get("PBX_PROGRAMS", "1500"))
Agree = Callable[[Any, Any], bool]


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


def compared(pairs: Sequence[Program], php: Php, rule: Rule, agree: Agree) -> list[Compared | None]:
    """None for what cannot be said, which the report tells, and for what PHP itself ends with an error."""
    found: list[Compared | None] = []
    for (program, row), wanted in zip(pairs, php(pairs), strict=True):
        made = snippets.variable("X", program)
        if isinstance(made, Unsaid) or wanted is Refused:
            found.append(None)
            continue
        kinds = frozenset(str(note.kind) for note in made.notes)
        value = rule(written(made.term), row)
        same = agree(None if Kind.YES_NO in kinds and not wanted else wanted, value)
        found.append(Compared(program, row, wanted, written(made.term), value, kinds, same))
    return found


@settings(
    max_examples=EXAMPLES // AT_ONCE,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(pairs=st.lists(st.tuples(programs, rows), min_size=AT_ONCE, max_size=AT_ONCE))
def test_random_programs_agree_with_php(pairs: list[Program], php: Php, rule: Rule, agree: Agree) -> None:
    different = [one for one in compared(pairs, php, rule, agree) if one and not one.same]
    plain = [without({*one.kinds, Kind.WHITE_SPACE}, one.program, one.row) for one in different]
    for one, again in zip(different, compared(plain, php, rule, agree) if plain else (), strict=True):
        assert again is None or again.same, f"{one}\n{again}"


def test_most_random_programs_can_be_said() -> None:
    said = []

    @settings(max_examples=200, deadline=None, database=None)
    @given(programs)
    def ask(program: str) -> None:
        said.append(not isinstance(snippets.variable("X", program), Unsaid))

    ask()
    assert sum(said) > 0.8 * len(said)
