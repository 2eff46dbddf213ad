"""One HTTP exchange, with a bound on the size of its answer, and only where nobody in between can read it.

Both Graph and the sign-in service are reached through it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import urllib3

from pbx_connector.api import Transport, is_protected

_PIECE = 256 * 1024


class OversizedAnswer(Exception):
    """The answer has more bytes than there is room for."""


class Unprotected(Exception):
    """Something that proves who we are would go over a network where others can read it."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes = field(repr=False)


def send(
    transport: Transport,
    method: str,
    url: str,
    headers: dict[str, str],
    body: bytes | None = None,
    *,
    largest: int,
    seconds: float | None = None,
) -> Answer:
    """Raises urllib3's exceptions, `OSError`, `OversizedAnswer` and `Unprotected`. `seconds`: fewer than usual."""
    if not is_protected(url):
        raise Unprotected("credentials would travel over an open network")
    with transport.answer(method, url, headers, body, seconds=seconds) as response:
        told = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, told, _read_whole(response, largest))


def _read_whole(response: urllib3.BaseHTTPResponse, largest: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := response.read1(_PIECE, decode_content=True):
        size += len(piece)
        if size > largest:
            raise OversizedAnswer("the answer is larger than any answer should be")
        pieces.append(piece)
    return b"".join(pieces)
