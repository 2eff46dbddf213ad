"""`make demo` shows what it says, ends by itself and leaves the phone book."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path


def test_the_demonstration_shows_the_main_job(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "COLUMNS": "200"}
    command = [sys.executable, "-m", "pbx_exchange.demo"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Department: Sales" in done.stdout
    assert "updated 1 " in done.stdout
    assert done.stdout.rstrip().endswith("the profile demo/exchange-contacts.yaml.")
    phones = subprocess.run(
        [sys.executable, "-m", "pbx_directory.demo"],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert phones.returncode == 0, phones.stdout + phones.stderr
    assert "<YealinkIPPhoneDirectory>" in phones.stdout
    assert "  telephoneNumber: " in phones.stdout
    with sqlite3.connect(tmp_path / "demo/phonebook.sqlite") as database:
        (entries,) = database.execute("SELECT count(*) FROM entry").fetchone()
    assert entries > 50
