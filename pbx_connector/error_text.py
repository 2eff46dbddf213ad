"""What is said about one kind of failure: a code that is never reused, what happened, and what to do about it.

Sources keep a catalogue of these, so that the words of a failure are the same in an exception, a report and the pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from pbx_connector.errors import ConnectorError, SourceError, SourceUnavailable
from pbx_connector.machine import machine_error
from pbx_connector.model import Problem


@dataclass(frozen=True, slots=True)
class ErrorText:
    """What is said about one kind of failure."""

    kind: type[SourceError]
    code: str
    message: str
    """With `{name}` for what the server calls the failure, where only that is known, and `{0}`, `{1}` for `of`."""
    hint: str

    def of(self, *known: object) -> ErrorText:
        """The same about one case: numbers, and names of columns or files, never what a contact says."""
        values = (str(value).replace("{", "{{").replace("}", "}}") for value in known)
        return replace(self, message=self.message.format(*values, name="{name}"))

    def error(
        self, where: str = "", name: str = "", said: str = "", *, retry_after: float | None = None
    ) -> SourceError:
        """`retry_after`: seconds after which the server wants to be asked again, if it said so."""
        message = self._words(name, said)
        error = self.kind(f"{where}: {message}" if where else message, hint=self.hint, code=self.code)
        if isinstance(error, SourceUnavailable):
            error.retry_after = retry_after
        return error

    def problem(self, where: str, name: str = "", said: str = "") -> Problem:
        return Problem(self.code, self._words(name, said), where, self.hint)

    def warning(self, where: str) -> Problem:
        return Problem(self.code, self.message, where, self.hint, "warning")

    def _words(self, name: str, said: str) -> str:
        """`said`: the server's own words."""
        message = self.message.format(name=name)
        return f"{message} (the server says {said})" if said else message


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is said about one exception."""

    text: ErrorText
    name: str = ""
    """What the server calls the failure, where the text has `{name}`."""
    said: str = ""
    """The server's own words, fit to be shown."""
    retry_after: float | None = None
    """Seconds after which the server wants to be asked again."""


@dataclass(frozen=True, slots=True)
class ErrorMapping:
    """Makes exceptions of libraries, servers and the network a source's own. Their own text stays behind, as it may
    quote what a server answered; and what this machine lacks is no server's fault, but a `MachineError`."""

    foreign: tuple[type[Exception], ...]
    understand: Callable[[Exception], Explanation]

    @contextmanager
    def translated(self, where: str = "") -> Iterator[None]:
        """Foreign exceptions become `SourceError`."""
        try:
            yield
        except self.foreign as error:
            raise self.explain(error, where) from None

    def explain(self, error: Exception, where: str = "") -> SourceError:
        """The same as an exception of ours. Raises `MachineError`."""
        if isinstance(error, SourceError):
            return error
        found = self._understood(error)
        return found.text.error(where, found.name, found.said, retry_after=found.retry_after)

    def problem(self, error: Exception, where: str) -> Problem:
        """The same as a value, for a single book or row. Raises `MachineError`."""
        if isinstance(error, ConnectorError):
            return Problem(error.code, error.message, where, error.hint)
        found = self._understood(error)
        return found.text.problem(where, found.name, found.said)

    def _understood(self, error: Exception) -> Explanation:
        if lacking := machine_error(error):
            raise lacking from None
        return self.understand(error)
