"""One connection to a directory server: TLS, bind, and the answers to a search as they come.

Nothing waits longer than `seconds` for a whole message, however slowly its bytes drip, and no message may be larger
than `MOST_BYTES`. One thread at a time; `pbx_ldap.directory` keeps connections apart.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from pbx_connector.api import ber
from pbx_ldap.wire import messages
from pbx_ldap.wire.messages import Control, Refused, Result, Search

MOST_BYTES = 32 * 2**20
"""Of one message: the largest entry that is read."""
_READ_BYTES = 256 * 1024
_UNSOLICITED = 0
_ENTRY = bytes((messages.ENTRY,))
SUCCESS = 0


class BrokenOff(OSError):
    """The server ended the connection in the middle of an answer."""


@dataclass(slots=True)
class Chunk:
    """What has come of an answer: entries not yet taken apart, and with the last chunk how the search ended."""

    data: bytes
    entries: list[tuple[int, int]] = field(default_factory=list)
    """Where, in `data`, the content of each entry begins and ends."""
    references: list[str] = field(default_factory=list)
    """Addresses of other servers that have a part of what was searched."""
    result: Result | None = None
    controls: dict[str, bytes] = field(default_factory=dict)


class Connection:
    def __init__(self, host: str, port: int, seconds: float) -> None:
        """Raises OSError if nobody answers there."""
        self.host = host
        self._seconds = seconds
        self._socket = socket.create_connection((host, port), timeout=seconds)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unread = bytearray()
        self._number = 0
        self.broken = False
        """Something went wrong in the middle: what comes next on it makes no sense."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def secure(self, context: ssl.SSLContext) -> None:
        """Raises `ssl.SSLError` for a server that proves to be another, or none that speaks TLS."""
        if self._unread:  # whoever sent that before the handshake would be believed after it
            raise ber.Malformed("the server speaks before it is asked")
        self._socket = context.wrap_socket(self._socket, server_hostname=self.host)

    def start_tls(self, context: ssl.SSLContext) -> None:
        self._succeed(self._ask(messages.start_tls()))
        self.secure(context)

    @property
    def url_host(self) -> str:
        """As it stands in an address."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def certificate(self) -> tuple[str, float | None]:
        """Version of TLS, and when the server's certificate ends in seconds since 1970; empty and None without TLS."""
        if not isinstance(self._socket, ssl.SSLSocket):
            return "", None
        ends = (self._socket.getpeercert() or {}).get("notAfter")
        return self._socket.version() or "", ssl.cert_time_to_seconds(ends) if isinstance(ends, str) else None

    def bind(self, name: str, password: str) -> None:
        """Raises `Refused`. The caller makes sure that the password is none that binds as nobody."""
        self._succeed(self._ask(messages.bind(name, password)))

    def close(self) -> None:
        try:
            if not self.broken:
                self._socket.settimeout(1)
                self._socket.sendall(messages.message(self._number + 1, messages.unbind()))
        except OSError:
            pass
        finally:
            self._socket.close()

    def send(self, search: Search, controls: Sequence[Control] = ()) -> int:
        return self._send(messages.search(search), controls)

    def _send(self, operation: bytes, controls: Sequence[Control] = ()) -> int:
        self._number += 1
        self.broken = True  # until the answer is read to its end
        self._socket.settimeout(self._seconds)
        self._socket.sendall(messages.message(self._number, operation, controls))
        return self._number

    def _ask(self, operation: bytes) -> Result:
        number = self._send(operation)
        for chunk in self.receive(number):
            if chunk.result is not None:
                return chunk.result
        raise BrokenOff("no result came")

    @staticmethod
    def _succeed(result: Result) -> None:
        if result.code != SUCCESS:
            raise Refused(result)

    def receive(self, number: int) -> Iterator[Chunk]:
        """The answer to request `number`; the last chunk, and only that, has a result. Raises OSError, `Malformed`,
        and `Refused` if the server says why it closes the connection."""
        while True:
            chunk = self._take_whole(number)
            if chunk.result is not None:
                self.broken = False
                yield chunk
                return
            if chunk.entries or chunk.references:
                yield chunk
            self._read_message()

    def _read_message(self) -> None:
        """Until what is unread has a whole message."""
        until = time.monotonic() + self._seconds
        while (missing := self._missing()) > 0:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError("the answer comes too slowly")
            self._socket.settimeout(left)
            came = self._socket.recv(max(_READ_BYTES, min(missing, MOST_BYTES)))
            if not came:
                raise BrokenOff("the connection ended in the middle of an answer")
            self._unread += came

    def _missing(self) -> int:
        """Bytes that the first message still lacks, at least."""
        unread = self._unread
        if len(unread) < 2:
            return 2 - len(unread)
        end = _end_of_message(unread, 0)
        return 1 if end is None else end - len(unread)

    def _take_whole(self, number: int) -> Chunk:
        """All messages that are there in full, up to the result."""
        data, start = bytes(self._unread), 0
        size, ours = len(data), ber.integer(number)
        chunk = Chunk(b"")
        while chunk.result is None and size - start > 1:
            end = _end_of_message(data, start)
            if end is None or end > size:
                break
            lead = data[start + 1]
            begin = start + 2 + (lead & 0x7F if lead & 0x80 else 0)
            tag_at = begin + len(ours)
            if data.startswith(ours, begin) and data[tag_at : tag_at + 1] == _ENTRY:
                _, first, last = ber.header(data, tag_at, end)
                chunk.entries.append((first, last))
            else:
                tag, first, last = _operation(data, begin, end, number)
                _note(chunk, data[first:end], tag, last - first)
            start = end
        chunk.data = data[:start]
        del self._unread[:start]
        return chunk


def _note(chunk: Chunk, content: bytes, tag: int, size: int) -> None:
    """`content`: an operation of `size` octets, and the controls behind it."""
    if tag == messages.REFERENCE:
        chunk.references += messages.read_addresses(content, 0, size)
    elif tag in (messages.DONE, messages.BIND_ANSWER, messages.EXTENDED_ANSWER):
        chunk.result = messages.read_result(content, 0, size)
        chunk.controls = messages.read_controls(content, size, len(content))
    elif tag != messages.INTERMEDIATE:
        raise ber.Malformed("an operation is none that we asked for")


def _end_of_message(data: bytes | bytearray, start: int) -> int | None:
    """None: not enough of it is there to tell. Raises `Malformed` for what is no message, or far too large."""
    if data[start] != ber.SEQUENCE:
        raise ber.Malformed("what comes is no LDAP message")
    count, begin = data[start + 1], start + 2
    if count > 0x7F:
        begin += count & 0x7F
        if not start + 2 < begin <= start + 6:
            raise ber.Malformed("a length is not one that LDAP allows")
        if len(data) < begin:
            return None
        count = int.from_bytes(data[start + 2 : begin], "big")
    if count > MOST_BYTES:
        raise ber.Malformed("a message is larger than anything that is read")
    return begin + count


def _operation(data: bytes, begin: int, end: int, number: int) -> tuple[int, int, int]:
    """Tag, begin and end of the operation of a whole message, which must belong to request `number`."""
    first, after = ber.expect(data, begin, end, ber.INTEGER)
    found = ber.number(data, first, after)
    tag, first, last = ber.header(data, after, end)
    if found == _UNSOLICITED and tag == messages.EXTENDED_ANSWER:
        raise Refused(messages.read_result(data, first, last))
    if found != number:
        raise ber.Malformed("an answer belongs to no request of ours")
    if tag == messages.ENTRY:
        raise ber.Malformed("a number is written longer than it is")
    return tag, first, last
