"""How long commands take to start, as ratios to `tox --version`, which does about as much as ours: measured in turn.

    python -m venv /tmp/tox && /tmp/tox/bin/pip install tox
    python benchmarks/startup.py /tmp/tox/bin/tox [ROUNDS]

`run` is that of the standard profile against a sandbox in another process, of whose contacts none has changed.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

CONNECTOR = Path(sys.executable).with_name("pbx-connector")
TEMPLATE = "exchange-contacts"


def main(arguments: list[str]) -> int:
    if not arguments:
        print("skipped: give the path of a tox to measure against (see the top of this file)")
        return 0
    with TemporaryDirectory() as folder, sandbox() as server:
        environment = prepared(Path(folder), server)
        commands: dict[str, list[str | Path]] = {
            "tox --version": [arguments[0], "--version"],
            "--version": [CONNECTOR, "--version"],
            "--help": [CONNECTOR, "--help"],
            "check": [CONNECTOR, "check", f"{TEMPLATE}.yaml"],
            "run": [CONNECTOR, "run", f"{TEMPLATE}.yaml"],
        }
        times = measured(commands, int(arguments[1]) if len(arguments) > 1 else 15, Path(folder), environment)
    show(times)
    return 0


@contextmanager
def sandbox() -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "pbx_exchange.sandbox", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def prepared(folder: Path, server: dict[str, str]) -> dict[str, str]:
    """A home folder with the profile, whose contacts are read already."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "BENCHMARK_PASSWORD": server["password"],
        "PBX_CONNECTOR_STORE": f"sqlite:///{folder / 'book.sqlite'}",
    }
    reach = ["--email", server["email"], "--url", server["url"], "--password-env", "BENCHMARK_PASSWORD"]
    for command in (["new", TEMPLATE, *reach], ["run", f"{TEMPLATE}.yaml"]):
        subprocess.run([CONNECTOR, *command], cwd=folder, env=environment, check=False, capture_output=True)
    return environment


def measured(
    commands: dict[str, list[str | Path]], rounds: int, folder: Path, environment: dict[str, str]
) -> dict[str, list[tuple[float, float]]]:
    """Seconds of the clock and of the processor, for each command in each round."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(rounds + 1):  # the first writes byte code
        for name, command in commands.items():
            times[name].append(once(command, folder, environment))
    return {name: taken[1:] for name, taken in times.items()}


def once(command: list[str | Path], folder: Path, environment: dict[str, str]) -> tuple[float, float]:
    start = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):  # 1: partial, a demo company has bad contacts, too
        raise SystemExit(f"{command} ended with {process.returncode}")
    return time.perf_counter() - start, used.ru_utime + used.ru_stime


def show(times: dict[str, list[tuple[float, float]]]) -> None:
    medians = {name: [statistics.median(kind) for kind in zip(*taken, strict=True)] for name, taken in times.items()}
    clock, processor = medians["tox --version"]
    print("| Command | seconds | to tox | CPU seconds | to tox |\n|---|---|---|---|---|")
    for name, (seconds, used) in medians.items():
        print(f"| `{name}` | {seconds:.2f} | {seconds / clock:.2f} | {used:.2f} | {used / processor:.2f} |")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
