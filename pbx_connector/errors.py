"""What can go wrong, as one family of exceptions; each knows the exit code that the command line ends with.

    ConnectorError                 4
    +-- UsageError                 2   the command was called wrongly
    +-- ProfileError               2   the profile: all its diagnostics at once, each with file:line:column
    |   +-- ConfigError                config.yaml, or an environment variable for one of its keys
    +-- PluginError                2   a plugin is missing, broken or not unique
    +-- SourceError                4   the source cannot be read
    |   +-- AuthenticationFailed       credentials or rights: trying again does not help
    |   +-- SourceUnavailable          network, time-out, throttling: may work later (`retry_after` seconds)
    |   +-- ProtocolViolation          the source's answer makes no sense
    +-- MachineError               4   memory, space, threads, open files: what this machine lacks
    +-- StoreError                 4   the phone book store cannot be read or written
    |   +-- ProfileBusy                another run of the profile is going on
    |   +-- StoreDamaged               it contradicts itself, or cannot be read
    |   +-- OtherVersion               it is of another version of pbx-connector
    +-- PlanRefused                3   the guard stopped a plan, or it is not the plan that was shown
    +-- ProfileHeld                3   waits for a person: an undone profile, or one that seems renamed
    +-- ImportRefused              3   an import of accounts would remove too many
    +-- PublishedMeanwhile         3   a tenant has another version than the one that was compared with
    +-- RunCancelled               4   a person stopped a run or a simulation on its way

Trouble with one row or one book is not an exception but a value: `pbx_connector.model.Problem`.
Foreign exceptions are translated where the foreign library is called, never further in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pbx_rules import Diagnostic

EXIT_DONE = 0
EXIT_PARTIAL = 1
EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_UNREACHABLE = 4
EXIT_BUG = 70
EXIT_INTERRUPTED = 130


class ConnectorError(Exception):
    """A failure that the user can act on: one line of what happened, one of what to do about it.

    Where several things are wrong at once, `message` has a line for each.

    Neither line may carry a secret or a contact's data.
    """

    exit_code: int = EXIT_UNREACHABLE

    def __init__(self, message: str, *, hint: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code
        """Stable, as in `Problem.code`: what a failed book is reported under. Empty where nobody asks for one."""


class UsageError(ConnectorError):
    """The command was called wrongly, or what it names is not there."""

    exit_code = EXIT_USAGE


class ProfileError(ConnectorError):
    """The profile cannot be used; `diagnostics` holds every finding, warnings among them.

    `text` is what the diagnostics' spans point into, without any secret.
    """

    exit_code = EXIT_USAGE

    def __init__(self, message: str, diagnostics: Sequence[Diagnostic] = (), *, text: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.diagnostics = tuple(diagnostics)
        self.text = text


class ConfigError(ProfileError):
    pass


class PluginError(ConnectorError):
    exit_code = EXIT_USAGE


class SourceError(ConnectorError):
    """The source cannot be read; what it did not say counts as unknown, never as gone."""


class AuthenticationFailed(SourceError):
    """The server does not accept the credentials, or gives them no right: trying again does not help."""


class SourceUnavailable(SourceError):
    """No usable answer now, but perhaps later; `retry_after` is in seconds, None if the server named no time."""

    def __init__(self, message: str, *, hint: str = "", code: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint, code=code)
        self.retry_after = retry_after


class ProtocolViolation(SourceError):
    """The answer makes no sense; the same question would get the same."""


class MachineError(ConnectorError):
    """What this machine lacks; no profile, plugin or server is to blame. See `pbx_connector.machine`."""


class StoreError(ConnectorError):
    """The phone book cannot be read or written."""


class ProfileBusy(StoreError):
    """Another run of the profile is going on; nothing was begun."""


class StoreDamaged(StoreError):
    pass


class OtherVersion(StoreError):
    """A program of that version can use it; nothing is wrong with it."""


class PlanRefused(ConnectorError):
    """Nothing was changed; the plan is kept under the id of the run that made it.

    `reasons` has one line for each limit that was passed; `stale` says that the plan to be applied is not the one
    that was shown.
    """

    exit_code = EXIT_REFUSED

    def __init__(
        self, message: str, *, plan: str, reasons: Sequence[str] = (), stale: bool = False, hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.plan = plan
        self.reasons = tuple(reasons)
        self.stale = stale


class ProfileHeld(ConnectorError):
    """`command` is what lets it run, once a person has looked."""

    exit_code = EXIT_REFUSED

    def __init__(self, message: str, *, command: str, hint: str = "") -> None:
        super().__init__(message, hint=hint, code="P0110")
        self.command = command


class ImportRefused(ConnectorError):
    exit_code = EXIT_REFUSED


class RunCancelled(ConnectorError):
    """A run or a simulation was stopped on its way; nothing was changed."""


class PublishedMeanwhile(ConnectorError):
    """Nothing was published; somebody has to look at what the other one did."""

    exit_code = EXIT_REFUSED
