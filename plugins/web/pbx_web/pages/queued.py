"""A run that a worker makes: how far it is, as the queues and the history say, and that it is not wanted any more.

Nothing of it is kept here: whatever process of the pages is asked says the same.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import anyio
from starlette.responses import Response, StreamingResponse

from pbx_connector.api import QueuedRun, RunKind, RunStage, application
from pbx_web.asking import Ask
from pbx_web.page import Action, Done, NotFound, Page, Shown
from pbx_web.pages.jobs import HEARTBEAT, is_gone, told_live
from pbx_web.permissions import Role

LOOK = 1.0
"""Seconds between two looks at a run that somebody follows."""
FOLLOWED = 30 * 60.0
"""Seconds after which nobody is told any more by himself; browsers ask again."""


def address(ask: Ask, profile: str) -> str:
    """Of the page that follows a run which is asked for now."""
    return f"/profiles/{profile}/queued?after={_newest(ask, profile)}"


def show(ask: Ask) -> Shown | Response:
    state = _state(ask)
    if state["to"] and not ask.wants_json:
        return Response(status_code=303, headers={"location": state["to"]})
    values = {"profile": ask.path["profile"], "after": _after(ask), **state}
    return Shown(template="queued.html", values=values, json=state)


def cancel(ask: Ask) -> Done:
    profile = ask.path["profile"]
    if ask.site.operations.give_up_run(profile):
        ask.note(application.audit.AuditAction.RUN, profile, detail={"status": "cancelled"})
        said = ask.language("The run is not wanted any more: no worker makes it.")
    else:
        said = ask.language("No run of it waits any more.")
    return Done(to="/runs", message=said, json={"profile": profile})


def events(ask: Ask) -> StreamingResponse:
    _state(ask)
    return told_live(ask, _followed(ask))


async def _followed(ask: Ask) -> AsyncIterator[str]:
    """What is new, whenever something is; ends with the run or with the session of whoever follows."""
    last, begun = "", time.monotonic()
    told = checked = begun
    while time.monotonic() - begun < FOLLOWED:
        state = await anyio.to_thread.run_sync(_state, ask, limiter=ask.site.shares.threads)
        if (report := json.dumps(state)) != last:
            yield f"data: {report}\n\n"
            last, told = report, time.monotonic()
        if state["state"] == "over":
            return
        if time.monotonic() - told > HEARTBEAT:
            yield ": still here\n\n"
            told = time.monotonic()
        if time.monotonic() - checked > HEARTBEAT:
            if await anyio.to_thread.run_sync(is_gone, ask):
                return
            checked = time.monotonic()
        await anyio.sleep(LOOK)


def _state(ask: Ask) -> dict[str, Any]:
    """As the script of the pages takes it. Raises `NotFound` where no workers make runs."""
    profile = ask.path["profile"]
    queued = ask.site.operations.queued_run(profile)
    if queued is None:
        raise NotFound(ask.language("There is nothing at this address."))
    if queued.stage is not RunStage.NONE:
        since = queued.unserved_since
        told = {"unserved_since": since.isoformat() if since else None}
        return {"state": str(queued.stage), "far": _words(ask, queued), "to": None, **told}
    newest = _newest(ask, profile)
    to = f"/runs/{newest}" if newest != _after(ask) else None
    return {"state": "over", "far": _words(ask, queued), "to": to}


def _words(ask: Ask, queued: QueuedRun) -> str:
    speak = ask.language
    if queued.stage is RunStage.RUNNING:
        return speak("A worker makes the run.")
    if queued.stage is RunStage.WAITING:
        if queued.unserved_since:
            when = speak.moment(queued.unserved_since, ask.site.installation.zone)
            return speak("No worker has been there to make it since %(when)s. It waits: ask your provider.", when=when)
        if not queued.before:
            return speak("It is the next one for a worker.")
        return speak.count("%(number)s run comes first.", "%(number)s runs come first.", queued.before)
    words = {
        "postponed": speak("It was put off: the source wants to be left alone, or another run goes on."),
        "dropped": speak("It was not made: the profile is not there any more, or the phone system is suspended."),
        "failed": speak("It failed before it began."),
    }
    return words.get(queued.result, speak("No run of it waits."))


def _newest(ask: Ask, profile: str) -> str:
    """The id of the profile's last run; 0 for none."""
    runs = (run.id for run in ask.store.runs(profile, limit=20) if run.kind is RunKind.RUN)
    return next(runs, "0")


def _after(ask: Ask) -> str:
    given = ask.text("after")
    return given if given.isascii() and given.isdecimal() and len(given) < 16 else "0"


PAGES: tuple[Any, ...] = (
    Page("/profiles/{profile}/queued", Role.EDITOR, show),
    Page("/profiles/{profile}/queued/events", Role.EDITOR, events),
    Action("/profiles/{profile}/queued/cancel", Role.RELEASER, cancel),
)
