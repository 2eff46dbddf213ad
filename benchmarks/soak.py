"""Ten thousand short runs through the service, in one process: memory, threads and open files must not grow.

    make soak            or: python benchmarks/soak.py [RUNS]

The runs take the service's whole way (worker, claim, run, alert state, metrics, plan); only the waiting is left out,
by a clock that is an hour ahead of the runs. Every tenth run finds its source down; a notifier fails one call in three.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pbx_connector.api import (
    Config,
    ConnectorError,
    FieldSet,
    Notice,
    Report,
    SourceContext,
    SourceType,
    SourceUnavailable,
    hookimpl,
)
from pbx_connector.logs import set_up
from pbx_connector.plugins import GROUP, Plugins
from pbx_connector.service.daemon import Service
from pbx_connector.testing import MemorySource

PROFILES = 20
ROWS = 5
PROFILE = """\
title: Soak
source: soak
settings: {{}}
schedule: {{every: 30m}}
structure: {{phonebook: [{{028pho_bez: "{{{{display_name}}}} {number}"}}]}}
"""


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Shared:
    """What the plugin below does, counted over all runs."""

    opened = 0
    told = 0


def _open(settings: Settings, context: SourceContext) -> AbstractContextManager[MemorySource]:
    Shared.opened += 1
    source = MemorySource()
    book = source.add("public")
    for number in range(ROWS):
        book.put(f"r{number}", display_name=f"Contact {number} {Shared.opened % 3}")
    if Shared.opened % 10 == 0:
        source.down = SourceUnavailable("the server does not answer")
    return nullcontext(source)


@hookimpl
def pbx_sources() -> Sequence[SourceType]:
    return [SourceType("soak", "Rows that change", Settings, FieldSet((), closed=False), _open)]


@hookimpl
def pbx_run_finished(report: Report, notices: Sequence[Notice], config: Config) -> None:
    Shared.told += 1
    if Shared.told % 3 == 0:
        raise ConnectorError("nobody listens")


def measure(runs: int) -> None:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    size = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    files = len(os.listdir("/proc/self/fd"))
    blocks = sys.getallocatedblocks() / 1000
    print(
        f"{runs:>7} runs  {size:6.1f} MiB  {blocks:5.0f} thousand Python blocks"
        f"  {threading.active_count():>3} threads  {files:>3} open files",
        flush=True,
    )


def soak(runs: int, folder: Path) -> None:
    profiles = folder / "profiles"
    profiles.mkdir()
    for number in range(PROFILES):
        (profiles / f"p{number}.yaml").write_text(PROFILE.format(number=number))
    set_up("json", open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for as long as the process lives
    sys.modules.setdefault("soak", sys.modules[__name__])
    plugins = Plugins([EntryPoint("soak", "soak", GROUP)])
    config = Config.model_validate({"profiles": str(profiles), "service": {"listen": "off", "parallel": 2}})
    service = Service(
        config, plugins, f"sqlite:///{folder}/book.sqlite", clock=lambda: datetime.now(UTC) + timedelta(hours=1)
    )
    stop = threading.Event()
    thread = threading.Thread(target=service.run, args=[stop])
    thread.start()
    started = time.monotonic()
    for milestone in range(runs // 10, runs + 1, runs // 10):
        while Shared.opened < milestone:
            for number in range(PROFILES):
                service.submit(f"p{number}")
            time.sleep(0.01)
        measure(Shared.opened)
    stop.set()
    thread.join()
    measure(Shared.opened)
    print(f"{Shared.opened / (time.monotonic() - started):.0f} runs a second, {Shared.told} calls of the notifier")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        soak(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, Path(made))
