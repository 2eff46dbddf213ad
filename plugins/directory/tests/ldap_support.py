"""What the tests of LDAP share: requests as octets, answers taken apart, a phone book, and a server on loopback."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pbx_directory.access import Gate
from pbx_directory.ldap.codes import Tag
from pbx_directory.ldap.filters import And, Comparison, Extensible, Filter, Held, Negation, Or, Pieces
from pbx_directory.ldap.limits import Limits
from pbx_directory.ldap.messages import take_message
from pbx_directory.ldap.server import LdapServer
from pbx_directory.settings import DirectorySettings
from pbx_directory.systems import ALONE, OneSystem, Widths

from pbx_connector.api import Account, Content, DeviceReader, PhoneBook, Store, application, ber

BASE = "dc=phonebook"
MOST = 64 * 2**20
EVERYTHING = Held("objectClass")
LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]


# --- requests -------------------------------------------------------------------------------------------------------


def encoded(asked: Filter) -> bytes:
    match asked:
        case And(filters):
            return ber.element(0xA0, *map(encoded, filters))
        case Or(filters):
            return ber.element(0xA1, *map(encoded, filters))
        case Negation(inner):
            return ber.element(0xA2, encoded(inner))
        case Comparison(kind, attribute, value):
            return ber.element(kind, ber.octets(attribute), ber.octets(value))
        case Held(attribute):
            return ber.octets(attribute, 0x87)
        case Extensible():
            return ber.element(0xA9, ber.octets("1.2.3.4", 0x81), ber.octets("cn", 0x82), ber.octets("a", 0x83))
        case Pieces(attribute, initial, within, final):
            parts = [ber.octets(initial, 0x80)] if initial else []
            parts += [ber.octets(each, 0x81) for each in within]
            parts += [ber.octets(final, 0x82)] if final else []
            return ber.element(0xA4, ber.octets(attribute), ber.element(ber.SEQUENCE, *parts))


def message(operation: bytes, *controls: bytes, number: int = 1) -> bytes:
    extra = [ber.element(0xA0, *controls)] if controls else []
    return ber.element(ber.SEQUENCE, ber.integer(number), operation, *extra)


def bind(name: str, password: str, *, version: int = 3, number: int = 1) -> bytes:
    parts = ber.integer(version), ber.octets(name), ber.octets(password, 0x80)
    return message(ber.element(Tag.BIND, *parts), number=number)


def search(
    asked: Filter | bytes = EVERYTHING,
    *controls: bytes,
    base: str = BASE,
    scope: int = 2,
    attributes: Sequence[str] = (),
    size: int = 0,
    seconds: int = 0,
    types_only: bool = False,
    number: int = 1,
) -> bytes:
    parts = [ber.octets(base), ber.integer(scope, ber.ENUMERATED), ber.integer(0, ber.ENUMERATED)]
    parts += [ber.integer(size), ber.integer(seconds), ber.boolean(types_only)]
    parts += [asked if isinstance(asked, bytes) else encoded(asked)]
    parts += [ber.element(ber.SEQUENCE, *map(ber.octets, attributes))]
    return message(ber.element(Tag.SEARCH, *parts), *controls, number=number)


def control(oid: str, value: bytes | None = None, *, critical: bool = False) -> bytes:
    parts = [ber.octets(oid)] + ([ber.boolean(True)] if critical else [])
    return ber.element(ber.SEQUENCE, *parts, *([] if value is None else [ber.octets(value)]))


def paged(size: int, cookie: bytes = b"") -> bytes:
    return control("1.2.840.113556.1.4.319", ber.element(ber.SEQUENCE, ber.integer(size), ber.octets(cookie)))


def sort(*keys: str, critical: bool = False, rule: str = "") -> bytes:
    """A key that begins with a hyphen sorts the other way round."""
    parts = []
    for key in keys:
        named = [ber.octets(key.removeprefix("-"))] + ([ber.octets(rule, 0x80)] if rule else [])
        parts.append(ber.element(ber.SEQUENCE, *named, *([ber.boolean(True, 0x81)] if key.startswith("-") else [])))
    return control("1.2.840.113556.1.4.473", ber.element(ber.SEQUENCE, *parts), critical=critical)


def extended(oid: str, *, number: int = 1) -> bytes:
    return message(ber.element(Tag.EXTENDED, ber.octets(oid, 0x80)), number=number)


def compare(dn: str, attribute: str, value: str) -> bytes:
    asserted = ber.element(ber.SEQUENCE, ber.octets(attribute), ber.octets(value))
    return message(ber.element(Tag.COMPARE, ber.octets(dn), asserted))


# --- answers --------------------------------------------------------------------------------------------------------


@dataclass
class Answer:
    entries: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    code: int = -1
    matched: str = ""
    said: str = ""
    tag: int = 0
    number: int = 0
    controls: dict[str, bytes] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Of the entries that are contacts."""
        return [held["cn"][0] for _, held in self.entries if "cn" in held]

    @property
    def dns(self) -> list[str]:
        return [dn for dn, _ in self.entries]

    @property
    def cookie(self) -> bytes:
        """Where the next page is; empty if there is none."""
        value = self.controls.get("1.2.840.113556.1.4.319")
        if value is None:
            return b""
        begin, end = ber.expect(value, 0, len(value), ber.SEQUENCE)
        _, after = ber.expect(value, begin, end, ber.INTEGER)
        first, last = ber.expect(value, after, end, ber.OCTETS)
        return value[first:last]


