"""What commands share that go on until they are told to stop."""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated, Literal

import typer

ListenOption = Annotated[
    str | None,
    typer.Option(metavar="HOST:PORT", help="Where /livez, /readyz and /metrics are; default: as configured; or off."),
]
LogOption = Annotated[
    Literal["auto", "text", "json"] | None, typer.Option(help="How log lines look; default: as configured.")
]


def leave(code: int) -> None:
    """End the process although threads of runs are left, which nothing can end."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)
