"""The middleman itself: a test fails for what it shows, and not because a connection ended at a bad moment."""

from __future__ import annotations

import threading

import pytest
from pbx_ldap.wire.connection import Connection
from pbx_ldap.wire.filters import parse_filter
from pbx_ldap.wire.messages import Scope, Search

from .middleman import Middleman, Passing
from .openldap import ADMIN, PASSWORD, SUFFIX, OpenLdap


def test_a_client_that_hangs_up_in_the_middle_of_an_answer_over_tls_ends_the_connection(
    protected: OpenLdap, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", failed.append)
    others = set(threading.enumerate())
    middleman = Middleman("127.0.0.1", protected.tls_port, tls=True)
    hang_up_at_the_first_entry(middleman)
    middleman.close()
    for thread in set(threading.enumerate()) - others:
        thread.join(100)
    assert [repr(each.exc_value) for each in failed] == []


def hang_up_at_the_first_entry(middleman: Middleman) -> None:
    here, gone = threading.Event(), threading.Event()

    def hold(passing: Passing) -> None:
        here.set()
        gone.wait(100)
        passing.send = []

    middleman.spoil = hold
    host, _, port = middleman.address.partition(":")
    client = Connection(host, int(port), 10)
    client.bind(ADMIN, PASSWORD)
    client.send(Search(SUFFIX, Scope.SUBTREE, parse_filter("(objectClass=*)")))
    assert here.wait(100)
    client.close()
    gone.wait(0.3)  # whoever listens to the client has heard it by then
    gone.set()
