"""One HTTP exchange, with a bound on the size of its answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import urllib3

from pbx_connector.api import Transport

_PIECE = 64 * 1024
_LONGEST_OTHER = 64 * 1024
"""Bytes of an answer that is no multistatus."""
_LARGEST = 4 * 1024**3
"""Bytes of a whole answer, whatever of it is kept."""
MULTI_STATUS = 207


class Reader(Protocol):
    """What takes the bytes of an answer of status 207."""

    def feed(self, piece: bytes) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes = field(default=b"", repr=False)
    """Its beginning; nothing of what a reader took."""


def send(transport: Transport, method: str, url: str, headers: dict[str, str], body: bytes, reader: Reader) -> Answer:
    """Raises urllib3's exceptions, `OSError`, and what the reader raises."""
    with transport.answer(method, url, headers, body) as response:
        told = {name.lower(): value for name, value in response.headers.items()}
        if response.status == MULTI_STATUS:
            _feed(response, reader)
            return Answer(response.status, told)
        return Answer(response.status, told, response.read(_LONGEST_OTHER, decode_content=True))


def _feed(response: urllib3.BaseHTTPResponse, reader: Reader) -> None:
    size = 0
    while piece := response.read1(_PIECE, decode_content=True):
        size += len(piece)
        if size > _LARGEST:
            raise urllib3.exceptions.ResponseError("more than any answer should have")
        reader.feed(piece)
    reader.close()
