"""What no real server shows on demand: a small server that answers as a test wants, and a middleman before a real one.

Both speak without TLS on loopback. Messages are taken apart with the plugin's own reader of BER, and made with it.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pbx_ldap.wire import messages

from pbx_connector.api import ber

Answer = Sequence[bytes]


# --- messages of a server ------------------------------------------------------------------------------------------


def result(tag: int, number: int, code: int, said: str = "", controls: Mapping[str, bytes] | None = None) -> bytes:
    operation = ber.element(tag, ber.integer(code, ber.ENUMERATED), ber.octets(""), ber.octets(said))
    made = [messages.Control(oid, value, critical=False) for oid, value in (controls or {}).items()]
    return messages.message(number, operation, made)


def done(number: int, code: int = 0, said: str = "", cookie: bytes | None = None) -> bytes:
    """The end of a search; with `cookie` that of a page."""
    value = ber.element(ber.SEQUENCE, ber.integer(0), ber.octets(cookie or b""))
    return result(messages.DONE, number, code, said, {messages.PAGED: value} if cookie is not None else {})


def entry(number: int, name: str, **attributes: str | bytes | Sequence[str]) -> bytes:
    """`__` in the name of an attribute stands for `;range=`, and `_` then for `-`; `X` for `*`."""
    parts = []
    for attribute, values in attributes.items():
        shown, _, part = attribute.partition("__")
        shown += f";range={part.replace('_', '-').replace('X', '*')}" if part else ""
        some = [values] if isinstance(values, str | bytes) else values
        held = ber.element(ber.SET, *(ber.octets(value) for value in some))
        parts.append(ber.element(ber.SEQUENCE, ber.octets(shown), held))
    operation = ber.element(messages.ENTRY, ber.octets(name), ber.element(ber.SEQUENCE, *parts))
    return messages.message(number, operation)


def reference(number: int, address: str) -> bytes:
    return messages.message(number, ber.element(messages.REFERENCE, ber.octets(address)))


def notice(said: str) -> bytes:
    """Of disconnection (RFC 4511, 4.4.1)."""
    return result(messages.EXTENDED_ANSWER, 0, 52, said)


# --- a small server ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """A request, as far as tests look at it."""

    number: int
    tag: int
    base: str = ""
    scope: int = 0
    attributes: tuple[str, ...] = ()
    controls: Mapping[str, bytes] = field(default_factory=dict)
    password: str = ""


def read_request(data: bytes) -> Asked:
    begin, end = ber.expect(data, 0, len(data), ber.SEQUENCE)
    first, after = ber.expect(data, begin, end, ber.INTEGER)
    number = ber.number(data, first, after)
    tag, start, stop = ber.header(data, after, end)
    parts = list(ber.elements(data, start, stop))
    texts = [data[a:b] for _, a, b in parts]
    if tag == messages.BIND:
        return Asked(number, tag, texts[1].decode(), password=texts[2].decode())
    if tag != messages.SEARCH:
        return Asked(number, tag)
    names = tuple(data[a:b].decode() for _, a, b in ber.elements(data, *parts[7][1:]))
    return Asked(number, tag, texts[0].decode(), texts[1][0], names, messages.read_controls(data, stop, end))


def split(data: bytearray) -> Iterator[bytes]:
    """Takes whole messages off the beginning."""
    while len(data) > 1:
        try:
            _, _, end = ber.header(data, 0, len(data))
        except ber.Malformed:
            return
        whole = bytes(data[:end])
        del data[:end]
        yield whole


class SmallServer:
    """Answers each request by `answer`; where that is None, as a small OpenLDAP without people would."""

    def __init__(self, answer: Callable[[Asked], Answer | None]) -> None:
        self._answer = answer
        self.asked: list[Asked] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        unread = bytearray()
        with contextlib.suppress(OSError), client:
            while came := client.recv(65536):
                unread += came
                for whole in split(unread):
                    asked = read_request(whole)
                    self.asked.append(asked)
                    found = self._answer(asked)
                    for part in self._usual(asked) if found is None else found:
                        client.sendall(part)

    @staticmethod
    def _usual(asked: Asked) -> Answer:
        if asked.tag == messages.BIND:
            return [result(messages.BIND_ANSWER, asked.number, 0)]
        if asked.tag == messages.SEARCH and asked.base == "":
            root = {"objectClass": ["top", "OpenLDAProotDSE"], "namingContexts": "dc=example,dc=test"}
            return [entry(asked.number, "", **root), done(asked.number)]
        if asked.tag == messages.SEARCH and asked.scope == 0:
            return [entry(asked.number, asked.base), done(asked.number)]
        return [done(asked.number)] if asked.tag == messages.SEARCH else []


# --- a middleman ---------------------------------------------------------------------------------------------------


@dataclass
class Passing:
    """One message on its way from the server."""

    number: int
    tag: int
    data: bytes
    entries: int
    """Entries of this answer so far, this one included."""
    send: list[bytes] = field(default_factory=list)
    drop: bool = False
    """End the connection after that."""
    wait: float = 0.0
    """Seconds between the octets."""


class Middleman(SmallServer):
    """A proxy in front of a directory server; `spoil` may change each message of a search's answer."""

    def __init__(self, host: str, port: int, *, tls: bool = False) -> None:
        self.spoil: Callable[[Passing], None] = lambda passing: None
        self._target = (host, port)
        self._tls = tls
        super().__init__(lambda asked: None)

    def _serve(self, client: socket.socket) -> None:
        unread, entries = bytearray(), {0: 0}
        with contextlib.suppress(OSError), client, self._connect() as server:
            for speaker, said in _spoken(client, server):
                if speaker is client:
                    server.sendall(said)
                    continue
                unread += said
                if not all(self._pass_back(_passing(whole, entries), client) for whole in split(unread)):
                    break
            client.shutdown(socket.SHUT_RDWR)

    def _connect(self) -> socket.socket:
        plain = socket.create_connection(self._target)
        if not self._tls:
            return plain
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(plain)

    def _pass_back(self, passing: Passing, client: socket.socket) -> bool:
        """Whether the connection goes on."""
        if passing.tag in (messages.ENTRY, messages.DONE, messages.REFERENCE):
            self.spoil(passing)
        for part in passing.send:
            _send(client, part, passing.wait)
        return not passing.drop


