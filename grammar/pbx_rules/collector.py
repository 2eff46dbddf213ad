"""Python's collector of cycles, left out where trees of many small objects are made."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """Nearly all that is made lives on, and looking through it for garbage again and again takes longer than making it.
    Other threads go without meanwhile."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
