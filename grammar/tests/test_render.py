"""The picture of a diagnostic."""

from __future__ import annotations

from pbx_rules import Diagnostic, Note, Span, render

TEXT = "rules: |\n  Phone = phone([BusinesPhone])\n"


def test_the_picture_of_the_brief() -> None:
    found = Diagnostic(
        "R0201",
        "error",
        "unknown field [BusinesPhone]",
        Span(2, 17, 2, 31),
        "crm.yaml",
        label="this source has no such field",
        hint="did you mean [PhoneNumbers_BusinessPhone]?",
    )
    assert render(found, TEXT) == (
        "error[R0201]: unknown field [BusinesPhone]\n"
        " --> crm.yaml:2:17\n"
        "2 |   Phone = phone([BusinesPhone])\n"
        "  |                 ^^^^^^^^^^^^^^ this source has no such field\n"
        "  = help: did you mean [PhoneNumbers_BusinessPhone]?"
    )


def test_notes_are_drawn_below() -> None:
    found = Diagnostic("R0006", "error", "twice", Span(2, 3, 2, 8), "f", notes=(Note(Span(1, 1, 1, 6), "first"),))
    assert render(found, TEXT).splitlines()[-2:] == ["1 | rules: |", "  | ----- first"]


def test_wide_and_combining_characters_move_the_carets() -> None:
    text = "漢e\u0301 x"
    assert render(Diagnostic("R0106", "error", "m", Span(1, 5, 1, 6), "f"), text).splitlines()[-1] == "  |     ^"


def test_nothing_reaches_the_terminal_that_could_steer_it() -> None:
    found = Diagnostic("R0002", "error", "\x1b[31m", Span(1, 1, 1, 2), "a\u202eb")
    drawn = render(found, "\x1b]0;x\x07 \ud800")
    assert all(character.isprintable() or character == "\n" for character in drawn)
    drawn.encode("utf-8")


def test_a_long_line_is_shown_around_the_place() -> None:
    text = "x" * 5000 + "HERE" + "y" * 5000
    drawn = render(Diagnostic("R0106", "error", "m", Span(1, 5001, 1, 5005), "f"), text).splitlines()
    assert len(drawn[2]) < 200
    assert drawn[2].index("HERE") == drawn[3].index("^^^^")


def test_a_place_past_the_end_is_drawn_too() -> None:
    assert render(Diagnostic("R0101", "error", "m", Span(9, 1, 9, 2), "f"), "").endswith("^")
