"""Python's collector of cycles, left out where trees of many small objects are made."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_inside = 0
_collecting = False


@contextmanager
def without_collector() -> Iterator[None]:
    """Nearly all that is made lives on, and looking through it for garbage again and again takes longer than making it.
    Other threads go without meanwhile."""
    global _inside, _collecting
    with _lock:
        if not _inside:
            _collecting = gc.isenabled()
            gc.disable()
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _collecting and not _inside:
                gc.enable()
