"""The server on loopback: clients that are slow, many, rude or gone, and none that costs the others their answers."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from pbx_directory.lanes import Width
from pbx_directory.ldap.codes import Code, Tag
from pbx_directory.ldap.connection import Connection
from pbx_directory.ldap.filters import Held, Pieces
from pbx_directory.ldap.limits import Limits
from pbx_directory.ldap.server import LdapServer
from pbx_directory.systems import ALONE

from pbx_connector.api import Store, StoreError, ber
from pbx_connector.listening import Tls
from pbx_connector.stores import open_store

from . import ldap_support as ldap
from .ldap_support import Client, serving

START_TLS = "1.3.6.1.4.1.1466.20037"
MANY = 3_000


@pytest.fixture(scope="module")
def big_store() -> Iterator[Store]:
    """Read and not written by its tests."""
    with open_store("memory:") as store:
        ldap.fill(store)
        for number in range(MANY):
            ldap.add(store, f"Person {number:05}", phone=f"+4930{number:06}", organisation="The same for everybody")
        yield store


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("memory:") as store:
        ldap.fill(store)
        yield store


@pytest.fixture
def server(store: Store) -> Iterator[LdapServer]:
    with serving(store, trusted=True) as server:
        yield server


def answers(server: LdapServer) -> bool:
    with Client(server.address) as client:
        return client.ask(ldap.search(Held("mail"))).names == ["Anna Müller"]


def wait_for(what: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not what():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


# --- bad messages ---------------------------------------------------------------------------------------------------

GARBAGE = {
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "zeros": b"\0" * 100,
    "huge": b"\x30\x84\x7f\xff\xff\xff",
    "endless length": b"\x30\x80",
    "no operation": b"\x30\x03\x02\x01\x01",
    "a server's": ldap.message(b"\x65\x00"),
    "number 0": ldap.search(number=0),
    "nested": ldap.message(ber.element(Tag.SEARCH, b"\x30\x82\xff\xff" * 1_000)),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_what_is_no_ldap_ends_its_connection_with_a_notice_and_no_other(server: LdapServer, garbage: bytes) -> None:
    with Client(server.address) as other, Client(server.address) as client:
        assert other.ask(ldap.search(Held("mail"))).code == Code.SUCCESS
        notice = client.ask(garbage)
        assert (notice.number, notice.tag, notice.code) == (0, Tag.EXTENDED_ANSWER, Code.PROTOCOL_ERROR)
        assert client.is_cut()
        assert other.ask(ldap.search(Held("mail"))).code == Code.SUCCESS


def test_hundreds_of_wrong_messages_cost_nobody_an_answer(server: LdapServer) -> None:
    chance = random.Random(1)
    for _ in range(300):
        data = bytearray(ldap.search(Held("cn"), number=chance.randrange(1, 100)))
        for _ in range(3):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with Client(server.address) as client, contextlib.suppress(OSError):
            client.socket.sendall(data)
            client.socket.shutdown(socket.SHUT_WR)
            assert client.is_cut(), data.hex()
    assert answers(server)


def test_a_message_may_come_octet_by_octet(server: LdapServer) -> None:
    with Client(server.address) as client:
        for octet in ldap.search(Held("mail")):
            client.socket.sendall(bytes((octet,)))
        assert client.receive().names == ["Anna Müller"]


def test_who_has_said_all_still_gets_the_answer(server: LdapServer) -> None:
    with Client(server.address) as client:
        client.socket.sendall(ldap.search(Held("mail")))
        client.socket.shutdown(socket.SHUT_WR)
        assert client.receive().names == ["Anna Müller"]
        assert client.is_cut()


def test_unbind_ends_the_connection(server: LdapServer) -> None:
    with Client(server.address) as client:
        client.socket.sendall(ldap.message(ber.element(Tag.UNBIND)))
        assert client.is_cut()


# --- many requests --------------------------------------------------------------------------------------------------


def test_requests_sent_at_once_are_all_answered(server: LdapServer) -> None:
    with Client(server.address) as client:
        client.socket.sendall(b"".join(ldap.search(Held("mail"), number=number) for number in range(1, 201)))
        assert sorted(client.receive().number for _ in range(200)) == [*range(1, 201)]


def test_a_bind_and_a_search_sent_at_once_are_taken_in_their_order(store: Store) -> None:
    known = ldap.login(store, "1")
    with serving(store) as server, Client(server.address) as client:
        for number in range(1, 40, 2):
            client.socket.sendall(
                ldap.bind(known.dn, known.secret, number=number)
                + ldap.search(Pieces("cn", b"doctor"), number=number + 1)
            )
            assert client.receive().code == Code.SUCCESS
            assert client.receive().names == ["Doctor of Ann"]


def test_an_abandoned_search_ends_early(big_store: Store) -> None:
    with serving(big_store, trusted=True) as server, Client(server.address) as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        abandon = ldap.message(ber.integer(1, Tag.ABANDON), number=2)
        client.socket.sendall(ldap.search(number=1) + abandon + ldap.search(Held("mail"), number=3))
        assert client.receive().number == 3


def test_a_second_request_of_the_same_number_is_refused(big_store: Store) -> None:
    with serving(big_store, trusted=True) as server, Client(server.address) as client:
        client.socket.sendall(ldap.search(number=1) * 2)
        answer = client.receive()
        assert (answer.number, answer.code) == (0, Code.PROTOCOL_ERROR)


def test_everybody_at_once_gets_an_answer(big_store: Store) -> None:
    def one(number: int) -> list[str]:
        with Client(running.address) as client:
            return client.ask(ldap.search(Pieces("cn", f"person {number:05}".encode()))).names

    with serving(big_store, trusted=True) as running, ThreadPoolExecutor(50) as pool:
        found = list(pool.map(one, range(200)))
    assert found == [[f"Person {number:05}"] for number in range(200)]


def test_beyond_what_threads_can_do_soon_the_server_is_busy(big_store: Store) -> None:
    limits, widths = Limits(waiting=1, requests=100), replace(ALONE, ldap=Width(threads=1, each=1))
    with serving(big_store, trusted=True, limits=limits, widths=widths) as server, Client(server.address) as client:
        client.socket.sendall(b"".join(ldap.search(Held("mail"), number=number) for number in range(1, 51)))
        codes = [client.receive().code for _ in range(50)]
    assert set(codes) == {Code.SUCCESS, Code.BUSY}


# --- slow and silent clients ----------------------------------------------------------------------------------------


def test_a_slow_reader_is_cut_off_and_costs_no_memory(big_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    drained = Connection._drained

    async def noted(connection: Connection) -> None:
        written.append(connection._transport.get_write_buffer_size())
        await drained(connection)

    monkeypatch.setattr(Connection, "_drained", noted)
    limits = Limits(write_seconds=0.5)
    with serving(big_store, trusted=True, limits=limits) as server, Client(server.address) as slow:
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        slow.socket.sendall(b"".join(ldap.search(number=number) for number in range(1, 41)))
        time.sleep(0.2)
        with Client(server.address) as other:
            assert other.ask(ldap.search(Held("mail"))).code == Code.SUCCESS
        wait_for(lambda: not server.connections)
        slow.socket.sendall(ldap.search())  # refused at once; what the system holds for so small a window takes minutes
        assert slow.is_cut()
    assert max(written) < 2 * 2**20


@pytest.mark.parametrize("begun", [b"", ldap.search()[:20]], ids=["silence", "half a request"])
def test_who_does_not_ask_is_hung_up_on(store: Store, begun: bytes) -> None:
    limits = Limits(greeting_seconds=1.0, idle_seconds=1.0)
    with serving(store, trusted=True, limits=limits) as server, Client(server.address) as client:
        client.socket.sendall(begun)
        assert client.receive().code == Code.UNAVAILABLE
        assert client.is_cut()


def test_half_a_request_buys_no_time_however_slowly_it_goes_on(store: Store) -> None:
    with serving(store, trusted=True, limits=Limits(greeting_seconds=0.5)) as server, Client(server.address) as client:

        def drip() -> None:
            for octet in ldap.search(attributes=["x" * 1_000]):
                client.socket.sendall(bytes((octet,)))
                time.sleep(0.02)

        with pytest.raises(OSError):
            drip()


def test_500_idle_connections_leave_room_for_one_that_asks(store: Store) -> None:
    with (
        serving(store, trusted=True, limits=Limits(connections_per_address=600)) as server,
        contextlib.ExitStack() as held,
    ):
        for _ in range(500):
            held.enter_context(Client(server.address))
        assert answers(server)


def test_an_address_gets_no_more_connections_than_its_share(store: Store) -> None:
    with serving(store, trusted=True, limits=Limits(connections_per_address=3)) as server:
        with Client(server.address) as first, Client(server.address), Client(server.address):
            assert first.ask(ldap.search(Held("mail"))).code == Code.SUCCESS
            with Client(server.address) as fourth:
                assert fourth.receive().code == Code.BUSY
                assert fourth.is_cut()
        wait_for(lambda: _is_let_in(server))


def _is_let_in(server: LdapServer) -> bool:
    with Client(server.address) as client, contextlib.suppress(OSError):
        return client.ask(ldap.search(Held("mail"))).tag == Tag.SEARCH_DONE
    return False


def test_wrong_secrets_in_thousands_cost_nobody_else_anything(store: Store) -> None:
    known = ldap.login(store)
    with serving(store) as server, Client(server.address) as client, Client(server.address) as inside:
        assert inside.ask(ldap.bind(known.dn, known.secret)).code == Code.SUCCESS
        for start in range(0, 10_000, 100):
            guesses = [ldap.bind(known.id, f"guess {start + n}", number=start + n + 1) for n in range(100)]
            client.socket.sendall(b"".join(guesses))
            assert {client.receive().code for _ in guesses} == {Code.INVALID_CREDENTIALS}
        assert inside.ask(ldap.search(Held("mail"))).names == ["Anna Müller"]


def test_a_whole_big_book_comes_in_pieces(big_store: Store) -> None:
    with serving(big_store, trusted=True) as server, Client(server.address) as client:
        answer = client.ask(ldap.search(Held("cn"), attributes=["cn"]))
        assert (answer.code, len(answer.entries)) == (Code.SUCCESS, MANY + 4)


def test_a_store_that_fails_in_the_middle_of_an_answer_ends_it_as_unavailable(store: Store) -> None:
    for number in range(500):
        ldap.add(store, f"Person {number:03}")
    with serving(store, trusted=True) as server, Client(server.address) as client:
        book = ldap.book_of(server)
        asked = 0

        def failing() -> Store:
            nonlocal asked
            asked += 1
            if asked > 3:
                raise StoreError("unreachable", hint="")
            return store

        book._store = failing
        answer = client.ask(ldap.search())
        assert answer.code == Code.UNAVAILABLE
        assert 0 < len(answer.entries) < 500
        book._store = lambda: store
        assert client.ask(ldap.search(Held("mail"))).code == Code.SUCCESS


def test_a_store_that_hangs_costs_who_asks_it_and_nobody_else(store: Store) -> None:
    go_on = threading.Event()

    def hanging() -> Store:
        assert go_on.wait(60)
        return store

    limits = Limits(search_seconds=5.0)
    with serving(store, trusted=True, limits=limits) as server, Client(server.address) as client:
        book = ldap.book_of(server)
        book._store = hanging
        assert client.ask(ldap.search(Held("mail"))).code == Code.TIME_LIMIT_EXCEEDED
        book._store = lambda: store
        assert client.ask(ldap.search(Held("mail"), base="", scope=0)).code == Code.SUCCESS
        go_on.set()


def test_a_mistake_of_ours_costs_one_request(store: Store) -> None:
    with serving(store, trusted=True) as server, Client(server.address) as client:
        book = ldap.book_of(server)
        book._store = lambda: None  # type: ignore[assignment,return-value]
        assert client.ask(ldap.search()).code == Code.OTHER
        book._store = lambda: store
        assert client.ask(ldap.search(Held("mail"))).code == Code.SUCCESS


def test_after_the_stop_nothing_is_left(store: Store) -> None:
    before = threading.active_count()
    with serving(store, trusted=True) as server, Client(server.address) as client:
        assert client.ask(ldap.search()).code == Code.SUCCESS
        server.stop()
        assert client.is_cut()
    wait_for(lambda: threading.active_count() <= before)
    with pytest.raises(OSError):
        Client(server.address)


# --- TLS ------------------------------------------------------------------------------------------------------------


class Certificates:
    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.file, self.key = folder / "server.pem", folder / "server.key"
        self.renew()

    def renew(self) -> None:
        issued = self.authority.issue_cert("127.0.0.1", "localhost")
        for blob, file in ((issued.cert_chain_pems[0], self.file), (issued.private_key_pem, self.key)):
            blob.write_to_path(file.with_suffix(".new"))
            os.replace(file.with_suffix(".new"), file)

    def secure(self, client: Client) -> bytes:
        """Handshake; the certificate that the server showed."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        client.socket = context.wrap_socket(client.socket, server_hostname="127.0.0.1")
        shown = client.socket.getpeercert(binary_form=True)
        assert shown
        return shown


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


