"""An LDAP server that begins or ends otherwise than it should."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from pbx_directory.ldap import server as module
from pbx_directory.ldap.server import LdapServer

from pbx_connector.api import ConnectorError
from pbx_connector.stores import open_store

from .ldap_support import server_of


@pytest.fixture
def server() -> Iterator[LdapServer]:
    with open_store("memory:") as store:
        yield server_of(store)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_one_that_cannot_serve_says_so_at_once(server: LdapServer) -> None:
    assert server._plain_socket
    server._plain_socket.close()
    begun = time.monotonic()
    with pytest.raises(ConnectorError, match="did not start"):
        server.start()
    assert time.monotonic() - begun < module._START_WITHIN / 2
    server._thread.join(60)


def test_one_that_is_not_waited_for_ends_whole(server: LdapServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STOP_WITHIN", 0.05)
    go_on = threading.Event()
    server.start()
    server._loop.call_soon_threadsafe(go_on.wait, 60)
    server.stop()
    assert server.address
    go_on.set()
    server._thread.join(60)
    assert server._plain_socket
    assert server._plain_socket.fileno() == -1


def test_one_that_never_began_gives_its_address_back(server: LdapServer) -> None:
    server.stop()
    assert server._plain_socket
    assert server._plain_socket.fileno() == -1
