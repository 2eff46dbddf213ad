"""What Graph answers, as JSON objects: strictly read, bounded in memory, a failure as an exception with its code."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pbx_connector.api import quoted, retry_after
from pbx_microsoft365.wire.transport import Answer, OversizedAnswer

Json = dict[str, Any]

_SIGNS = ((b'"', 45), (b"{", 300), (b"[", 100), (b":", 110), (b",", 50))
"""Bytes that Python takes at most for a sign: half a string, a dictionary, a list, a member, a value."""


class DamagedAnswer(Exception):
    """The answer is no whole JSON object of the expected shape. Its text carries nothing of the answer."""


class Redirected(Exception):
    """The server sends us to another address."""


class NotGraph(Exception):
    """What answers is no Microsoft Graph, as a web page instead of an error shows."""


class GraphError(Exception):
    """Graph says no. See `pbx_microsoft365.error_mapping` for what the codes mean."""

    def __init__(self, status: int, code: str, said: str = "", wait: float | None = None) -> None:
        """`said`: the server's own words, in short. `wait`: seconds after which it wants to be asked again."""
        super().__init__(f"HTTP {status} {code}".rstrip())
        self.status = status
        self.code = code
        self.said = said
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list: exactly one of the links, or none where the list has come to its end."""

    items: Sequence[Json]
    next_link: str = ""
    """Where the list goes on."""
    delta_link: str = ""
    """Where to ask later for what changed."""
    count: int = 0
    """Of the whole list, contact groups among them, where that was asked for and told."""


def read_object(answer: Answer, memory: int) -> Json:
    """The object of a success. Raises `GraphError`, `Redirected`, `NotGraph`, `DamagedAnswer`, `OversizedAnswer`."""
    if answer.status >= 400:
        raise _failure(answer)
    if answer.status >= 300:
        raise Redirected(f"HTTP {answer.status}")
    return parse(answer.body, memory)


def read_page(answer: Json) -> Page:
    """Raises `DamagedAnswer`."""
    items, links = answer.get("value"), [answer.get(f"@odata.{name}", "") for name in ("nextLink", "deltaLink")]
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise DamagedAnswer("the answer is no list")
    if not all(isinstance(link, str) for link in links) or all(links):
        raise DamagedAnswer("the list does not say whether it goes on")
    count = answer.get("@odata.count")
    next_link, delta_link = links
    return Page(items, next_link, delta_link, count if isinstance(count, int) else 0)


def read_error(status: int, body: Any, headers: dict[str, str]) -> GraphError:
    """From the body of an answer, or of one within a batch; `headers` by names in lower case."""
    error = body.get("error") if isinstance(body, dict) else None
    told = error if isinstance(error, dict) else {}
    code, message = (value if isinstance(value, str) else "" for value in (told.get("code"), told.get("message")))
    wait = retry_after(headers.get("retry-after", ""), headers.get("date", ""))
    return GraphError(status, code if code.replace("_", "").isalnum() else "", quoted(code, message), wait)


def parse(body: bytes, memory: int) -> Json:
    """Raises `DamagedAnswer`, `OversizedAnswer`. `memory`: bytes that the answer may take, its own among them."""
    try:
        text = body.decode("utf-8-sig")
        if weight(body, text) > memory:
            raise OversizedAnswer("the answer would take more memory than any answer should")
        found = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise DamagedAnswer("the answer is no JSON, or cut short") from None
    if not isinstance(found, dict):
        raise DamagedAnswer("the answer is no object")
    return found


def weight(body: bytes, text: str) -> int:
    """Bytes of memory that an answer takes at most while and after it is read, told from its signs alone."""
    return len(body) + 2 * sys.getsizeof(text) + sum(body.count(sign) * size for sign, size in _SIGNS)


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _failure(answer: Answer) -> Exception:
    try:
        body = parse(answer.body, len(answer.body) * 100 + 10_000)
    except (DamagedAnswer, OversizedAnswer):
        body = {}
    if answer.status in (404, 405) and "error" not in body:
        return NotGraph(f"HTTP {answer.status}")
    return read_error(answer.status, body, answer.headers)