@pytest.fixture
def tls_server(store: Store, certificates: Certificates) -> Iterator[LdapServer]:
    tls = Tls(certificates.file, certificates.key)
    with serving(store, trusted=True, ldaps="127.0.0.1:0", tls=tls) as server:
        yield server


def test_ldaps(tls_server: LdapServer, certificates: Certificates) -> None:
    with Client(tls_server.tls_address) as client:
        certificates.secure(client)
        assert client.ask(ldap.search(Held("mail"))).names == ["Anna Müller"]
        assert client.ask(ldap.extended(START_TLS, number=2)).code == Code.OPERATIONS_ERROR


def test_start_tls(tls_server: LdapServer, certificates: Certificates) -> None:
    with Client(tls_server.address) as client:
        root = client.ask(ldap.search(base="", scope=0)).entries[0][1]
        assert root["supportedExtension"] == [START_TLS]
        assert client.ask(ldap.extended(START_TLS, number=2)).code == Code.SUCCESS
        certificates.secure(client)
        assert client.ask(ldap.search(Held("mail"), number=3)).names == ["Anna Müller"]


def test_what_comes_before_the_handshake_is_not_believed_after_it(tls_server: LdapServer) -> None:
    with Client(tls_server.address) as client:
        client.socket.sendall(ldap.extended(START_TLS) + ldap.search(number=2))
        assert client.receive().number == 0
        assert client.is_cut()


