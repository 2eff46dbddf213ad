"""Many objects in one request: at most twenty, each of which fails, is throttled and is asked for again by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pbx_microsoft365.wire.answers import DamagedAnswer, GraphError, Json, read_error
from pbx_microsoft365.wire.retries import Attempts, is_temporary
from pbx_microsoft365.wire.targets import headers_of, relative

BATCH = 20
"""Requests in one."""


@dataclass(frozen=True, slots=True, eq=False)
class BatchRequest:
    """One object to get; each is itself alone, so that what was asked twice is answered twice."""

    target: str
    """A path below the root."""
    options: Mapping[str, str] = field(default_factory=dict)
    prefer: Sequence[str] = ()


Result = tuple[BatchRequest, Json | GraphError]


def ask_each(
    requests: Sequence[BatchRequest], post: Callable[[Sequence[BatchRequest]], Json], attempts: Attempts
) -> Iterator[Result]:
    """What was throttled is posted again, alone; once there is no time left for that, it comes as what it failed by."""
    waiting = requests
    while waiting:
        results = _post(waiting, post, attempts)
        late = [one for one in results if _is_late(one)]
        yield from (one for one in results if not _is_late(one))
        if late and not _is_time_left(late, attempts):
            yield from late
            return
        waiting = [request for request, _ in late]


def batch_body(requests: Sequence[BatchRequest], mailbox: str) -> Json:
    return {"requests": [_as_json(str(number), one, mailbox) for number, one in enumerate(requests)]}


def _as_json(identifier: str, request: BatchRequest, mailbox: str) -> Json:
    headers = headers_of(mailbox, request.prefer)
    asked = {"id": identifier, "method": "GET", "url": relative(request.target, request.options)}
    return {**asked, "headers": headers} if headers else {**asked}


def _post(
    requests: Sequence[BatchRequest], post: Callable[[Sequence[BatchRequest]], Json], attempts: Attempts
) -> list[Result]:
    while True:
        try:
            answers = _by_number(post(requests), len(requests))
            return [(request, _read(answers[number])) for number, request in enumerate(requests)]
        except DamagedAnswer as error:
            attempts.again(error)


def _is_late(result: Result) -> bool:
    return isinstance(result[1], GraphError) and is_temporary(result[1])


def _is_time_left(late: Sequence[Result], attempts: Attempts) -> bool:
    """Waits as long as the one wants that wants most time."""
    failures = [failure for _, failure in late if isinstance(failure, GraphError)]
    try:
        attempts.again(max(failures, key=lambda failure: failure.wait or 0))
    except GraphError:
        return False
    return True


def _by_number(answer: Json, count: int) -> dict[int, Json]:
    """Raises `DamagedAnswer` unless each request has exactly one answer."""
    told = answer.get("responses")
    answers = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    found = {str(one.get("id")): one for one in answers}
    if len(answers) != count or set(found) != {str(number) for number in range(count)}:
        raise DamagedAnswer("the answers are not those to the requests")
    return {int(identifier): one for identifier, one in found.items()}


def _read(answer: Json) -> Json | GraphError:
    status, body = answer.get("status"), answer.get("body")
    if not isinstance(status, int):
        raise DamagedAnswer("an answer without a status")
    if status >= 400:
        return read_error(status, body, _headers(answer.get("headers")))
    if status >= 300 or not isinstance(body, dict):
        raise DamagedAnswer("an answer without an object")
    return body


def _headers(told: Any) -> dict[str, str]:
    if not isinstance(told, dict):
        return {}
    return {str(name).lower(): value for name, value in told.items() if isinstance(value, str)}
