"""docs/sandbox.md says nothing that does not work: its commands start, its Python runs, its tables are complete."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from free_port import free_port
from pbx_exchange.sandbox.faults import FAULTS

_PAGE = Path(__file__).parents[4] / "docs" / "sandbox.md"
_TEXT = _PAGE.read_text(encoding="utf-8")
_PORT = "8025"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", _TEXT, re.DOTALL)


@pytest.fixture
def port() -> str:
    return str(free_port())


def start(command: str, port: str) -> subprocess.Popen[str]:
    words = shlex.split(command.replace(_PORT, port))
    assert words[0] == "python"
    return subprocess.Popen([sys.executable, *words[1:]], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("command", blocks("sh"))
def test_the_commands_start_a_sandbox(command: str, port: str) -> None:
    with start(command, port) as program:
        line = program.stdout.readline()
        program.terminate()
    assert "Sandbox Exchange is ready" in line or '"url": "http' in line
    assert program.returncode == 0


def test_the_python_example_runs() -> None:
    code = next(block for block in blocks("python") if "Sandbox.start" in block)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("http://127.0.0.1:")


def test_faults_over_http_as_written(port: str) -> None:
    command = next(block for block in blocks("sh") if _PORT in block)
    code = next(block for block in blocks("python") if _PORT in block)
    with start(command, port) as program:
        program.stdout.readline()
        words = [sys.executable, "-c", code.replace(_PORT, port)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        program.terminate()
    assert done.returncode == 0, done.stderr
    assert "'name': '503'" in done.stdout


def test_every_fault_is_in_the_table() -> None:
    assert set(re.findall(r"^\| `([^`]+)` \| ", _TEXT.split("| Name |")[1], re.MULTILINE)) == set(FAULTS)


def test_every_option_is_in_the_table() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "pbx_exchange.sandbox", "--help"], capture_output=True, text=True, timeout=60, check=True
    )
    options = set(re.findall(r"--[a-z]+", shown.stdout)) - {"--help"}
    assert {option for option in options if option not in _TEXT} == set()
