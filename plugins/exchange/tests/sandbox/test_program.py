"""The sandbox as a program: what it prints, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
import requests

_PROGRAM = [sys.executable, "-m", "pbx_exchange.sandbox"]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_json_first_line_and_clean_end(ending: signal.Signals) -> None:
    with subprocess.Popen([*_PROGRAM, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        reach = json.loads(program.stdout.readline())
        status = requests.post(reach["url"], auth=(reach["email"], reach["password"]), data="no XML", timeout=100)
        program.send_signal(ending)
        out, err = program.communicate(timeout=100)
    assert set(reach) == {"url", "email", "password", "accounts"}
    assert reach["accounts"][0] == {"id": "acc-anna", "username": "anna", "email": "anna.berg@example.com"}
    assert status.status_code == 500
    assert b"ErrorSchemaValidation" in status.content
    assert (program.returncode, out, err) == (0, "", "")


def test_words_tell_how_to_reach_it() -> None:
    with subprocess.Popen([*_PROGRAM, "--password", "open sesame"], stdout=subprocess.PIPE, text=True) as program:
        lines = [program.stdout.readline() for _ in range(6)]
        program.terminate()
    text = "".join(lines)
    assert "http://127.0.0.1:" in text
    assert "pbx@example.com" in text
    assert "open sesame" in text


def test_without_its_extra_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['trustme'] = None; import pbx_exchange.sandbox"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("pip install 'pbx-connector-exchange[sandbox]'")