def answers_of(data: bytes) -> list[Answer]:
    """One for each result; the entries before it are its own."""
    unread, found, now = bytearray(data), [], Answer()
    while unread:
        one = take_message(unread, MOST)
        assert one is not None, "an answer is cut short"
        if note(one, now):
            found.append(now)
            now = Answer()
    assert not now.entries, "entries without a result"
    return found


def note(data: bytes, answer: Answer) -> bool:
    """Whether it is a result."""
    begin, end = ber.expect(data, 0, len(data), ber.SEQUENCE)
    first, after = ber.expect(data, begin, end, ber.INTEGER)
    answer.number = ber.number(data, first, after)
    answer.tag, start, stop = ber.header(data, after, end)
    if answer.tag == Tag.ENTRY:
        answer.entries.append(_entry(data, start, stop))
        return False
    first, after = ber.expect(data, start, stop, ber.ENUMERATED)
    answer.code = ber.number(data, first, after)
    (_, a, b), (_, c, d), *_ = ber.elements(data, after, stop)
    answer.matched, answer.said = data[a:b].decode(), data[c:d].decode()
    for _, first, last in ber.elements(data, stop, end):
        for _, begin, after in ber.elements(data, first, last):
            (_, a, b), *rest = ber.elements(data, begin, after)
            answer.controls[data[a:b].decode()] = data[rest[-1][1] : rest[-1][2]] if rest else b""
    return True


def _entry(data: bytes, start: int, stop: int) -> tuple[str, dict[str, list[str]]]:
    (_, a, b), (_, begin, end) = ber.elements(data, start, stop)
    held = {}
    for _, first, last in ber.elements(data, begin, end):
        (_, c, d), (_, e, f) = ber.elements(data, first, last)
        held[data[c:d].decode()] = [data[g:h].decode() for _, g, h in ber.elements(data, e, f)]
    return data[a:b].decode(), held


# --- a phone book, and who asks it ----------------------------------------------------------------------------------


def fill(store: Store) -> None:
    """`ann` is account 1, `bob` is 2."""
    for account, name in (("1", "ann"), ("2", "bob")):
        if account not in {known.id for known in store.accounts()}:
            store.add_account(Account(account, name))
    add(
        store,
        "Anna Müller",
        first_name="Anna",
        last_name="Müller",
        organisation="ACME",
        email="anna@acme.test",
        phone="+4930123456",
        mobile="+491701234567",
        labels={"Group": "VIP"},
    )
    add(store, "ACME GmbH", organisation="ACME", phone="+4989231250", fax="+4989231251", notes="two\nlines")
    add(store, "Reception", phone="42")
    add(store, 'Anne, "the" <best> & Co', phone="+441632960001")
    add(store, "Doctor of Ann", account="1", phone="+493055555")
    add(store, "Doctor of Bob", account="2", phone="+493066666", labels={"Bob": "secret"})


def add(
    store: Store, name: str, *, account: str | None = None, labels: dict[str, str] | None = None, **fields: str
) -> int:
    return store.add_entry(Content(account, {"display_name": name, **fields}, labels or {})).id


@dataclass
class Login:
    id: str
    secret: str

    @property
    def dn(self) -> str:
        return f"uid={self.id},ou=devices,{BASE}"


def login(store: Store, account: str | None = None) -> Login:
    made = application.devices.add_device(store, f"Phone {len(store.devices())}", account, {})
    return Login(made.device.id, made.secret)


class Client:
    """Octets over a socket."""

    def __init__(self, address: str, seconds: float = 60.0) -> None:
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=seconds)
        self._unread = bytearray()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def ask(self, request: bytes) -> Answer:
        self.socket.sendall(request)
        return self.receive()

    def receive(self) -> Answer:
        """Up to the next result. Raises `ConnectionError` if there is none any more."""
        answer = Answer()
        while True:
            while (one := take_message(self._unread, MOST)) is None:
                came = self.socket.recv(256 * 1024)
                if not came:
                    raise ConnectionError
                self._unread += came
            if note(one, answer):
                return answer

    def is_cut(self) -> bool:
        try:
            while self.socket.recv(65_536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True


def book_of(server: LdapServer) -> PhoneBook:
    """The one that it serves."""
    return server._systems.nobody("").book


def server_of(
    store: Store,
    *,
    trusted: bool = False,
    limits: Limits | None = None,
    settings: DirectorySettings | None = None,
    widths: Widths | None = None,
    **more: Any,
) -> LdapServer:
    """Not started yet."""
    gate = Gate(DeviceReader(lambda: store), LOOPBACK if trusted else [])
    systems = OneSystem(PhoneBook(lambda: store), gate, settings or DirectorySettings(), widths=widths or ALONE)
    return LdapServer(systems, limits=limits, **{"ldap": "127.0.0.1:0", **more})


@contextmanager
def serving(store: Store, **how: Any) -> Iterator[LdapServer]:
    """How is as for `server_of`."""
    server = server_of(store, **how)
    server.start()
    try:
        yield server
    finally:
        server.stop()
