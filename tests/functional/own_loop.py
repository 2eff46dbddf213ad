"""Runs what a test awaits in a thread of its own: a browser's driver leaves a running event loop in the main thread of
a test process, where `asyncio.run` then refuses whatever test comes after."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


def run(scene: Coroutine[Any, Any, Result]) -> Result:
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, scene).result()  # noqa: TID251 # the one place