def test_start_tls_without_certificate(server: LdapServer) -> None:
    with Client(server.address) as client:
        assert client.ask(ldap.extended(START_TLS)).code == Code.PROTOCOL_ERROR
        assert client.ask(ldap.search(Held("mail"), number=2)).code == Code.SUCCESS


def test_who_binds_before_start_tls_is_nobody_after_it(store: Store, certificates: Certificates) -> None:
    known = ldap.login(store)
    tls = Tls(certificates.file, certificates.key)
    with serving(store, tls=tls) as server, Client(server.address) as client:
        assert client.ask(ldap.bind(known.dn, known.secret)).code == Code.SUCCESS
        assert client.ask(ldap.extended(START_TLS, number=2)).code == Code.SUCCESS
        certificates.secure(client)
        assert client.ask(ldap.search(number=3)).code == Code.INSUFFICIENT_ACCESS_RIGHTS
        assert client.ask(ldap.bind(known.dn, known.secret, number=4)).code == Code.SUCCESS


def test_a_renewed_certificate_is_shown_to_who_comes_next(tls_server: LdapServer, certificates: Certificates) -> None:
    with Client(tls_server.tls_address) as old:
        first = certificates.secure(old)
        certificates.renew()
        with Client(tls_server.tls_address) as client:
            second = certificates.secure(client)
            assert client.ask(ldap.search(Held("mail"))).code == Code.SUCCESS
        assert first != second
        certificates.file.write_text("in the middle of being written")
        with Client(tls_server.tls_address) as client:
            assert certificates.secure(client) == second
        assert old.ask(ldap.search(Held("mail"))).code == Code.SUCCESS


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n", ldap.search(), b"\x16\x03\x01\x00\x02\x01\x00"])
def test_handshakes_that_fail_leave_nothing_behind(
    tls_server: LdapServer, certificates: Certificates, store: Store, said: bytes
) -> None:
    for _ in range(120):  # more than one address may have at a time
        with Client(tls_server.tls_address) as client:
            client.socket.sendall(said)
        with Client(tls_server.address) as client:
            client.ask(ldap.extended(START_TLS))
            client.socket.sendall(said)
    wait_for(lambda: not tls_server.connections)
    assert answers(tls_server)


def test_elsewhere_than_on_loopback_tls_comes_first(store: Store, certificates: Certificates) -> None:
    known = ldap.login(store)
    tls = Tls(certificates.file, certificates.key)
    with serving(store, ldap="0.0.0.0:0", tls=tls) as server, Client(server.address) as client:
        assert client.ask(ldap.bind(known.dn, known.secret)).code == Code.CONFIDENTIALITY_REQUIRED
        assert client.ask(ldap.extended(START_TLS, number=2)).code == Code.SUCCESS
        certificates.secure(client)
        assert client.ask(ldap.bind(known.dn, known.secret, number=3)).code == Code.SUCCESS
