"""Log lines: readable on a terminal, one JSON object a line elsewhere; each says which profile and run it is about.

Everything that logs through the standard library ends up here too. Nothing of a contact and no secret is in a line: a
traceback says where a bug is and of what kind, not with which values.

The library that writes them is loaded for the service, and for a command when there is a line to write: most have none.
"""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal, TextIO

from pbx_connector.visible import shown

if TYPE_CHECKING:
    from structlog.typing import EventDict, ExcInfo, Processor

QUIET = ("apscheduler", "urllib3", "watchfiles", "exchangelib", "alembic", "requests", "httpx")
"""Libraries whose own lines below warnings say nothing to an administrator, and may quote contacts."""


Form = Literal["auto", "text", "json"]


class _Stderr(io.TextIOBase):
    """Whatever stderr is at the moment: while a progress bar is shown, something that writes above it."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def isatty(self) -> bool:
        return sys.stderr.isatty()


Out = TextIO | _Stderr

_ABOUT: ContextVar[Mapping[str, Any]] = ContextVar("about", default={})  # noqa: B039 - a mapping that nobody changes


@contextmanager
def about(**values: Any) -> Iterator[None]:
    """What lines that are logged meanwhile are about, in this thread and those of its `Pool`."""
    token = _ABOUT.set({**_ABOUT.get(), **values})
    try:
        yield
    finally:
        _ABOUT.reset(token)


def set_up(form: Form, stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """For a process that serves: lines go to standard error, or to `stream`. As structlog is without this, it writes
    them to standard output, and the values of variables with an exception."""
    import structlog

    out = stream or _Stderr()
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    _listen(out, _formatter(form, out), level)


def _shared() -> list[Processor]:
    import structlog

    return [
        structlog.contextvars.merge_contextvars,
        _add_what_it_is_about,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _formatter(form: Form, out: Out) -> logging.Formatter:
    import structlog

    readable = form == "text" or (form == "auto" and out.isatty())
    last: list[Processor] = (
        [_make_visible, structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=_write_traceback)]
        if readable
        else [structlog.processors.ExceptionRenderer(_traceback), structlog.processors.JSONRenderer()]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared(), processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
    )


class _AtTheFirstLine(logging.Formatter):
    """Text for people, by a formatter that is made when there is something to write."""

    def __init__(self, out: Out) -> None:
        super().__init__()
        self._out = out
        self._made: logging.Formatter | None = None

    def format(self, record: logging.LogRecord) -> str:
        self._made = self._made or _formatter("text", self._out)
        return self._made.format(record)


def _listen(out: Out, formatter: logging.Formatter, level: int) -> None:
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))  # a plugin may want its library quieter still


def _add_what_it_is_about(_logger: Any, _method: str, event: EventDict) -> EventDict:
    return {**_ABOUT.get(), **event}


_KEPT = {"exc_info", "stack_info", "stack"}
"""What the renderer writes over several lines: places in code."""


def _make_visible(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """A line of text stays one, whatever a value says; JSON has escapes of its own."""
    return {shown(name): value if name in _KEPT else _visible(value) for name, value in event.items()}


def _visible(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | None) else shown(str(value))


def _traceback(exc_info: ExcInfo) -> list[dict[str, Any]]:
    """The exceptions, the last one first, each with its frames and without its text, which may quote anything."""
    from structlog.tracebacks import ExceptionDictTransformer

    return [
        {
            "exc_type": exception["exc_type"],
            "is_cause": exception["is_cause"],
            "frames": exception["frames"],
            "exceptions": [inner[0]["exc_type"] for inner in exception["exceptions"]],
        }
        for exception in ExceptionDictTransformer(show_locals=False)(exc_info)
    ]


def _write_traceback(out: TextIO, exc_info: ExcInfo) -> None:
    for exception in reversed(_traceback(exc_info)):
        for frame in exception["frames"]:
            out.write(f'\n  File "{shown(frame["filename"])}", line {frame["lineno"]}, in {frame["name"]}')
        out.write(f"\n{exception['exc_type']}")


@contextmanager
def warnings_for_people() -> Iterator[None]:
    """While one command runs: warnings alone, as the command says everything else itself.

    A plugin that is imported meanwhile may quiet its library for good: only levels that are set here are taken back.
    """
    root = logging.getLogger()
    before = {logger: logger.level for logger in (root, *map(logging.getLogger, QUIET))}
    handlers, out = root.handlers[:], _Stderr()
    _listen(out, _AtTheFirstLine(out), logging.WARNING)
    set_here = {logger: logger.level for logger in before}
    try:
        yield
    finally:
        root.handlers[:] = handlers
        for logger, level in before.items():
            if logger.level == set_here[logger]:
                logger.setLevel(level)
