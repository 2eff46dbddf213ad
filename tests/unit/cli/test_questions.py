"""What a template asks is shown as it is written, and moves nothing on the screen."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from pbx_connector.cli.questions import _ask
from pbx_connector.source import Question


@pytest.mark.parametrize("hide_input", [False, True])
def test_a_question_of_a_template_carries_nothing_out(hide_input: bool) -> None:
    app = typer.Typer()

    @app.command()
    def ask() -> None:
        typer.echo(_ask(Question("name", "Na\x1b[2Jme", default="a\u202eb"), hide_input=hide_input))

    done = CliRunner().invoke(app, input="Ann\n")
    assert "Na\\x1b[2Jme" in done.output
    assert done.output.isprintable() or set(done.output) - {"\n"} == {c for c in done.output if c.isprintable()}
    assert "Ann" in done.output.splitlines()[-1]
