"""How a process hears that it is to end, if it goes on until it is told to."""

from __future__ import annotations

import signal
import threading
from queue import SimpleQueue


def until_stopped() -> threading.Event:
    """Set by SIGTERM and Ctrl-C from now on. For the main thread, before it says that it is ready.

    It is a thread that sets it: a signal's handler runs in the middle of what the main thread does, and if that is to
    wait for this event, the lock that it would need is held by itself, for ever. Of what Python has, a `SimpleQueue` is
    what may be put to from there (https://docs.python.org/3/library/queue.html#queue.SimpleQueue.put).
    """
    stop = threading.Event()
    signals: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: signals.put(number))

    def hear() -> None:
        signals.get()
        stop.set()

    threading.Thread(target=hear, name="signals", daemon=True).start()
    return stop
