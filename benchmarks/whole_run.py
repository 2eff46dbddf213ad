"""What a whole run costs from start to end, against plain exchangelib.

    python benchmarks/whole_run.py [ROUNDS]

Both sides are processes of their own, in turn, against one sandbox in another process; CPU time as the system counts it
for a process that has ended, its start included. Ours is `pbx-connector run` into an empty store: read, map, plan,
write. Theirs only reads and counts.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

CONNECTOR = Path(sys.executable).with_name("pbx-connector")
CONTACTS = 10_000
PROFILE = "exchange-contacts"
READER = """
import sys
from exchangelib import BASIC, Account, Build, Configuration, Credentials, Version
how, url, email, password = sys.argv[1:]
config = Configuration(service_endpoint=url, credentials=Credentials(email, password), auth_type=BASIC,
                       version=Version(build=Build(15, 2)))
account = Account(email, config=config, autodiscover=False, access_type="delegate")
top = next(iter(account.public_folders_root.children))
fields = ("display_name", "given_name", "surname", "company_name", "department", "phone_numbers", "email_addresses")
contacts = (folder.all().only(*fields) if how == "only" else folder.all() for folder in top.children)
print(sum(1 for some in contacts for _ in some))
"""


def main(rounds: int) -> int:
    with sandbox() as server, TemporaryDirectory() as folder:
        environment = prepared(Path(folder), server)
        login = [server["url"], server["email"], server["password"]]
        contenders: dict[str, list[str | Path]] = {
            "`pbx-connector run` into an empty store": [CONNECTOR, "run", f"{PROFILE}.yaml"],
            "exchangelib, reading alone, `.only(same fields)`": [sys.executable, "-c", READER, "only", *login],
            "exchangelib, reading alone, `folder.all()`": [sys.executable, "-c", READER, "all", *login],
        }
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(rounds):
            (Path(folder) / "book.sqlite").unlink(missing_ok=True)
            for name, command in contenders.items():
                times[name].append(cpu_of(command, folder, environment))
        left = entries(folder, environment)
    show({name: statistics.median(taken) for name, taken in times.items()}, rounds, left)
    return 0


def show(medians: dict[str, float], rounds: int, left: int) -> None:
    ours = next(iter(medians.values()))
    print(f"{CONTACTS:,} contacts, {rounds} rounds in turn, {left:,} entries in the phone book after a run\n")
    print("| | CPU seconds | ratio |\n|---|---|---|")
    for name, seconds in medians.items():
        print(f"| {name} | {seconds:.2f} | {seconds / ours:.1f} |")


@contextmanager
def sandbox() -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "pbx_exchange.sandbox", "--json", "--contacts", str(CONTACTS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def prepared(folder: Path, server: dict[str, str]) -> dict[str, str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "BENCHMARK_PASSWORD": server["password"],
        "PBX_CONNECTOR_STORE": f"sqlite:///{folder / 'book.sqlite'}",
    }
    reach = ["--email", server["email"], "--url", server["url"], "--password-env", "BENCHMARK_PASSWORD"]
    subprocess.run([CONNECTOR, "new", PROFILE, *reach], cwd=folder, env=environment, check=True, capture_output=True)
    return environment


def cpu_of(command: list[str | Path], folder: str, environment: dict[str, str]) -> float:
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):  # 1: partial, a demo company has bad contacts, too
        raise SystemExit(f"{command[:2]} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime


def entries(folder: str, environment: dict[str, str]) -> int:
    command: list[str | Path] = [CONNECTOR, "phonebook", "export", "--format", "jsonl"]
    exported = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return len(exported.stdout.splitlines())


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
