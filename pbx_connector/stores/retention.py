"""How old the history is, by a clock that may be set at any time: what is dropped does not come back."""

from __future__ import annotations

from datetime import timedelta

from pbx_connector.errors import UsageError

KEY = "retention"
"""Of the shared state: the time that the last prune believed, in seconds."""
STEP = timedelta(days=10)
"""How far the time goes on from one prune to the next at most. There is one after each run."""


def check(keep: timedelta) -> None:
    if keep < timedelta(days=1):
        raise UsageError("the history of the last day must stay", hint="the guard counts the losses of a day")


def believed(known: str, now: float) -> float:
    """The time to prune by: a clock that is a year fast for some runs costs no history, one that was right all the time
    is caught up with. `known` is what stands in the shared state."""
    return min(now, float(known) + STEP.total_seconds()) if known else now
