"""Two people edit one profile: what each changed is kept, and where both changed the same lines, both versions are."""

from __future__ import annotations

from time import process_time

from hypothesis import given, settings
from hypothesis import strategies as st

from pbx_connector.application.drafts import merge
from pbx_connector.application.drafts.merging import MIDDLE, MINE, THEIRS, unresolved

BASE = "a\nb\nc\nd\ne\n"
lines = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n", "x: y\n"]), max_size=8).map("".join)


def test_changes_of_different_lines_are_put_together() -> None:
    merged = merge(BASE, "a\nB\nc\nd\ne\n", "a\nb\nc\nd\nnew\ne\n")
    assert (merged.text, merged.conflicts) == ("a\nB\nc\nd\nnew\ne\n", 0)


def test_lines_that_one_removed_and_the_other_left_alone_are_gone() -> None:
    assert merge(BASE, "a\ne\n", BASE).text == "a\ne\n"
    assert merge(BASE, BASE, "a\ne\n").text == "a\ne\n"


def test_of_lines_that_both_changed_both_versions_are_there() -> None:
    merged = merge(BASE, "a\nmine\nc\nd\ne\n", "a\ntheirs\nc\nd\ne\n")
    assert merged.conflicts == 1
    assert merged.text == f"a\n{MINE}\nmine\n{MIDDLE}\ntheirs\n{THEIRS}\nc\nd\ne\n"
    assert unresolved(merged.text) == 2


def test_what_one_removed_and_the_other_changed_is_a_conflict() -> None:
    merged = merge(BASE, "a\nc\nd\ne\n", "a\nB\nc\nd\ne\n")
    assert merged.conflicts == 1
    assert "B\n" in merged.text


def test_a_conflict_in_a_last_line_without_an_end_and_in_lines_of_windows() -> None:
    assert merge("a\nb", "a\nx", "a\ny").text == f"a\n{MINE}\nx\n{MIDDLE}\ny\n{THEIRS}\n"
    assert merge("a\r\nb\r\n", "a\r\nx\r\n", "a\r\ny\r\n").text.count("\r\n") == 6


def test_thousands_of_equal_lines_take_no_time() -> None:
    base = "a\n" + "\n" * 50_000 + "b\n"
    before = process_time()
    merged = merge(base, base.replace("a", "x\n\ny") + "\n\n", base.replace("b", "\nz\n"))
    assert process_time() - before < 10
    assert {"x", "y", "z"} <= set(merged.text.split())


@settings(max_examples=60)
@given(lines, lines)
def test_without_a_change_of_theirs_it_is_mine_and_the_other_way_round(base: str, other: str) -> None:
    assert merge(base, other, base).text == other
    assert merge(base, base, other).text == other
    assert merge(base, other, other).text == other


@settings(max_examples=60)
@given(lines, lines, lines)
def test_no_line_that_somebody_added_is_lost(base: str, mine: str, theirs: str) -> None:
    merged = merge(base, mine, theirs)
    assert bool(merged.conflicts) == bool(unresolved(merged.text))
    for other in (mine, theirs):
        new = set(other.splitlines()) - set(base.splitlines())
        assert new <= set(merged.text.splitlines())
