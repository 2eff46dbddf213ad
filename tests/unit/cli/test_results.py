"""Results that are not made for people: exact in a file, harmless on a terminal."""

from __future__ import annotations

import io
import json

import pytest

from pbx_connector.cli import output


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


TYPED = "a\x1b[2J\x9b31m\u202eb\r\nc\td \U0001f469\u200d\U0001f467\n"


@pytest.mark.parametrize(
    ("stream", "seen"),
    [
        (io.StringIO(newline=""), TYPED),
        (Terminal(newline=""), "a\\x1b[2J\\x9b31m\\u202eb\r\nc\td \U0001f469\u200d\U0001f467\n"),
    ],
)
def test_no_control_sequence_reaches_a_terminal(stream: io.StringIO, seen: str) -> None:
    assert output.results(stream).write(TYPED) == len(TYPED)
    assert stream.getvalue() == seen


def test_json_on_a_terminal_stays_json(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    output.as_json_line({"name": "a\x9b2J\u202eü"})
    assert terminal.getvalue().isascii()
    assert json.loads(terminal.getvalue()) == {"name": "a\x9b2J\u202eü"}
