"""Who is told to stop stops, at whatever moment that is."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import itertools, os, sys, threading
from pbx_connector.stopping import until_stopped

number = int(sys.argv[1])

def sends_at(moment):
    passed = 0
    def trace(frame, event, _):
        nonlocal passed
        if frame.f_code.co_filename != threading.__file__:
            return None
        if event == "line":
            passed += 1
            if passed == moment:
                os.kill(os.getpid(), number)
        return trace
    stop = until_stopped()
    sys.settrace(trace)
    stop.wait(0.01)
    sys.settrace(None)
    if passed < moment:
        return False
    assert stop.wait(200), moment
    return True

for moment in itertools.count(1):
    if not sends_at(moment):
        print(moment - 1)
        break
"""
"""Sends itself a signal at each line of `threading`, one after the other, that it comes through while it waits."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_heard_at_every_moment_of_waiting(number: signal.Signals) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(int(number))], timeout=120, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 15
