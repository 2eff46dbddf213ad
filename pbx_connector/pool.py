"""Threads that know which run they work for: what is logged from them carries profile and run of whoever started it.

The pipeline reads address books in them, and plugins use them for threads of their own, through `pbx_connector.api`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Pool(ThreadPoolExecutor):
    """A `ThreadPoolExecutor` whose threads know which run they work for."""

    def submit(
        self, work: Callable[Arguments, Result], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Result]:
        context = copy_context()  # for each piece of work: no two threads may be in one
        return super().submit(lambda: context.run(work, *args, **kwargs))
