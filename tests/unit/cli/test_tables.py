"""Tables fit the terminal, and words stay whole."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from pbx_connector.cli import entries, output, tables
from pbx_connector.cli.tables import Cell

WORDS = st.text(alphabet="abcdefghijüß漢", min_size=1, max_size=12)
CELLS = st.lists(WORDS, max_size=4).map(" ".join)


def plain(lines: Iterable[Cell]) -> list[str]:
    return [str(line) for line in lines]


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=3), st.integers(40, 100))
def test_no_line_is_wider_than_the_terminal_and_no_word_is_broken(rows: list[tuple[str, ...]], width: int) -> None:
    lines = plain(tables.in_columns(("one", "two", "three"), rows, width))
    assert all(tables.cells(line.rstrip()) <= width for line in lines)
    shown = " ".join(lines).split()
    assert all(word in shown for row in rows for cell in row for word in cell.split())


@given(st.lists(CELLS.filter(bool), min_size=1, max_size=4), st.integers(20, 100))
def test_parts_beside_a_lead_fit_and_stay_whole_where_they_can(parts: list[str], width: int) -> None:
    lines = plain(tables.beside("lead", parts, 6, width))
    assert all(tables.cells(line) <= width for line in lines)
    assert all(any(part in line for line in lines) for part in parts if tables.cells(part) <= width - 6)


def test_what_fits_in_no_table_is_shown_line_by_line() -> None:
    rows = [("k" * 30, "v" * 30), ("ok", "")]
    assert [line.split() for line in plain(tables.in_columns(("key", "value"), rows, 40))] == [
        ["key", "k" * 30],
        ["value", "v" * 30],
        [],
        ["key", "ok"],
        [],
    ]


def test_styles_stay_where_they_were_when_a_cell_is_wrapped() -> None:
    cell: Cell = Text.assemble("number ", ("old → new", "yellow"))
    first, second = tables.wrapped(cell, 10)
    assert isinstance(first, Text)
    assert isinstance(second, Text)
    assert (first.plain, second.plain) == ("number old", "→ new")
    assert [second.plain[span.start : span.end].strip() for span in second.spans] == ["→ new"]


ENTRY = entries.Line(
    "12",
    "acc-anna",
    {
        "display_name": "Zahnärztin Dr. Weiß",
        "phone": Text("+49 89 99998 702"),
        "organisation": "Gemeinschaftspraxis Dr. Weiß und Dr. Schwarz",
        "email": "praxis.dr.weiss.und.dr.schwarz@zahnarzt.example.com",
    },
    "Department: Sales",
)


@pytest.mark.parametrize("width", [60, 80, 100, 149])
def test_an_entry_on_a_narrow_terminal_is_a_few_lines_of_whole_words(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(output, "PIPE_WIDTH", width)
    assert entries.show("Entries", "id", [ENTRY]) == 1
    printed = capsys.readouterr().out
    assert all(len(line) <= width for line in printed.splitlines())
    assert "Telephone +49 89 99998 702" in printed
    assert "praxis.dr.weiss.und.dr.schwarz@zahnarzt.example.com" in printed
    assert "12  Zahnärztin Dr. Weiß · acc-anna" in printed