def _spoken(client: socket.socket, server: socket.socket) -> Iterator[tuple[socket.socket, bytes]]:
    """Who says what, until one of them hangs up. One thread reads and writes: a TLS connection that another thread
    shuts down meanwhile goes on as if it had none, and what comes next is not decrypted."""
    with selectors.DefaultSelector() as both:
        for one in (client, server):
            both.register(one, selectors.EVENT_READ, one)
        while True:
            for key, _ in both.select():
                said = _said(key.data)
                if said == b"":
                    return
                if said:
                    yield key.data, said


def _said(speaker: socket.socket) -> bytes | None:
    """More octets than a record of TLS has: `select` sees all that is left. None where only TLS itself spoke."""
    speaker.setblocking(False)
    try:
        return speaker.recv(65536)
    except (BlockingIOError, ssl.SSLWantReadError):
        return None
    finally:
        speaker.setblocking(True)


def _passing(whole: bytes, entries: dict[int, int]) -> Passing:
    begin, end = ber.expect(whole, 0, len(whole), ber.SEQUENCE)
    first, after = ber.expect(whole, begin, end, ber.INTEGER)
    number = ber.number(whole, first, after)
    tag, _, _ = ber.header(whole, after, end)
    entries[number] = entries.get(number, 0) + (tag == messages.ENTRY)
    return Passing(number, tag, whole, entries[number], [whole])


def _send(client: socket.socket, data: bytes, wait: float) -> None:
    if not wait:
        client.sendall(data)
        return
    for octet in data:
        client.sendall(bytes((octet,)))
        time.sleep(wait)


def size_limit(most: int) -> Callable[[Passing], None]:
    """As Active Directory ends what is asked for without pages: some entries, and sizeLimitExceeded."""

    def spoil(passing: Passing) -> None:
        if passing.tag == messages.ENTRY and passing.entries > most:
            passing.send = []
        if passing.tag == messages.DONE and passing.entries > most:
            passing.send = [done(passing.number, 4, "", b"")]

    return spoil
