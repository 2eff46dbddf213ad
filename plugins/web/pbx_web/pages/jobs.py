"""Long work as it goes on: how far it is, live and by looking again; where its result is; how to stop it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import anyio
from starlette.responses import Response, StreamingResponse

from pbx_connector.api import application
from pbx_web.asking import Ask
from pbx_web.jobs import Job, JobKind, JobState
from pbx_web.launching import job_of
from pbx_web.page import Action, Done, Page, Shown
from pbx_web.permissions import Role

LOOK = 0.4
"""Seconds between two looks at a job that somebody follows."""
HEARTBEAT = 15.0
"""Seconds after which a silent connection says that it is there."""
AGAIN = 15_000
"""Milliseconds after which a browser asks again that could not be told live."""
SESSION = 5.0
"""Seconds between two looks at whether whoever follows is still logged in."""


def show(ask: Ask) -> Shown | Response:
    job = job_of(ask)
    job.look()
    if job.state is JobState.DONE and job.leads_to and not ask.wants_json:
        return Response(status_code=303, headers={"location": job.leads_to})
    return Shown(template="job.html", values={"job": job, **_words(ask, job)}, json=_json(job))


def cancel(ask: Ask) -> Done:
    job = job_of(ask)
    job.cancel()
    return Done(to=f"/jobs/{job.id}", json=_json(job))


def events(ask: Ask) -> StreamingResponse:
    return told_live(ask, _followed(ask, job_of(ask)))


def told_live(ask: Ask, events: AsyncIterator[str]) -> StreamingResponse:
    """Beyond what one site may have of these connections, which others need too, a browser asks again later."""
    return StreamingResponse(_bounded(ask.site.followers, events), media_type="text/event-stream")


async def _bounded(places: threading.BoundedSemaphore, events: AsyncIterator[str]) -> AsyncIterator[str]:
    if not places.acquire(blocking=False):
        yield f"retry: {AGAIN}\n\n"
        return
    try:
        async for event in events:
            yield event
    finally:
        places.release()


async def _followed(ask: Ask, job: Job) -> AsyncIterator[str]:
    """What is new, whenever something is; ends with the job or with the session of whoever follows."""
    last, told, checked = "", time.monotonic(), time.monotonic()
    while True:
        job.look()
        is_over = job.is_over  # one that ends while it is told of is told of once more
        report = json.dumps(_report(ask, job))
        if report != last:
            yield f"data: {report}\n\n"
            last, told = report, time.monotonic()
        if is_over:
            return
        if time.monotonic() - told > HEARTBEAT:
            yield ": still here\n\n"
            told = time.monotonic()
        if time.monotonic() - checked > SESSION:
            if await anyio.to_thread.run_sync(is_gone, ask):
                return
            checked = time.monotonic()
        await anyio.sleep(LOOK)


def is_gone(ask: Ask) -> bool:
    user = ask.site.sessions.user_of(ask.request, is_use=False)
    return user is None or ask.user is None or (user.name, user.role) != (ask.user.name, ask.user.role)


def _report(ask: Ask, job: Job) -> dict[str, Any]:
    """As the script of the pages takes it: `done` of `total`, and texts for its places."""
    state = job.state  # first: what belongs to an end is there before the job has ended
    words = _words(ask, job)
    to = f"/jobs/{job.id}" if state is not JobState.RUNNING else None
    tally = job.tally
    return {"state": str(state), "done": tally.done, "total": tally.total, "far": words["far"], "to": to}


def _words(ask: Ask, job: Job) -> dict[str, str]:
    speak, tally = ask.language, job.tally
    doing = {
        JobKind.SIMULATE: speak("Simulation of %(profile)s", profile=job.title),
        JobKind.RUN: speak("Run of %(profile)s", profile=job.title),
        JobKind.UNDO: speak("Undo"),
    }
    if job.is_stopping:
        far = speak("It is being cancelled: the source is waited for.")
    elif not tally.total:
        far = speak("The address books are being listed.") if job.kind is not JobKind.UNDO else ""
    elif tally.done < tally.total:
        read = speak.count("%(number)s contact read", "%(number)s contacts read", tally.read)
        books = speak("%(done)s of %(total)s address books", done=tally.done, total=tally.total)
        far = f"{read}, {books}"
    else:
        far = speak("Everything is read; now it is compared with the phone book.")
    return {"doing": doing[job.kind], "far": far}


def _json(job: Job) -> dict[str, Any]:
    state = job.state  # first, as above
    failure = job.failure and {"message": job.failure.message or None, "hint": job.failure.hint or None}
    return {
        "job": job.id,
        "kind": str(job.kind),
        "profile": job.profile,
        "user": job.owner,
        "started": application.views.moment(job.started),
        "state": str(state),
        "books": {"total": job.tally.total or None, "done": job.tally.done},
        "rows": job.tally.read,
        "result": (job.leads_to or None) if state is not JobState.RUNNING else None,
        "error": failure,
    }


PAGES = (
    Page("/jobs/{job}", Role.EDITOR, show),
    Page("/jobs/{job}/events", Role.EDITOR, events),
    Action("/jobs/{job}/cancel", Role.EDITOR, cancel),
)
