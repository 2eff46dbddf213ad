"""docs/sandbox-graph.md says nothing that does not work: its commands start, its Python runs, its tables are whole."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from free_port import free_port
from pbx_microsoft365.sandbox.faults import FAULTS
from pbx_microsoft365.sandbox.routes import OPERATIONS

_PAGE = Path(__file__).parents[4] / "docs" / "sandbox-graph.md"
_TEXT = _PAGE.read_text(encoding="utf-8")
_PORT = "8026"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", _TEXT, re.DOTALL)


@pytest.fixture
def port() -> str:
    return str(free_port())


def start(command: str, port: str) -> tuple[subprocess.Popen[str], str]:
    """The program, and its first line."""
    words = shlex.split(command.replace(_PORT, port))
    assert words[0] == "python"
    program = subprocess.Popen([sys.executable, *words[1:]], stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    return program, program.stdout.readline()


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("command", blocks("sh"))
def test_the_commands_start_a_sandbox(command: str, port: str) -> None:
    program, line = start(command, port)
    with program:
        program.terminate()
    assert "Sandbox Graph is ready" in line or '"url": "http' in line
    assert program.returncode == 0


def test_the_python_example_runs() -> None:
    assert run(next(block for block in blocks("python") if "with Sandbox()" in block)).startswith("https://127.0.0.1:")


def test_faults_over_http_as_written(port: str) -> None:
    program, _ = start(next(block for block in blocks("sh") if _PORT in block), port)
    with program:
        said = run(next(block for block in blocks("python") if _PORT in block).replace(_PORT, port))
        program.terminate()
    assert "'name': '503'" in said


def test_every_fault_is_in_the_table_and_every_operation_exists() -> None:
    assert set(re.findall(r"^\| `([^`]+)` \| ", _TEXT.split("| Name |")[1], re.MULTILINE)) == set(FAULTS)
    (named,) = re.findall(r"^Operations are, among others, (.*?)\. ", _TEXT, re.DOTALL | re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", named)) <= OPERATIONS


def test_every_option_is_in_the_table() -> None:
    command = [sys.executable, "-m", "pbx_microsoft365.sandbox", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    options = set(re.findall(r"--[a-z]+", shown)) - {"--help"}
    assert {option for option in options if option not in _TEXT} == set()
