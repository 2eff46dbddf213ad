"""A connection test whose steps are shown as they are taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from starlette.responses import JSONResponse, Response, StreamingResponse

from pbx_connector.api import Check, ConnectorError, Problem, Profile, application
from pbx_web.asking import Ask
from pbx_web.rendering import stream

LOG = structlog.stdlib.get_logger(__name__)


@dataclass
class ConnectionTest:
    """Go through it once; then `found` says what was found."""

    profile: Profile
    ask: Ask
    checks: list[Check] = field(default_factory=list)

    def __iter__(self) -> Iterator[Check]:
        try:
            with talk(self.ask):
                for check in application.connections.test_connection(self.profile, self.ask.store):
                    self.checks.append(check)
                    yield check
        except ConnectorError as error:
            yield self._failed(*self.ask.site.operations.told(error))
        except Exception:
            LOG.exception("a bug in a connection test", source=self.profile.source.name)
            yield self._failed(self.ask.language("This is a bug in pbx-connector; its log says more."))

    @property
    def failed(self) -> bool:
        return any(check.failed for check in self.checks)

    def _failed(self, message: str, hint: str = "") -> Check:
        check = Check(self.profile.source.name, Problem("", message, hint=hint))
        self.checks.append(check)
        return check


@contextmanager
def talk(ask: Ask) -> Iterator[None]:
    """For as long as whoever asks waits for somebody else's server, which may take its time: a page of nobody else
    must wait for that. Raises `ConnectorError`."""
    with ask.site.talks.one() as taken:
        if not taken:
            said = ask.language("As many connection tests go on as may at the same time.")
            raise ConnectorError(said, hint=ask.language("Wait for one to end, and try again."))
        yield


def answer(template: str, values: Mapping[str, Any], test: ConnectionTest) -> Response:
    """The page with the steps in it, sent as they are taken; all of them at once for programs."""
    if test.ask.wants_json:
        checks = [application.views.check(check) for check in test]
        return JSONResponse({"checks": checks, "failed": test.failed})
    return StreamingResponse(stream(template, {**values, "test": test}, test.ask), media_type="text/html")
